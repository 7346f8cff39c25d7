/**
 * What is shown of judged candidates. The threshold and the metric belong here and not to the sampling: other ones
 * need no new candidates.
 * @module
 */
import { idsOfTokens, tokensOf } from '../tasks/tokens.js';
import { InputError } from '../input-error.js';
import { randomFor } from '../random.js';
import { placeName, resolvePosition } from '../tasks/positions.js';
import { type SamplingRound, type Task } from '../tasks/task.js';
import { chooseShown } from './choose.js';
import { type Colours } from './colours.js';
import { type Verdict } from './judge.js';
import { type Metric } from './metrics.js';
import { type Reading, type Sample } from './reading.js';

/** Samples shown by default. */
export const shownSamples = 100;

/** An input that the probed model ran. */
export interface JudgedInput {
  readonly ids: readonly number[];
  readonly valid: boolean;
  /** By metric, so that another threshold or metric needs no new sampling. */
  readonly verdicts: Readonly<Record<Metric, Verdict>>;
}

/** A judged candidate. */
export interface Candidate extends JudgedInput {
  readonly round: number;
}

/** How candidates are viewed. */
export interface View {
  /** The task's unless given. */
  readonly epsilon?: number;
  readonly metric?: Metric;
  /** Most samples in the reading. */
  readonly shown?: number;
  /**
   * A place of the query, by name or index, at which distances are given beside the nearest. Samples have the place of the
   * same name; a place without a name is an index.
   */
  readonly alsoAt?: string | number;
}

/** What a reading says of its query, whatever the view. */
export type Asked = Pick<Reading, 'task' | 'query' | 'seed' | 'attention' | 'warnings' | 'model' | 'decoder'>;

/** What the query's own run gave, before anything is drawn. */
export interface QueryRun {
  readonly asked: Asked;
  /** The query's activation. */
  readonly z: Float32Array;
  /** That of BOS at the same site: the decoder's "no information". */
  readonly bos: Float32Array;
}

/** A query with its judged candidates. */
export interface Judged extends QueryRun {
  readonly candidates: readonly Candidate[];
  /** The rounds that they were drawn in, by number. */
  readonly rounds?: readonly SamplingRound[];
  /** A person's own inputs, judged beside them. */
  readonly own?: readonly JudgedInput[];
}

/**
 * Makes the reading of a view.
 * @param colour gives the colours of inputs
 * @throws InputError for a place that the query has not, or its end
 */
export async function viewed(
  task: Task,
  { asked, candidates, rounds = [], own = [] }: Judged,
  { epsilon = task.epsilon, metric = task.metric, shown: most = shownSamples, alsoAt }: View,
  colour: (inputs: readonly (readonly number[])[]) => Promise<readonly Colours[]>,
): Promise<Reading> {
  const place = alsoAt === undefined ? null : placeOf(task, asked.query.tokens, alsoAt);
  const key = ({ ids }: JudgedInput): string => ids.join(' ');
  const measured = candidates.map((candidate) => {
    const { distance } = candidate.verdicts[metric];
    return { ...candidate, distance, inside: distance <= epsilon };
  });
  const shown = chooseShown(measured, key, most, randomFor(asked.seed, 'shown'));
  const colours = await colour([...shown, ...own].map(({ ids }) => ids));
  const at = (judged: JudgedInput) => place?.of(judged.ids, judged.verdicts[metric]) ?? null;
  const seen = ({ ids, valid, verdicts }: JudgedInput, number: number) => {
    const { distance, position: matchedPosition, distances } = verdicts[metric];
    return {
      text: task.decode(ids),
      tokens: tokensOf(task, ids),
      valid,
      distance,
      matchedPosition,
      inside: distance <= epsilon,
      distances: [...distances],
      ...(place === null ? {} : { alsoAt: place.of(ids, verdicts[metric]) }),
      tokenDelta: [...(colours[number]?.tokenDelta ?? [])],
      follows: [...(colours[number]?.follows ?? [])],
    };
  };
  const samples = shown.map((candidate, number): Sample => {
    const temperature = rounds[candidate.round]?.temperature;
    return {
      ...seen(candidate, number),
      round: candidate.round,
      ...(temperature === undefined ? {} : { temperature }),
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
    ...(own.length === 0
      ? {}
      : {
          own: own.map((judged, number) => ({
            ...seen(judged, shown.length + number),
            drawn: candidates.filter((candidate) => key(candidate) === key(judged)).length,
          })),
        }),
    ...(place === null
      ? {}
      : {
          alsoAt: {
            place: place.name,
            inside: candidates.filter((candidate) => (at(candidate)?.distance ?? Infinity) <= epsilon).length,
            absent: candidates.filter((candidate) => at(candidate) === null).length,
          },
        }),
  };
}

/** A place of a query, and where and how far other inputs have it; null for those that have not. */
export interface AskedPlace {
  readonly name: string;
  of(ids: readonly number[], verdict: Verdict): { position: number; distance: number } | null;
}

/**
 * Finds a place.
 * @param tokens of the query
 * @throws InputError for a place that the query has not, or its end
 */
export function placeOf(task: Task, tokens: readonly string[], spec: string | number): AskedPlace {
  const ids = idsOfTokens(task, tokens).map((id) => id ?? -1);
  const position = resolvePosition(task, ids, spec);
  if (ids[position] === task.eos)
    throw new InputError(`No distance is taken at the end of an input: choose a place before ${spec}.`);
  const name = placeName(task, ids, position);
  return {
    name: name ?? String(position),
    of(other, { distances }) {
      const index = name === null ? position : task.places(other).find((place) => place.name === name)?.index;
      const distance = index === undefined ? undefined : distances[index];
      return index === undefined || distance === undefined ? null : { position: index, distance };
    },
  };
}
