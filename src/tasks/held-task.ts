/**
 * A task of the inputs that agree with one in some parts: of sentences of one pattern with one place and one object, all
 * pairs of names. They are few enough to be run one by one where all inputs of the task are too many.
 * @module
 */
import { InputError } from '../input-error.js';
import { capability } from './capabilities.js';
import { type Task } from './task.js';

/** Most inputs that are gone through. */
const mostInputs = 1_000_000;

/** A task of some inputs of another. */
export interface HeldTask extends Task {
  /** Parts that vary. */
  readonly varying: readonly string[];
  /** Parts that are held as they are in the input it was made of. */
  readonly held: readonly string[];
}

/** Whether a task is one of some inputs of another. */
export const isHeld = (task: Task): task is HeldTask => 'held' in task;

/**
 * @param ids the input whose parts are held
 * @param parts those that vary; the task's choice unless given
 * @throws InputError for a task without parts, a part that the input does not have, inputs that are not equally likely,
 *   and for more than can be gone through
 */
export function heldTask(task: Task, ids: readonly number[], parts?: readonly string[]): HeldTask {
  const variation = capability(task, 'variation', 'An exact preimage of some inputs');
  const names = parts ?? variation.usual(ids);
  const { size, input, logProbability } = variation.varying(ids, names);
  if (size > mostInputs)
    throw new InputError(
      `${size.toLocaleString('en')} inputs of ${task.name} vary in ${names.join(', ')}: ${mostInputs.toLocaleString('en')} at most are gone through. Let fewer parts vary.`,
    );
  if (size < 2) throw new InputError(`Nothing varies in ${names.join(', ')} of ${task.decode(ids)}.`);
  const some = Array.from({ length: Math.min(size, 1000) }, (_, at) =>
    logProbability(Math.floor((at * size) / Math.min(size, 1000))),
  );
  if (some.some((log) => Math.abs(log - (some[0] ?? 0)) > 1e-9))
    throw new InputError(
      `The inputs of ${task.name} that vary in ${names.join(', ')} are not equally likely: give their fillers equal weights to count them.`,
    );
  let counts: Map<string, number> | null = null;
  /** In how many ways an input is written: each is as likely. */
  const ways = (own: readonly number[]): number => {
    if (counts === null) {
      counts = new Map();
      for (let at = 0; at < size; at++) {
        const key = input(at).join();
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    return counts.get(own.join()) ?? 0;
  };
  const held = variation.parts(ids).flatMap(({ name }) => (names.includes(name) ? [] : [name]));
  return {
    ...task,
    // A search leaves what is held as it is.
    variation: {
      ...variation,
      parts: (own) => variation.parts(own).filter(({ name }) => names.includes(name)),
      usual: () => names,
    },
    varying: names,
    held,
    draw: (random) => task.decode(input(random.int(size))),
    sample: (random) => input(random.int(size)),
    data: {
      size,
      instance: input,
      // No part of them is known to have been learned from.
      splitSize: { train: 0, test: size },
      member: (_, k) => input(k),
      inSplit: (own) => (ways(own) === 0 ? null : 'test'),
      identity: JSON.stringify({ input: ids, varying: names, size }),
    },
    distribution: {
      logProbability: (own) => Math.log(ways(own) / size),
      draw: (random) => input(random.int(size)),
    },
    enumeration: { kind: 'all' },
  };
}
