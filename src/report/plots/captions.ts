/**
 * What figures of patching say under themselves, in the same words.
 * @module
 */
import { type Baselines } from '../../causal/records.js';
import { askedInputs } from '../wording.js';

const names: Readonly<Record<Baselines['metric'], string>> = {
  'logit-difference': 'Logit difference, right answer minus contrast answer',
  kl: 'KL divergence from the clean prediction',
  probability: 'Probability of the right answer',
};

/** Metric, baselines and size of a sample, in sentences. */
export function baselineText({
  metric,
  clean,
  contrast,
  n,
  contrasts,
  seed,
  heldOut,
  model,
}: Baselines): string {
  const sample =
    seed === null
      ? `${n} ${n === 1 ? 'pair' : 'pairs'} of inputs`
      : `${askedInputs(n, heldOut)}, ${contrasts === 1 ? 'a contrast' : `${contrasts} contrasts`} each, seed ${seed}`;
  return `${names[metric]}: clean runs ${fixed(clean)}, contrast runs ${fixed(contrast)}. ${sample}; ${model}.`;
}

/** What whiskers are. */
export const errorText = 'Whiskers: ± one standard error.';

/** Two digits behind the point, with a true minus, and none before zero. */
export const fixed = (value: number): string =>
  Math.abs(value) < 0.005 ? '0.00' : value.toFixed(2).replace('-', '−');

/** Text with a capital at its start. */
export const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
