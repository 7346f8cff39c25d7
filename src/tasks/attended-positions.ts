/**
 * Heads read where they attend to something (METHOD §6, factual recall): a head that attends to BOS there does nothing.
 * @module
 */
import { headOf } from '../models/hooks.js';
import { type AttendedPositions, type Task } from './task.js';
import { endOf } from './tokens.js';

/** Attention to BOS from which on a head counts as resting, in the paper's factual recall. */
export const restsFrom = 0.6;

/**
 * Reads a head at the last token of an input, and at the token at which it attends to BOS least; at each of them only where
 * it does not rest there. A token that is both counts twice.
 * @param below attention to BOS, 0 … 1, under which a head does not rest
 * @param from index of the first token that counts; BOS never does
 */
export const awayFromBos = (
  task: Pick<Task, 'eos' | 'pad'>,
  below = restsFrom,
  from = 1,
): AttendedPositions => ({
  positions(ids, toBos) {
    const end = endOf(task, ids);
    if (end <= from) return [];
    let least = from;
    for (let at = from; at < end; at++) if ((toBos[at] ?? 1) < (toBos[least] ?? 1)) least = at;
    return [end - 1, least].filter((at) => (toBos[at] ?? 1) < below);
  },
});

/**
 * What chooses one of these positions once a head has been run.
 * @param share a number in [0, 1) that decides which
 * @returns takes the head's attention to BOS at each position; null where the head is not read in this input
 */
export const attendedAt =
  ({ positions }: AttendedPositions, ids: readonly number[], share: number) =>
  (toBos: Float32Array): number | null => {
    const among = positions(ids, toBos);
    return among[Math.floor(share * among.length)] ?? null;
  };

/**
 * Where a site of an input is read: at a position; or, where it is a head whose positions rest on its attention, by what
 * {@link attendedAt} chooses.
 */
export const readAt = (
  { attended }: Pick<Task, 'attended'>,
  ids: readonly number[],
  site: string,
  position: number,
  share: number,
): number | ((toBos: Float32Array) => number | null) =>
  attended === undefined || headOf(site) === null ? position : attendedAt(attended, ids, share);
