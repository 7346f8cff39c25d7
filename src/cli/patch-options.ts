/**
 * Options of what is measured beside a preimage: whether what is held is used, and controls.
 * @module
 */
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { usualMaxKl } from '../interpret/used.js';
import { number } from './options.js';

/** Options of used versus contained, and of controls. */
export interface PatchOptions {
  readonly patch?: true;
  readonly maxKl?: number;
  readonly controls?: true;
}

/** Adds the options of {@link PatchOptions}. */
export const withPatch = (command: Command): Command =>
  command
    .option(
      '--patch',
      'also patch the activation of each input into the query’s run: by the KL of the answer’s distribution, which ' +
        'features are used by what follows, and which are held alone',
    )
    .option(
      '--max-kl <nats>',
      `with --patch: largest KL divergence that counts as no effect (default: ${usualMaxKl}, no probability changed by more than 0.1)`,
      number(0, 1e6),
    )
    .option(
      '--controls',
      'also the same of activations that hold nothing of the query: that of BOS, and random vectors of its norm',
    );

/** @throws InputError for a threshold of patching without patching */
export function expectPatch({ patch, maxKl }: PatchOptions): void {
  if (maxKl !== undefined && patch !== true)
    throw new InputError('--max-kl is a threshold of --patch: give both, or neither.');
}
