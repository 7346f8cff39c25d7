/**
 * One reading as a stream of events, and the overview of a site.
 * @module
 */
import { tokensOf } from '../../tasks/tokens.js';
import {
  type CandidatesEvent,
  type OverviewCell,
  type OwnInput,
  type QueryFacts,
  type ReadEvent,
  type RoundList,
} from '../contract/index.js';
import { type Metric } from '../../inversion/metrics.js';
import { type Reader } from '../../inversion/preimage.js';
import { type Colours } from '../../inversion/colours.js';
import { type JudgedInput, type Looked } from '../../inversion/view.js';
import { type Verdict } from '../../inversion/judge.js';
import { shortName } from '../../models/hooks.js';
import { type Task } from '../../tasks/task.js';

/** A reading that has been checked: what is asked, in the program's own terms. */
export interface ReadingOrder {
  readonly task: Task;
  readonly ids: readonly number[];
  readonly site: string;
  readonly position: number;
  readonly seed: number;
  readonly rounds: RoundList;
}

/** Inputs coloured in one go: as many as the scorer's graph takes. */
const colouredTogether = 128;

/** Reads, telling each step as it is done. */
export async function streamReading(
  reader: Reader,
  order: ReadingOrder,
  emit: (event: Exclude<ReadEvent, { event: 'queued' | 'error' }>) => void,
  signal: AbortSignal,
): Promise<void> {
  const { task, rounds } = order;
  const started = performance.now();
  const since = (): number => Math.round((performance.now() - started) * 10) / 10;
  const looked = await reader.look(order);
  const candidates = rounds.reduce((sum, round) => sum + round.candidates, 0);
  emit({
    event: 'query',
    data: {
      ...factsOf(task, looked, order.ids),
      rounds: [...rounds],
      candidates,
      epsilon: task.epsilon,
      metric: task.metric,
      ...normsOf(looked),
    },
  });

  const places = task.places(order.ids).map(({ name }) => name);
  /** Numbers of the distinct inputs, in the order in which they were first drawn. */
  const numbers = new Map<string, number>();
  const distinct: (readonly number[])[] = [];
  let [invalid, first, coloured] = [0, 0, 0];
  const colour = async (end: number): Promise<void> => {
    for (; coloured < end; coloured += colouredTogether) {
      signal.throwIfAborted();
      const part = distinct.slice(coloured, Math.min(end, coloured + colouredTogether));
      const colours = (await reader.colour(looked, part)).map(sent);
      emit({
        event: 'deltas',
        data: {
          start: coloured,
          deltas: colours.map(({ tokenDelta }) => tokenDelta),
          follows: colours.map(({ follows }) => follows),
        },
      });
    }
    coloured = end;
  };
  for await (const batch of reader.draw(looked, { rounds, signal }, true)) {
    const event: CandidatesEvent = { samples: [], draws: [] };
    for (const candidate of batch) {
      const key = candidate.ids.join(' ');
      const known = numbers.get(key) ?? distinct.length;
      if (known === distinct.length) {
        numbers.set(key, known);
        distinct.push(candidate.ids);
        const temperature = rounds[candidate.round]?.temperature;
        event.samples.push({
          ...inputOf(task, places, candidate),
          round: candidate.round,
          ...(temperature === undefined ? {} : { temperature }),
        });
      }
      if (!candidate.valid) invalid += 1;
      event.draws.push(known);
    }
    emit({ event: 'candidates', data: event });
    if (first > 0) continue;
    first = since();
    // What is on the screen first gets its colours first; the rest waits until everything is judged.
    await colour(distinct.length);
  }
  const judged = since();
  await colour(distinct.length);
  const milliseconds = { first, judged, all: since() };
  emit({ event: 'done', data: { candidates, distinct: distinct.length, invalid, milliseconds } });
}

/** Judges a person's own inputs by what an order asks about; nothing is drawn but what their colours need. */
export async function judgeOwn(
  reader: Reader,
  order: Omit<ReadingOrder, 'rounds'>,
  inputs: readonly (readonly number[])[],
): Promise<OwnInput[]> {
  const { task } = order;
  const looked = await reader.look(order);
  const judged = await reader.judge(looked, inputs);
  const colours = await reader.colour(
    looked,
    judged.map(({ ids }) => ids),
  );
  const places = task.places(order.ids).map(({ name }) => name);
  return judged.map((input, at) => ({
    ...inputOf(task, places, input),
    ...sent(colours[at] ?? { tokenDelta: [], follows: [] }),
  }));
}

/** Reads all positions of a site, telling each as it is done. */
export async function streamSite(
  reader: Reader,
  order: Omit<ReadingOrder, 'position'> & { readonly positions: readonly number[] },
  emit: (cell: OverviewCell) => void,
  signal: AbortSignal,
): Promise<void> {
  for await (const { position, candidates } of reader.survey({ ...order, signal })) {
    const sorted = (metric: Metric): number[] =>
      candidates.map(({ verdicts }) => exact(verdicts[metric].distance)).sort((a, b) => a - b);
    emit({
      site: order.site,
      position,
      euclidean: sorted('euclidean'),
      cosine: sorted('cosine'),
      distinct: new Set(candidates.map(({ ids }) => ids.join(' '))).size,
      invalid: candidates.filter(({ valid }) => !valid).length,
    });
  }
}

function factsOf(task: Task, { asked }: Looked, ids: readonly number[]): QueryFacts {
  const { query, attention, ...rest } = asked;
  return {
    ...rest,
    places: task.places(ids).map(({ name }) => name),
    ...query,
    short: shortName(query.site),
    attention: attention?.map(rounded) ?? null,
    annotation: task.annotate(ids),
  };
}

/** Norm of the activation, and of its difference from BOS's in units of it. */
function normsOf({ z, bos }: Looked): { norm: number; fromBos: number } {
  const norm = Math.hypot(...z);
  const away = Math.hypot(...z.map((value, at) => value - (bos[at] ?? 0)));
  return { norm: exact(norm), fromBos: norm > 0 ? exact(away / norm) : 0 };
}

/** @param places names of the query's places */
function inputOf(task: Task, places: readonly string[], { ids, valid, verdicts }: JudgedInput) {
  const own = new Map(task.places(ids).map(({ name, index }) => [name, index]));
  return {
    tokens: tokensOf(task, ids),
    text: task.decode(ids),
    valid,
    fault: valid ? null : task.check(ids),
    annotation: task.annotate(ids),
    places: places.map((name) => own.get(name) ?? -1),
    euclidean: verdictOf(verdicts.euclidean),
    cosine: verdictOf(verdicts.cosine),
  };
}

/** Colours as they are sent. */
const sent = ({ tokenDelta, follows }: Colours): { tokenDelta: (number | null)[]; follows: number[] } => ({
  tokenDelta: tokenDelta.map((delta) => (delta === null ? null : rounded(delta))),
  follows: [...follows],
});

const verdictOf = ({ distance, position, distances }: Verdict) => ({
  distance: exact(distance),
  position,
  distances: Array.from(distances, rounded),
});

/** A float32 in as few digits as tell it from all others: what is inside ε must not depend on how it was sent. */
const exact = (value: number): number => Number(value.toPrecision(9));

/** Four digits, for what is only looked at. */
const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;
