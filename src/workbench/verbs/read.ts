/**
 * One reading as a stream of events; closing the request stops the work.
 *
 * Order: `queued` (any number), `query`, then `candidates` and `deltas` as they come, `done`; `error` ends the stream at
 * any point. ε and metric are no part of it: every sample has its distances in both metrics, and what is inside is
 * `distance ≤ ε`. The first of a request's errors (a bad body, an unknown case) comes as the HTTP status.
 * @module
 */
import { z } from 'zod';
import {
  type QueryFacts,
  metricSchema,
  queryFactsSchema,
  readSampleSchema,
} from '../../inversion/saved-reading.js';
import { type Reader } from '../../inversion/preimage.js';
import { roundsFor } from '../../inversion/rounds.js';
import { type Candidate, type QueryRun } from '../../inversion/view.js';
import { shortName } from '../../models/hooks.js';
import { thresholdAt } from '../../tasks/epsilon.js';
import { placeName } from '../../tasks/positions.js';
import { type Task } from '../../tasks/task.js';
import { type Bench, caseStream } from '../bench.js';
import { roundSchema } from '../case-study.js';
import { asked, count, jobEvents } from '../fields.js';
import { findsOf } from '../finds.js';
import { limits } from '../limits.js';
import { type OpenCase } from '../open-cases.js';
import { epsilonFromSchema, viewed } from '../query-records.js';
import { askedOf, choiceOf, drawing, readerOf } from '../readers.js';
import { exact, inputOf, rounded, sent } from '../samples.js';
import { type Call, type Emitted, type EventOf } from '../verb.js';

/** Body of `POST /api/read`. */
export const readRequestSchema = z.strictObject({
  ...asked,
  /** The case's `candidates` unless given. */
  candidates: z.number().int().min(1).max(limits.candidates).optional(),
  ...drawing,
  /** What a search goes by where the case has no decoder; the task's unless given. Draws of a decoder do not depend on it. */
  ...viewed,
});
export type ReadRequest = z.input<typeof readRequestSchema>;

/** Event `query`: what was asked, and what is known of it before sampling. */
const queryEventSchema = queryFactsSchema.extend({
  /** Whether the model searches by itself: samples then say nothing of how often they occur, and have no colours. */
  searched: z.boolean(),
  /** What will be drawn, in this order; of a search, how many inputs are judged at the most. */
  rounds: z.array(roundSchema),
  candidates: count,
  /** To start with: the one chosen for site and place, or the task's, and which of them it is. */
  epsilon: z.number(),
  epsilonFrom: epsilonFromSchema,
  metric: metricSchema,
  /** Norm of the activation, and the norm of its difference from BOS's divided by it. */
  norm: z.number(),
  fromBos: z.number(),
});
export type QueryEvent = z.infer<typeof queryEventSchema>;

/**
 * Event `candidates`: a batch of judged candidates. `samples` are the inputs that had not been drawn before, numbered on
 * from the last event's (the first of a reading is 0); `draws` has for each candidate the number of its input.
 */
const candidatesEventSchema = z.object({ samples: z.array(readSampleSchema), draws: z.array(count) });
export type CandidatesEvent = z.infer<typeof candidatesEventSchema>;

/**
 * Event `deltas`: colours of the samples numbered from `start`. One number a token, `p(token | z_q) − p(token | z_BOS)`
 * under the decoder, −1 … 1; null where it is not judged. `follows` has for each of these samples the indices of the tokens
 * that follow from others: their likelihood is that at their place over all inputs that the decoder says.
 */
const deltasEventSchema = z.object({
  start: count,
  deltas: z.array(z.array(z.number().nullable())),
  follows: z.array(z.array(count)),
});
export type DeltasEvent = z.infer<typeof deltasEventSchema>;

/** Event `done` of a reading. */
const doneEventSchema = z.object({
  candidates: count,
  distinct: count,
  /** Candidates that are not inputs of the task. */
  invalid: count,
  /** Milliseconds of work from the job's turn to the first batch, to the last batch, and in all. */
  milliseconds: z.object({ first: z.number(), judged: z.number(), all: z.number() }),
});
export type DoneEvent = z.infer<typeof doneEventSchema>;

