/**
 * Used versus contained: the activations of inputs are patched into the query's run, so that what is held and used is told
 * from what is only held. Of a reading these are its candidates and blind draws; of an exact set, all inputs that were run.
 *
 * Order: `queued`, `progress` (candidates or inputs run, then activations patched in), `used`; `error` ends the stream at
 * any point. Closing the request stops the work.
 * @module
 */
import { z } from 'zod';
import { answerReads } from '../../causal/answer-reads.js';
import { usedSchema } from '../../inversion/reading-parts.js';
import { usedExactly } from '../../interpret/used-exact.js';
import { usedOfReading } from '../../interpret/used-reading.js';
import { shortName } from '../../models/hooks.js';
import { capability } from '../../tasks/capabilities.js';
import { type Bench, caseStream } from '../bench.js';
import { exactFields, exactQuestion, withInputs } from '../exact-question.js';
import { jobEvents, progressEventSchema } from '../fields.js';
import { judgedCandidates } from '../judged.js';
import { limits } from '../limits.js';
import { type OpenCase } from '../open-cases.js';
import { millisecondsSince, reporter } from '../progress.js';
import { queryOf, queryRecord, sentQuery } from '../query-records.js';
import { readerOf } from '../readers.js';
import { type EventOf } from '../verb.js';
import { interpreterOf } from './interpret.js';
import { readOrder, readRequestSchema } from './read.js';

/** Largest KL divergence that counts as inside by effect, in nats; 0.02 unless given: no probability changes by more than 0.1. */
const maxKlSchema = z.number().min(0).max(limits.maxKl).optional();

/** Body of `POST /api/used`: a reading, as `POST /api/read` takes it. */
const usedRequestSchema = readRequestSchema.extend({ maxKl: maxKlSchema });
export type UsedRequest = z.input<typeof usedRequestSchema>;

/** Body of `POST /api/exact-set/used`. */
const exactUsedRequestSchema = z.strictObject({ ...exactFields, maxKl: maxKlSchema });
export type ExactUsedRequest = z.input<typeof exactUsedRequestSchema>;

/** Event `used`: the part `used` of what `inversionview read --patch --json` and `preimage --patch --json` print. */
const usedEventSchema = z.object({
  ...queryRecord,
  used: usedSchema,
  milliseconds: z.number(),
});
export type UsedAnswer = z.infer<typeof usedEventSchema>;

/** Events of `POST /api/used` and `POST /api/exact-set/used` by name. */
export const usedEventSchemas = { ...jobEvents, progress: progressEventSchema, used: usedEventSchema };
export type UsedEvent = EventOf<typeof usedEventSchemas>;

/** A threshold, where one was given. */
const given = (maxKl: number | undefined): { maxKl?: number } => (maxKl === undefined ? {} : { maxKl });

function readingOrder(own: OpenCase, request: z.output<typeof usedRequestSchema>, bench: Bench) {
  const { maxKl, ...asked } = request;
  const order = readOrder(own, asked, bench);
  // What cannot be measured is said before anything is drawn.
  answerReads(order.task, order.ids, order.position);
  capability(order.task, 'distribution', 'A share of inputs');
  return { ...order, ...given(maxKl), record: queryOf(own, asked).query };
}

function exactOrder(own: OpenCase, { maxKl, ...asked }: z.output<typeof exactUsedRequestSchema>) {
  const question = exactQuestion(own, asked);
  answerReads(own.task, question.ids, question.query.position);
  return { ...question, ...given(maxKl) };
}

/** See the module. */
export const usedVerbs = {
  used: caseStream({
    body: usedRequestSchema,
    events: usedEventSchemas,
    plan: readingOrder,
    run: ({ bench, turn, emit, signal }, { site: asked }) =>
      turn(async (own, order) => {
        const started = performance.now();
        const { rounds, epsilon, metric, maxKl, record, task } = order;
        const judged = await judgedCandidates(own, bench, order, {
          onProgress: reporter(emit, 'candidates judged'),
          signal,
        });
        const proposer = own.decoder === null ? null : interpreterOf(own, bench).proposer();
        const used = await usedOfReading(
          bench.runtime,
          own.model,
          readerOf(own, bench),
          { task, prior: bench.priorOf(task), proposer },
          judged,
          {
            rounds,
            epsilon,
            metric,
            ...given(maxKl),
            onProgress: reporter(emit, 'activations patched in'),
            signal,
          },
        );
        emit({
          event: 'used',
          data: { ...sentQuery(record), used, milliseconds: millisecondsSince(started) },
        });
      }, asked),
  }),

  exactUsed: caseStream({
    body: exactUsedRequestSchema,
    events: usedEventSchemas,
    plan: exactOrder,
    run: ({ bench, turn, emit, signal }) =>
      turn(async (own, order) => {
        const started = performance.now();
        const { ids, query, onlyAt, maxKl } = order;
        const { epsilon, metric, position, seed, site } = query;
        const onProgress = reporter(emit, `inputs run at ${shortName(site)}`);
        const used = await withInputs(own, bench, order, { onProgress, signal }, async (inputs) => {
          const { exact, prior } = inputs;
          const set = await exact.find(inputs.z, { epsilon, metric, onlyAt });
          return usedExactly(bench.runtime, own.model, prior, exact, set, {
            ids,
            position,
            epsilon,
            seed,
            ...given(maxKl),
            onProgress: reporter(emit, 'activations patched in'),
            signal,
          });
        });
        const record = sentQuery({ ...query, decoder: null });
        emit({ event: 'used', data: { ...record, used, milliseconds: millisecondsSince(started) } });
      }),
  }),
};
