/**
 * What is shown of judged candidates. The threshold and the metric belong here and not to the sampling: other ones
 * need no new candidates.
 * @module
 */
import { randomFor } from '../random.js';
import { type Task } from '../tasks/task.js';
import { chooseShown } from './choose.js';
import { type Colours } from './colours.js';
import { type Verdict } from './judge.js';
import { type Metric } from './metrics.js';
import { type Reading, type Sample } from './reading.js';

/** Samples shown unless told otherwise. */
export const shownSamples = 100;

/** A judged candidate. */
export interface Candidate {
  readonly ids: readonly number[];
  readonly round: number;
  readonly valid: boolean;
  /** By metric, so that another threshold or metric needs no new sampling. */
  readonly verdicts: Readonly<Record<Metric, Verdict>>;
}

/** How candidates are looked at. */
export interface View {
  /** The task's unless given. */
  readonly epsilon?: number;
  readonly metric?: Metric;
  /** Most samples in the reading. */
  readonly shown?: number;
}

/** What a reading says of its query, whatever the view. */
export type Asked = Pick<Reading, 'task' | 'query' | 'seed' | 'attention' | 'warnings' | 'model' | 'decoder'>;

/** What the query's own run gave, before anything is drawn. */
export interface Looked {
  readonly asked: Asked;
  /** The query's activation. */
  readonly z: Float32Array;
  /** That of BOS at the same site: the decoder's "no information". */
  readonly bos: Float32Array;
}

/** A query with its judged candidates. */
export interface Judged extends Looked {
  readonly candidates: readonly Candidate[];
}

/**
 * Makes the reading of a view.
 * @param colour gives the colours of inputs
 */
export async function viewed(
  task: Task,
  { asked, candidates }: Judged,
  { epsilon = task.epsilon, metric = task.metric, shown: most = shownSamples }: View,
  colour: (inputs: readonly (readonly number[])[]) => Promise<readonly Colours[]>,
): Promise<Reading> {
  const key = (candidate: Candidate): string => candidate.ids.join(' ');
  const measured = candidates.map((candidate) => {
    const { distance } = candidate.verdicts[metric];
    return { ...candidate, distance, inside: distance <= epsilon };
  });
  const shown = chooseShown(measured, key, most, randomFor(asked.seed, 'shown'));
  const colours = await colour(shown.map(({ ids }) => ids));
  const samples = shown.map(({ ids, round, valid, inside, verdicts }, at): Sample => {
    const { distance, position: matchedPosition, distances } = verdicts[metric];
    return {
      text: task.decode(ids),
      tokens: ids.map((id) => task.vocabulary[id] ?? '?'),
      valid,
      distance,
      matchedPosition,
      inside,
      distances: [...distances],
      tokenDelta: [...(colours[at]?.tokenDelta ?? [])],
      follows: [...(colours[at]?.follows ?? [])],
      round,
    };
  });
  return {
    ...asked,
    metric,
    epsilon,
    candidates: candidates.length,
    inside: measured.filter((candidate) => candidate.inside).length,
    invalid: measured.filter((candidate) => !candidate.valid).length,
    distinct: new Set(candidates.map(key)).size,
    samples,
  };
}
