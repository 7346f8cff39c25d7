/**
 * The ε-preimage of a task whose inputs are too many to run but fall into classes of equal probability. In the group of
 * the query's own input every class is gone through, several times over. For the other groups every class is gone
 * through in rounds, each time in a group drawn anew: inputs of one group are alike, so a few groups, each gone through
 * whole, would say much of these groups and little of the rest. What a class leaves open is drawn: so which classes are
 * inside is exact where that does not matter, and the probability of the whole preimage is an estimate with an interval.
 * @module
 */
import { type Runtime } from '../../engine/index.js';
import { InputError } from '../../input-error.js';
import { type HookedModel } from '../../models/hooked-model.js';
import { type Random, randomFor } from '../../random.js';
import { type Task } from '../../tasks/task.js';
import { createJudge } from '../judge.js';
import { type Metric } from '../metrics.js';

/** What is gone through. */
export interface StrataOptions {
  readonly epsilon: number;
  readonly metric: Metric;
  /** Inputs drawn of each class of the query's own group. */
  readonly repeats: number;
  /** How often every class is gone through in other groups. */
  readonly rounds: number;
  readonly seed: number;
  readonly onProgress?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

/** An input inside, and the probability it stands for. */
export interface StrataMember {
  readonly ids: readonly number[];
  readonly weight: number;
  readonly distance: number;
  /** Index of the matched token. */
  readonly position: number;
  readonly own: boolean;
}

/** What was found. */
export interface StrataSet {
  /** Estimated probability of the preimage, and its standard error. */
  readonly probability: number;
  readonly standardError: number;
  /** Probability that one input of another group stands for. */
  readonly largestWeight: number;
  /** Of the classes of the query's own group: those whose inputs were all inside, some of them, none. */
  readonly own: { readonly all: number; readonly some: number; readonly none: number };
  /** Inputs of other groups that were run, those of them inside, and how many other groups there are. */
  readonly others: { readonly run: number; readonly inside: number; readonly groups: number };
  /** Inputs that were run. */
  readonly run: number;
  readonly members: readonly StrataMember[];
}

/** Inputs run before progress is reported. */
const portion = 4096;

/**
 * Goes through the strata of a task.
 * @throws InputError for a task without strata, or a query that is not an input of it
 */
export async function strataPreimage(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  site: string,
  query: { readonly ids: readonly number[]; readonly z: Float32Array },
  options: StrataOptions,
): Promise<StrataSet> {
  const { enumeration } = task;
  if (enumeration?.kind !== 'strata') throw new InputError(`The inputs of ${task.name} have no strata.`);
  const problem = task.check(query.ids);
  if (problem !== null)
    throw new InputError(`Only an input of the task has a group: ${task.decode(query.ids)} ${problem}.`);
  const { classes } = enumeration;
  const ownGroup = enumeration.groupOf(query.ids);
  const others = enumeration.groups - 1;
  const rounds = others === 0 ? 0 : options.rounds;
  const ownShare = rounds === 0 ? 1 : 1 / enumeration.groups;
  const other = (random: Random): number => {
    const group = random.int(others);
    return group < ownGroup ? group : group + 1;
  };
  const plan = [
    { own: true, repeats: options.repeats, share: ownShare },
    ...Array.from({ length: rounds }, () => ({ own: false, repeats: 1, share: (1 - ownShare) / rounds })),
  ];
  const all = plan.reduce((sum, { repeats }) => sum + repeats * classes, 0);
  const judge = createJudge(runtime, model, task, site);
  const members: StrataMember[] = [];
  const rates: number[] = [];
  const ownInside = new Uint32Array(classes);
  let othersInside = 0;
  let done = 0;
  try {
    for (const [round, { own, repeats, share }] of plan.entries()) {
      const inputs: number[][] = [];
      for (let repeat = 0; repeat < repeats; repeat++) {
        // One stream for each time through the classes: more rounds begin with those of fewer.
        const random = own
          ? randomFor(options.seed, 'strata', 'own', repeat)
          : randomFor(options.seed, 'strata', 'others', round);
        for (let one = 0; one < classes; one++)
          inputs.push(enumeration.member(own ? ownGroup : other(random), one, random));
      }
      let inside = 0;
      for (let start = 0; start < inputs.length; start += portion) {
        options.signal?.throwIfAborted();
        const part = inputs.slice(start, start + portion);
        const verdicts = (await judge.judge(part, query.z))[options.metric];
        verdicts.forEach(({ distance, position }, row) => {
          if (distance > options.epsilon) return;
          inside += 1;
          const ids = part[row] ?? [];
          const classNumber = (start + row) % classes;
          if (own) ownInside[classNumber] = (ownInside[classNumber] ?? 0) + 1;
          members.push({ ids, weight: share / inputs.length, distance, position, own });
        });
        done += part.length;
        options.onProgress?.(done, all);
      }
      rates.push(inside / inputs.length);
      if (!own) othersInside += inside;
    }
  } finally {
    await judge.dispose();
  }
  const [ownRate = 0, ...otherRates] = rates;
  const mean = otherRates.reduce((sum, rate) => sum + rate, 0) / Math.max(1, otherRates.length);
  const spread =
    otherRates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / Math.max(1, otherRates.length - 1);
  const count = (test: (inside: number) => boolean): number => ownInside.filter(test).length;
  // Within the own group only the draws of each class vary: a class inside half of the time has the most to say.
  const within = ownInside.reduce((sum, inside) => {
    const rate = inside / options.repeats;
    return sum + (rate * (1 - rate)) / Math.max(1, options.repeats - 1);
  }, 0);
  return {
    probability: ownShare * ownRate + (1 - ownShare) * mean,
    standardError: Math.sqrt(
      ownShare ** 2 * (within / classes ** 2) +
        ((1 - ownShare) ** 2 * spread) / Math.max(1, otherRates.length),
    ),
    largestWeight: rounds === 0 ? 0 : (1 - ownShare) / (rounds * classes),
    own: {
      all: count((inside) => inside === options.repeats),
      some: count((inside) => inside > 0 && inside < options.repeats),
      none: count((inside) => inside === 0),
    },
    others: { run: rounds * classes, inside: othersInside, groups: others },
    run: all,
    members,
  };
}
