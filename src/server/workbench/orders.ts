/**
 * Requests for readings in the program's own terms, checked.
 * @module
 */
import { type ReadRequest, readRequestSchema } from '../contract/index.js';
import { InputError } from '../../input-error.js';
import { type Reader } from '../../inversion/preimage.js';
import { roundsFor } from '../../inversion/rounds.js';
import { resolveSite } from '../../models/hooks.js';
import { resolvePosition } from '../../tasks/positions.js';
import { type LoadedCase } from './cases.js';
import { type ReadingOrder } from './reading.js';

/** A case with what reads it; null where it has no decoder. */
export interface ReadCase extends LoadedCase {
  readonly reader: Reader | null;
}

/** What reads a case. @throws InputError where it cannot be read */
export const readerOf = ({ reader, described }: ReadCase): Reader => {
  if (reader === null) throw new InputError(described.unavailable ?? `${described.id} cannot be read.`);
  return reader;
};

/** What a request asks about. @throws InputError naming what cannot be taken */
export function askedOf(own: ReadCase, request: Pick<ReadRequest, 'input' | 'site' | 'position'>) {
  const { input, site, position } = request;
  readerOf(own);
  const { task } = own;
  const ids = task.encode(input);
  return {
    task,
    ids,
    site: resolveSite(site, own.decoder?.config.sites ?? []),
    position: resolvePosition(task, ids, position),
  };
}

/** A reading that has been checked. @throws InputError naming what cannot be taken */
export function orderOf(own: ReadCase, request: ReadRequest): ReadingOrder {
  const { input, site, position, seed, candidates, ...how } = readRequestSchema.parse(request);
  const asked = askedOf(own, { input, site, position });
  return { ...asked, seed, rounds: roundsFor(own.task, choiceOf({ ...how, candidates })) };
}

/** A choice of rounds without the parts that are left to the task. */
export const choiceOf = (choice: {
  readonly temperature: number | readonly number[] | null;
  readonly noise: number | null;
  readonly candidates?: number | undefined;
}) => ({
  ...(choice.temperature === null ? {} : { temperature: choice.temperature }),
  ...(choice.noise === null ? {} : { noise: choice.noise }),
  ...(choice.candidates === undefined ? {} : { candidates: choice.candidates }),
});
