/**
 * Reading without a decoder: the probed model searches its own preimage. Several chains walk from input to input, each step
 * draws one part of an input anew and is kept by distance, the more strictly the longer it goes on; inside ε all
 * inputs are alike, so that a chain that has come there goes through what lies around. All chains are judged in one run,
 * and no input is judged twice.
 *
 * It finds members of the preimage and says nothing of how often they occur: amounts of information need exact counts.
 * @module
 */
import { capability } from '../tasks/capabilities.js';
import { InputError } from '../input-error.js';
import { type Random } from '../random.js';
import { type Task } from '../tasks/task.js';
import { type JudgedInput } from './view.js';

/** Chains that walk at the same time. */
const chainCount = 32;
/** Acceptance of a step that leads away by some distance, at the beginning and the end. */
const [hottest, coldest] = [0.3, 0.02];
/** Steps without a new input after which there is nothing more to find nearby. */
const mostIdle = 50;

/** How a search goes. */
export interface SearchOptions {
  /** Inputs judged, the query's own counted. */
  readonly budget: number;
  /** Chains do not tell distances within it apart. */
  readonly epsilon: number;
  readonly random: Random;
  /** Distances of inputs from the query, in their order. */
  judge(inputs: readonly (readonly number[])[]): Promise<readonly JudgedInput[]>;
  /** Distance that the search goes by. */
  distanceOf(judged: JudgedInput): number;
  readonly signal?: AbortSignal;
}

/**
 * An input with one of its parts drawn anew; null where that gave no input of the task.
 * @throws InputError for a task that does not say what its inputs are made of
 */
export function neighbour(task: Task, ids: readonly number[], random: Random): number[] | null {
  if (task.variation !== undefined) {
    const parts = task.variation.parts(ids);
    const part = parts[random.int(Math.max(1, parts.length))];
    return part === undefined ? null : task.variation.varying(ids, [part.name]).draw(random);
  }
  const { choices, follow } = capability(task, 'redraw', 'A search');
  const open = ids.flatMap((_, at) => (choices(ids, at).length > 1 ? [at] : []));
  const at = open[random.int(Math.max(1, open.length))];
  if (at === undefined) return null;
  const changed = [...ids];
  const among = choices(ids, at);
  changed[at] = among[random.int(among.length)] ?? task.pad;
  const whole = follow(changed);
  // What will do as a contrast need not be an input of the task.
  return whole !== null && task.check(whole) === null ? whole : null;
}

/**
 * Searches from blind draws, the query and what lies around it.
 * @param ids the query's input
 * @returns judged inputs as they come, each once
 * @throws InputError for a task whose inputs cannot be changed
 */
export async function* searchInputs(
  task: Task,
  ids: readonly number[],
  { budget, epsilon, random, judge, distanceOf, signal }: SearchOptions,
): AsyncGenerator<readonly JudgedInput[], void> {
  if (task.variation === undefined && task.redraw === undefined)
    throw new InputError(
      `A search changes inputs part by part; ${task.name} does not say how: give a decoder.`,
    );
  const isInput = task.check(ids) === null;
  const seen = new Map<string, JudgedInput>();
  const judged = async (inputs: readonly (readonly number[])[]): Promise<readonly JudgedInput[]> => {
    signal?.throwIfAborted();
    const fresh = [...new Map(inputs.map((own) => [own.join(), own])).entries()].filter(
      ([key]) => !seen.has(key),
    );
    const some = fresh.slice(0, budget - seen.size).map(([, own]) => own);
    const results = some.length === 0 ? [] : await judge(some);
    for (const result of results) seen.set(result.ids.join(), result);
    return results;
  };
  const energy = (one: JudgedInput): number => Math.max(epsilon, distanceOf(one));

  // Half of the chains begin with the query and its neighbours, half with draws that know nothing of it.
  const starts = [
    ...(isInput ? [ids] : []),
    ...Array.from(
      { length: chainCount / 2 },
      () => (isInput ? neighbour(task, ids, random) : null) ?? task.sample(random, 'train'),
    ),
    ...Array.from({ length: chainCount / 2 }, () => task.sample(random, 'train')),
  ];
  const first = await judged(starts);
  yield first;
  let chains = [...first].sort((a, b) => energy(a) - energy(b)).slice(0, chainCount);
  for (let idle = 0; seen.size < budget && idle < mostIdle && chains.length > 0;) {
    const steps = chains.map((at) => neighbour(task, at.ids, random) ?? task.sample(random, 'train'));
    const fresh = await judged(steps);
    if (fresh.length > 0) yield fresh;
    idle = fresh.length > 0 ? 0 : idle + 1;
    const heat = hottest * (coldest / hottest) ** (seen.size / budget);
    chains = chains.map((at, chain) => {
      const next = seen.get((steps[chain] ?? []).join());
      if (next === undefined) return at;
      const rise = energy(next) - energy(at);
      return rise <= 0 || random.next() < Math.exp(-rise / heat) ? next : at;
    });
    // A chain that is far behind goes on from one of the best that any has found.
    if (random.next() < 0.25) {
      const best = [...seen.values()].sort((a, b) => energy(a) - energy(b)).slice(0, chainCount);
      const worst = chains.reduce(
        (most, one, chain) => (energy(one) > energy(chains[most] ?? one) ? chain : most),
        0,
      );
      const taken = best[random.int(best.length)];
      if (taken !== undefined) chains[worst] = taken;
    }
  }
}
