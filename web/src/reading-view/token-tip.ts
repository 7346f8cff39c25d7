/**
 * The tooltip of a token of a sample.
 * @module
 */
import type { ReadSample } from '../../../src/inversion/saved-reading.js';
import { distanceText, likelihoodText } from '../../../src/report/wording.js';
import { visible } from '../ui/tokens.js';
import type { Colours } from '../reading/samples.js';

/** Token and position, the distance there, and what the activation adds to its likelihood, a line each. */
export function tokenTip(
  { tokens }: Pick<ReadSample, 'tokens'>,
  verdict: ReadSample['euclidean'],
  colours: Colours | undefined,
  at: number,
): string {
  const distance = verdict?.distances[at];
  return [
    `${visible(tokens[at] ?? '')} at position ${at}${at === verdict?.position ? ', matched' : ''}`,
    distance === undefined ? 'not compared' : `distance ${distanceText(distance)}`,
    colours === undefined ? '' : likelihoodText(colours.deltas[at], colours.follows.includes(at)),
  ]
    .filter(Boolean)
    .join('\n');
}
