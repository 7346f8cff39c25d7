/**
 * The position a person means: a place name of the task (`=`, `A1`, `query`) or an index into the tokens.
 * @module
 */
import { InputError, suggest } from '../input-error.js';
import type { Task } from './task.js';

/**
 * Index of the token that `spec` names in an input. Indices count from 0 (BOS); negative ones from the end (-1 is EOS).
 * @param ids the input, BOS to EOS without padding
 * @throws InputError that lists the accepted names and the range
 * @example resolvePosition(addition, addition.encode('615+861=1476'), '=') // 8
 */
export function resolvePosition(task: Task, ids: readonly number[], spec: string | number): number {
  const wanted = String(spec).trim();
  const places = task.places(ids);
  const place = places.find(({ name }) => name === wanted);
  if (place !== undefined) return place.index;

  const names = places.map(({ name }) => name);
  const accepted = `Places of ${JSON.stringify(task.decode(ids))}: ${names.join(', ')}, or an index from 0 to ${ids.length - 1} (-${ids.length} to -1 from the end).`;
  if (/^-?\d+$/.test(wanted)) {
    const index = Number(wanted);
    const resolved = index < 0 ? ids.length + index : index;
    if (resolved >= 0 && resolved < ids.length) return resolved;
    throw new InputError(`Position ${wanted} is out of range. ${accepted}`);
  }
  throw new InputError(`Unknown position "${wanted}".${suggest(wanted, names)} ${accepted}`);
}

/** The place name of an index in an input, or null when it has none. */
export function placeName(task: Task, ids: readonly number[], index: number): string | null {
  return task.places(ids).find((place) => place.index === index)?.name ?? null;
}
