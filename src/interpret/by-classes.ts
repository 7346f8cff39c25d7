/**
 * What an activation tells where inputs are too many to run and no decoder is asked: all classes of the query's own
 * group are run and classes of other groups are drawn (see `inversion/enumerate/strata.ts`), and what lies inside is
 * weighed by the probability it stands for.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { type StrataOptions, type StrataSet, strataPreimage } from '../inversion/enumerate/strata.js';
import { type HookedModel } from '../models/hooked-model.js';
import { type Task } from '../tasks/task.js';
import { type Estimate, bitsOf, countInterval } from './estimate.js';
import { type FeatureBits, featureBits } from './feature-bits.js';
import { type Prior } from './prior.js';
import { type WeightedSample, weightedSample } from './sample.js';

/** A preimage known by classes, and what it tells. */
export interface ByClasses {
  readonly found: StrataSet;
  readonly estimate: Estimate;
  readonly sample: WeightedSample;
  /** The most informative first; none where nothing is inside. */
  readonly features: readonly FeatureBits[];
}

/**
 * Goes through the classes of a task. The seed of the options also decides what as many blind draws would seem to tell.
 * @throws InputError for a task without classes, or a query that is not an input of it
 */
export async function interpretByClasses(
  runtime: Runtime,
  model: HookedModel,
  prior: Prior,
  query: { readonly ids: readonly number[]; readonly site: string; readonly z: Float32Array },
  options: StrataOptions,
): Promise<ByClasses> {
  const { task } = prior;
  const found = await strataPreimage(runtime, model, task, query.site, query, options);
  const { members, probability, standardError, largestWeight } = found;
  const sum = members.reduce((all, { weight }) => all + weight, 0);
  const squares = members.reduce((all, { weight }) => all + weight * weight, 0);
  const effective = squares === 0 ? 0 : (sum * sum) / squares;
  const [low, high] = countInterval(probability, Math.max(standardError ** 2, squares), largestWeight);
  const sample = weightedSample(prior, members, effective);
  return {
    found,
    estimate: {
      bits: probability === 0 ? null : bitsOf(probability),
      low: bitsOf(high),
      high: low > 0 ? bitsOf(low) : null,
      effectiveSamples: effective,
    },
    sample,
    features: members.length === 0 ? [] : featureBits(prior, sample, query.ids, options.seed),
  };
}

/** What was run, what is exact of it and what is not, in sentences. */
export function exactnessByClasses(
  { enumeration }: Task,
  { own, others }: StrataSet,
  repeats: number,
): string {
  if (enumeration?.kind !== 'strata') return '';
  return (
    `With the query’s own letters every class was run (a class: ${enumeration.fixed}): of ${enumeration.classes}, ` +
    `${own.all} were inside with all ${repeats} of their inputs, ${own.some} with some, ${own.none} with none. ` +
    `Drawn, and not exact: ${enumeration.drawn}, and ${others.run.toLocaleString('en')} inputs with other letters, of which ${others.inside.toLocaleString('en')} were inside.`
  );
}
