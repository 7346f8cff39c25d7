/**
 * Used versus contained, and controls, in the words of every form of a report.
 * @module
 */
import type { ExactControl } from '../interpret/records.js';
import type { Control, Controls, Used } from '../inversion/reading-parts.js';
import { printable } from './columns.js';
import { counted, distanceText, percent, plainNumber } from './wording.js';

/** Headings. */
export const usedTitle = 'Held and used: each input’s activation patched into the query’s run';
/** See {@link usedTitle}. */
export const controlsTitle = 'Controls: activations that hold nothing of the query';
/** Over the table of features. */
export const usedTableTitle =
  'Share with the query’s value of a feature, and its bits: inside by distance (held), and by effect (used)';
/** Over the table by threshold. */
export const usedCurveTitle =
  'Inputs inside by effect, by the largest KL, and the share of them with the query’s value';

/** A number with two digits behind the point; no minus before nothing. */
export const decimal = (value: number, digits = 2): string =>
  value.toFixed(digits).replace(/^-(?=[0.]*$)/, '');

/** A share, with its interval where it has one: `50% (44%–56%)`. */
export function shareText({ share, low, high }: Pick<Control['inside'], 'share' | 'low' | 'high'>): string {
  const own = percent(share, 1);
  return low === null || high === null ? own : `${own} (${percent(low, 1)}–${percent(high, 1)})`;
}

const meanText = (mean: number | null): string => (mean === null ? '–' : decimal(mean));

/** What was measured, how many inputs lie where, and what shares are of. */
export function usedSentences(used: Used): string[] {
  const { parts, maxKl, kl, logitDifference, answer } = used;
  const tokens = answer.map(({ position, token }) =>
    token === null ? `after position ${position}` : `${printable(token)} after position ${position}`,
  );
  const byDistance = parts.both + parts.distanceOnly;
  const byEffect = parts.both + parts.effectOnly;
  const whole = byDistance + parts.effectOnly + parts.neither;
  const all = used.inputs === 'all';
  const drawn = all ? 'all inputs' : 'blind draws';
  return [
    `Measured: the distribution of the next token where the answer is predicted (${tokens.join(', ')}). Inside by effect: KL ≤ ${plainNumber(maxKl)} nats. Another input’s activation gives ${decimal(kl.mean, 3)} on average, ${decimal(kl.median, 3)} in the middle, ${decimal(kl.most, 3)} at most (${all ? 'of ' : ''}${kl.n.toLocaleString('en')} ${all ? 'inputs' : drawn}).`,
    `Of ${counted(whole, all ? 'input' : 'distinct input')}, ${byDistance.toLocaleString('en')} are inside by distance and ${byEffect.toLocaleString('en')} by effect: ${parts.both.toLocaleString('en')} by both, ${parts.distanceOnly.toLocaleString('en')} by distance alone, ${parts.effectOnly.toLocaleString('en')} by effect alone.`,
    ...(logitDifference === null
      ? []
      : [
          `Logit difference: ${decimal(logitDifference.own)} with its own activation; on average ${meanText(logitDifference.distance)} with those inside by distance, ${meanText(logitDifference.effect)} by effect, ${decimal(logitDifference.all)} with those of ${drawn}.`,
        ]),
    ...(all
      ? []
      : [
          used.inputs === 'searched'
            ? 'Inputs were searched for, by distance and by effect: shares are of those that were found, without intervals.'
            : 'Shares are weighed by how likely inputs are, with 95% intervals.',
        ]),
  ];
}

/** How many inputs are near a control, a sentence for each kind. */
export function exactControlSentences(
  controls: readonly ExactControl[],
  total: number,
  epsilon: number,
): string[] {
  return controls.map(({ activation, sizes, nearest }) => {
    const least = Math.min(...nearest);
    const own =
      activation === 'bos'
        ? `the activation of BOS has ${(sizes[0] ?? 0).toLocaleString('en')}`
        : `${sizes.length} random vectors of the query’s norm have ${rangeText(sizes)}`;
    return `Within ε = ${plainNumber(epsilon)} ${own} of ${total.toLocaleString('en')} inputs; the nearest is at ${distanceText(least)}.`;
  });
}

function rangeText(sizes: readonly number[]): string {
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  return least === most
    ? `${least.toLocaleString('en')} each`
    : `${least.toLocaleString('en')} to ${most.toLocaleString('en')} each`;
}

/** Names of the columns of controls. */
export const activationNames: Readonly<Record<Control['activation'], string>> = {
  query: 'the query',
  bos: 'BOS',
  random: 'random',
};

const subjects: Readonly<Record<Control['activation'], string>> = {
  query: 'The query’s activation',
  bos: 'The activation of BOS',
  random: 'Random vectors of the query’s norm',
};

/** How much is inside for each kind of activation, a sentence each. */
export function controlSentences({ searched, activations }: Controls, epsilon: number): string[] {
  return activations.map(({ activation, draws, valid, inside }) => {
    const near = `${inside.count.toLocaleString('en')} within ε = ${plainNumber(epsilon)} of it`;
    return searched
      ? `${subjects[activation]}: ${counted(draws, 'input')} judged, ${near}.`
      : `${subjects[activation]}: ${counted(draws, 'sample')} of the decoder, ${valid.toLocaleString('en')} of them inputs of the task, ${near}: ${shareText(inside)}.`;
  });
}

/** Over the table of controls. */
export const controlTableTitle = ({ searched }: Controls): string =>
  searched
    ? 'Share with the query’s value, of what was found inside:'
    : 'Share with the query’s value, of the decoder’s samples (what it says by itself):';

/** Features of controls, and the share of each kind of activation; a dash where there is none. */
export function controlRows({ activations }: Controls): { feature: string; shares: string[] }[] {
  const names = [...new Set(activations.flatMap(({ features }) => features.map(({ feature }) => feature)))];
  return names.map((feature) => ({
    feature,
    shares: activations.map(({ features }) => {
      const own = features.find((one) => one.feature === feature);
      return own === undefined ? '–' : shareText(own);
    }),
  }));
}
