/**
 * What is shown of judged candidates. The threshold and the metric belong here and not to the sampling: other ones
 * need no new candidates.
 * @module
 */
import { randomFor } from '../random.js';
import { type Task } from '../tasks/task.js';
import { chooseShown } from './choose.js';
import { type Verdict } from './judge.js';
import { type Metric } from './metrics.js';
import { type Reading, type Sample } from './reading.js';
import { type Scorer } from './score.js';

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

/** A query with its judged candidates. */
export interface Judged {
  readonly asked: Asked;
  readonly candidates: readonly Candidate[];
  /** The query's activation. */
  readonly z: Float32Array;
  /** That of BOS at the same site: the decoder's "no information". */
  readonly bos: Float32Array;
}

/**
 * Makes the reading of a view.
 * @param site number of the site in the decoder
 */
export async function viewed(
  scorer: Scorer,
  task: Task,
  site: number,
  { asked, candidates, z, bos }: Judged,
  { epsilon = task.epsilon, metric = task.metric, shown: most = shownSamples }: View,
): Promise<Reading> {
  const key = (candidate: Candidate): string => candidate.ids.join(' ');
  const measured = candidates.map((candidate) => {
    const { distance } = candidate.verdicts[metric];
    return { ...candidate, distance, inside: distance <= epsilon };
  });
  const shown = chooseShown(measured, key, most, randomFor(asked.seed, 'shown'));
  const inputs = shown.map((candidate) => candidate.ids);
  const given = await scorer.probabilities(inputs, z, site);
  const without = await scorer.probabilities(inputs, bos, site);
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
      tokenDelta: ids.map((_, token) => (given[at]?.[token] ?? 0) - (without[at]?.[token] ?? 0)),
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