/** Events of a reading by name. */
export const readEventSchemas = {
  ...jobEvents,
  query: queryEventSchema,
  candidates: candidatesEventSchema,
  deltas: deltasEventSchema,
  done: doneEventSchema,
};

/** An event of a reading. */
export type ReadEvent = EventOf<typeof readEventSchemas>;

/** A reading that has been checked. @throws InputError naming what cannot be taken */
export function readOrder(
  own: OpenCase,
  request: Omit<z.output<typeof readRequestSchema>, 'case'>,
  bench: Bench,
) {
  const { seed, candidates, temperature, noise } = request;
  const rounds = roundsFor(own.task, choiceOf({ temperature, noise, candidates }));
  const order = askedOf(own, bench, request);
  const { ids, position, site } = order;
  const place = placeName(own.task, ids, position);
  return {
    ...order,
    seed,
    rounds,
    ...thresholdAt(own.task, site, place, request),
    // What the page begins with does not depend on what was asked for.
    usual: thresholdAt(own.task, site, place),
  };
}
export type ReadOrder = ReturnType<typeof readOrder>;

/** Inputs coloured in one go: as many as the scorer's graph takes. */
const colouredTogether = 128;

/**
 * Reads and sends each step as soon as it is done.
 * @param finds where candidates of a search are kept; null of a reading through a decoder
 */
export async function streamReading(
  reader: Reader,
  order: ReadOrder,
  finds: Candidate[] | null,
  { emit, signal }: Call<Emitted<typeof readEventSchemas>>,
): Promise<void> {
  const { task, rounds, epsilon, metric } = order;
  const started = performance.now();
  const since = (): number => Math.round((performance.now() - started) * 10) / 10;
  const queryRun = await reader.runQuery(order);
  const candidates = rounds.reduce((sum, round) => sum + round.candidates, 0);
  emit({
    event: 'query',
    data: {
      ...factsOf(task, queryRun, order.ids),
      searched: finds !== null,
      rounds: [...rounds],
      candidates,
      ...order.usual,
      ...normsOf(queryRun),
    },
  });

  const places = task.places(order.ids).map(({ name }) => name);
  /** Numbers of the distinct inputs, in the order in which they were first drawn. */
  const numbers = new Map<string, number>();
  const distinct: (readonly number[])[] = [];
  let [candidatesJudged, invalid, first, coloured] = [0, 0, 0, 0];
  const colour = async (end: number): Promise<void> => {
    if (finds !== null) return;
    for (; coloured < end; coloured += colouredTogether) {
      signal.throwIfAborted();
      const part = distinct.slice(coloured, Math.min(end, coloured + colouredTogether));
      const colours = (await reader.colour(queryRun, part)).map(sent);
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
  for await (const batch of reader.draw(queryRun, { rounds, epsilon, metric, signal }, true)) {
    finds?.push(...batch);
    candidatesJudged += batch.length;
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
  // A search ends early where there is nothing more nearby.
  emit({
    event: 'done',
    data: { candidates: candidatesJudged, distinct: distinct.length, invalid, milliseconds },
  });
}

function factsOf(task: Task, { asked }: QueryRun, ids: readonly number[]): QueryFacts {
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
function normsOf({ z, bos }: QueryRun): { norm: number; fromBos: number } {
  const norm = Math.hypot(...z);
  const away = Math.hypot(...z.map((value, at) => value - (bos[at] ?? 0)));
  return { norm: exact(norm), fromBos: norm > 0 ? exact(away / norm) : 0 };
}

/** See the module. */
export const readVerbs = {
  read: caseStream({
    body: readRequestSchema,
    events: readEventSchemas,
    plan: readOrder,
    run: ({ bench, turn, ...call }, { site }) =>
      turn(
        (own, order) =>
          streamReading(
            readerOf(own, bench),
            order,
            own.described.searches ? findsOf(own).begin(order) : null,
            call,
          ),
        site,
      ),
  }),
};
