/**
 * Controls: what is asked of the query's activation is asked of activations that hold nothing of it, that of BOS and random
 * vectors of the query's norm. Of a reading, what a decoder says or a search finds for them; of an exact set, how many of
 * the inputs that were run are near them.
 *
 * Order: `queued`, `progress` (candidates or inputs run, then activations asked about), `controls`; `error` ends the stream
 * at any point. Closing the request stops the work.
 * @module
 */
import { z } from 'zod';
import { controlsSchema } from '../../inversion/reading-parts.js';
import { decoderControls, searchControls } from '../../interpret/controls.js';
import { exactControls } from '../../interpret/exact-controls.js';
import { shortName } from '../../models/hooks.js';
import { caseStream } from '../bench.js';
import { exactFields, exactQuestion, withInputs } from '../exact-question.js';
import { count, jobEvents, progressEventSchema } from '../fields.js';
import { judgedCandidates } from '../judged.js';
import { type OpenCase } from '../open-cases.js';
import { millisecondsSince, reporter } from '../progress.js';
import { queryOf, queryRecord, sentQuery } from '../query-records.js';
import { readerOf } from '../readers.js';
import { type EventOf } from '../verb.js';
import { readOrder, readRequestSchema } from './read.js';

/** Body of `POST /api/controls`: a reading, as `POST /api/read` takes it. */
const controlsRequestSchema = readRequestSchema;
export type ControlsRequest = z.input<typeof controlsRequestSchema>;

/** Event `controls` of a reading: the part `controls` of what `inversionview read --controls --json` prints. */
const controlsEventSchema = z.object({ ...queryRecord, controls: controlsSchema, milliseconds: z.number() });
export type ControlsAnswer = z.infer<typeof controlsEventSchema>;

/** Events of `POST /api/controls` by name. */
export const controlsEventSchemas = {
  ...jobEvents,
  progress: progressEventSchema,
  controls: controlsEventSchema,
};
export type ControlsEvent = EventOf<typeof controlsEventSchemas>;

/** Body of `POST /api/exact-set/controls`. */
const exactControlsRequestSchema = z.strictObject(exactFields);
export type ExactControlsRequest = z.input<typeof exactControlsRequestSchema>;

/** Event `controls` of an exact set: the part `controls` of what `inversionview preimage --controls --json` prints. */
const exactControlsEventSchema = z.object({
  ...queryRecord,
  /** Inputs that were run, and those of them within ε of the query. */
  total: count,
  size: count,
  /** Inputs within ε of each activation, and the distance of the nearest; null where none has the place. */
  controls: z.array(
    z.object({
      activation: z.enum(['bos', 'random']),
      sizes: z.array(count),
      nearest: z.array(z.number().nullable()),
    }),
  ),
  milliseconds: z.number(),
});
export type ExactControlsAnswer = z.infer<typeof exactControlsEventSchema>;

/** Events of `POST /api/exact-set/controls` by name. */
export const exactControlsEventSchemas = {
  ...jobEvents,
  progress: progressEventSchema,
  controls: exactControlsEventSchema,
};
export type ExactControlsEvent = EventOf<typeof exactControlsEventSchemas>;

const readingOrder = (own: OpenCase, request: ControlsOrder, bench: Parameters<typeof readOrder>[2]) => ({
  ...readOrder(own, request, bench),
  record: queryOf(own, request).query,
});
type ControlsOrder = z.output<typeof controlsRequestSchema>;

/** What is asked of each activation. */
const activations = 'activations asked about';

/** See the module. */
export const controlsVerbs = {
  controls: caseStream({
    body: controlsRequestSchema,
    events: controlsEventSchemas,
    plan: readingOrder,
    run: ({ bench, turn, emit, signal }, { site }) =>
      turn(async (own, order) => {
        const started = performance.now();
        const { task, rounds, epsilon, metric, record } = order;
        const prior = bench.priorOf(task);
        const view = { epsilon, metric, onProgress: reporter(emit, activations), signal };
        const reader = readerOf(own, bench);
        const searched = async () =>
          searchControls(
            reader,
            prior,
            await judgedCandidates(own, bench, order, {
              onProgress: reporter(emit, 'candidates judged'),
              signal,
            }),
            rounds,
            view,
          );
        const controls =
          own.decoder === null
            ? await searched()
            : await decoderControls(
                bench.runtime,
                own.model,
                own.decoder,
                prior,
                await reader.runQuery(order),
                view,
              );
        const milliseconds = millisecondsSince(started);
        emit({ event: 'controls', data: { ...sentQuery(record), controls, milliseconds } });
      }, site),
  }),

  exactControls: caseStream({
    body: exactControlsRequestSchema,
    events: exactControlsEventSchemas,
    plan: exactQuestion,
    run: ({ bench, turn, emit, signal }) =>
      turn(async (own, question) => {
        const started = performance.now();
        const { ids, query, onlyAt, among } = question;
        const { epsilon, metric, seed, site } = query;
        const onProgress = reporter(emit, `inputs run at ${shortName(site)}`);
        const found = await withInputs(own, bench, question, { onProgress, signal }, async (inputs) => {
          const { exact } = inputs;
          const { size, total } = await exact.find(inputs.z, { epsilon, metric, onlyAt, insideOnly: true });
          const controls = await exactControls(
            bench.runtime,
            own.model,
            among,
            exact,
            { ids, z: inputs.z },
            { epsilon, metric, onlyAt, seed, onProgress: reporter(emit, activations), signal },
          );
          return { size, total, controls };
        });
        emit({
          event: 'controls',
          data: {
            ...sentQuery({ ...query, decoder: null }),
            ...found,
            controls: found.controls.map(({ activation, sizes, nearest }) => ({
              activation,
              sizes: [...sizes],
              nearest: nearest.map((distance) => (Number.isFinite(distance) ? distance : null)),
            })),
            milliseconds: millisecondsSince(started),
          },
        });
      }),
  }),
};
