/**
 * Exact conditional preimages: of a task whose inputs are too many, all that agree with one in some parts are run, and
 * what is inside as a function of ε is the main view of a language model's activation.
 *
 * Order: `queued`, `progress` (inputs run; none where the pass is there already), `set`; `error` ends the stream at any
 * point. Closing the request stops the pass.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../../input-error.js';
import { someMembers } from '../../inversion/enumerate/members.js';
import { readoutSchema } from '../../inversion/reading.js';
import { readoutByPlace, exactInformation } from '../../interpret/by-place.js';
import { epsilonCurve } from '../../interpret/epsilon-curve.js';
import { exactness } from '../../interpret/exactness.js';
import { featureBits } from '../../interpret/feature-bits.js';
import { type PreimageRecord } from '../../interpret/records.js';
import { exactSample } from '../../interpret/sample.js';
import { resolveSite, shortName } from '../../models/hooks.js';
import { randomFor } from '../../random.js';
import { curveFigure } from '../../report/plots/curve.js';
import { capability } from '../../tasks/capabilities.js';
import { heldTask } from '../../tasks/held-task.js';
import { type Bench, benchVerb, caseStream } from '../bench.js';
import {
  type RunInputs,
  conditionalQuestion,
  exactFields,
  varySchema,
  withInputs,
} from '../exact-question.js';
import { count, jobEvents, progressEventSchema } from '../fields.js';
import { bothSchemes, figureSchema } from '../figures.js';
import { limits } from '../limits.js';
import { type OpenCase } from '../open-cases.js';
import { paceOf } from '../pace.js';
import { millisecondsSince, reporter } from '../progress.js';
import { placed, queryRecord } from '../query-records.js';
import { type Call, type Emitted, type EventOf } from '../verb.js';
import { featureBitsSchema } from './interpret.js';

/** Body of `POST /api/exact-set/plan`. */
const planRequestSchema = z.strictObject({
  case: placed.case,
  input: placed.input,
  site: placed.site,
  vary: varySchema,
});
export type ExactPlanRequest = z.input<typeof planRequestSchema>;

/** Answer of `POST /api/exact-set/plan`: nothing is run for it. */
export const exactPlanSchema = z.object({
  /** Parts of the input, and the tokens that each has there. */
  parts: z.array(z.object({ name: z.string(), tokens: z.string(), varies: z.boolean() })),
  /** Inputs that would be run; null where they cannot be. */
  size: count.nullable(),
  /** Seconds that it takes, as far as earlier work on this case tells; null before there was any. */
  seconds: z.number().nullable(),
  /** What keeps them from being run; null when all is well. */
  problem: z.string().nullable(),
});
export type ExactPlan = z.infer<typeof exactPlanSchema>;

/** Body of `POST /api/exact-set`. */
const exactSetRequestSchema = z.strictObject({
  ...exactFields,
  /** Inputs inside that are sent, drawn evenly. */
  members: count.max(limits.members).default(0),
});
export type ExactSetRequest = z.input<typeof exactSetRequestSchema>;

/** See `EpsilonCurve` of `interpret`. */
const curveSchema = z.object({
  total: count,
  points: z.array(
    z.object({
      epsilon: z.number(),
      size: count,
      bits: z.number().nullable(),
      features: z.array(
        z.object({ feature: z.string(), bits: z.number(), before: z.number(), consistency: z.number() }),
      ),
    }),
  ),
  plateaus: z.array(z.object({ from: z.number(), to: z.number(), size: count })),
  heldUpTo: z.array(z.object({ feature: z.string(), epsilon: z.number().nullable() })),
});

/** Event `set`: the record that `inversionview preimage --json` prints, and its figure. */
const exactSetSchema = z.object({
  record: z.object({
    ...queryRecord,
    size: count,
    total: count,
    /** Null of an empty set. */
    bits: z.number().nullable(),
    exactness: z.string(),
    samples: z.array(z.object({ text: z.string(), distance: z.number(), matchedPosition: count })),
    readout: readoutSchema,
    conditional: z.object({ varying: z.array(z.string()), held: z.array(z.string()) }),
    /** The place at which inputs were compared; absent where it was the nearest of all positions. */
    at: z.string().optional(),
    curve: curveSchema,
  }),
  /** The most informative first. */
  features: z.array(featureBitsSchema),
  figure: figureSchema,
  milliseconds: z.number(),
});
export type ExactSetAnswer = z.infer<typeof exactSetSchema>;

/** Events of `POST /api/exact-set` by name. */
export const exactSetEventSchemas = { ...jobEvents, progress: progressEventSchema, set: exactSetSchema };
export type ExactSetEvent = EventOf<typeof exactSetEventSchemas>;

/** What is asked, in the program's own terms. @throws InputError naming what cannot be taken */
const orderOf = (own: OpenCase, request: z.output<typeof exactSetRequestSchema>) => ({
  ...conditionalQuestion(own, request),
  members: request.members,
});
type Order = ReturnType<typeof orderOf>;

/** What is inside, in words and numbers. */
async function recordOf(
  { model }: OpenCase,
  { runtime }: Bench,
  { exact, z, prior }: RunInputs,
  { ids, query, onlyAt, members, among }: Order,
  signal: AbortSignal,
) {
  const { epsilon, metric, seed, site } = query;
  const set = await exact.find(z, { epsilon, metric, onlyAt });
  const sample = exactSample(prior, set);
  const features = featureBits(prior, sample, ids, seed);
  const samples = await someMembers(
    runtime,
    model,
    among,
    { site, z, metric, onlyAt },
    set,
    members,
    randomFor(seed, 'shown'),
  );
  const { varying, held } = among;
  const record = {
    ...query,
    warnings: [...query.warnings],
    decoder: null,
    size: set.size,
    total: set.total,
    bits: set.bits,
    interval: null,
    exactness: exactness(set.total, among),
    samples,
    readout: readoutByPlace(prior, sample, features, ids, seed, exactInformation(set.bits)),
    conditional: { varying: [...varying], held: [...held] },
    ...(onlyAt === null ? {} : { at: onlyAt }),
    curve: await epsilonCurve(exact, prior, { ids, z, metric, onlyAt, signal }),
    sampler: null,
  } satisfies PreimageRecord;
  return { record, features };
}

/** Runs what has to be run, and says what is inside. */
async function answer(
  own: OpenCase,
  bench: Bench,
  order: Order,
  { emit, signal }: Call<Emitted<typeof exactSetEventSchemas>>,
): Promise<void> {
  const started = performance.now();
  const onProgress = reporter(emit, `inputs run at ${shortName(order.query.site)}`);
  const { record, features } = await withInputs(own, bench, order, { onProgress, signal }, (inputs) =>
    recordOf(own, bench, inputs, order, signal),
  );
  const { interval: _, sampler: __, ...sent } = record;
  const { plateaus, points, heldUpTo, total } = sent.curve;
  emit({
    event: 'set',
    data: {
      record: {
        ...sent,
        curve: {
          total,
          points: points.map((point) => ({ ...point, features: [...point.features] })),
          plateaus: [...plateaus],
          heldUpTo: [...heldUpTo],
        },
      },
      features,
      figure: bothSchemes((theme) => curveFigure(record, theme)),
      milliseconds: millisecondsSince(started),
    },
  });
}

/** What would be run, and what keeps it from being run. @throws InputError for what is no input or no part of it */
function planOf(own: OpenCase, { input, site, vary: names }: z.output<typeof planRequestSchema>): ExactPlan {
  const { task } = own;
  const ids = task.encode(input);
  const variation = capability(task, 'variation', 'An exact conditional set');
  const at = resolveSite(site, task.sites);
  const varying = names ?? variation.usual(ids);
  const parts = variation.parts(ids).map(({ name, positions }) => ({
    name,
    tokens: task.decode(positions.map((position) => ids[position] ?? task.pad)).trim(),
    varies: varying.includes(name),
  }));
  const { size } = variation.varying(ids, varying);
  try {
    heldTask(task, ids, varying);
    return { parts, size, seconds: paceOf(own).secondsFor(at, size), problem: null };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { parts, size, seconds: null, problem: error.message };
  }
}

/** See the module. */
export const exactVerbs = {
  exactPlan: benchVerb({
    body: planRequestSchema,
    answer: exactPlanSchema,
    run: (request, { cases }) => cases.use(request.case, (own) => planOf(own, request)),
  }),

  exactSet: caseStream({
    body: exactSetRequestSchema,
    events: exactSetEventSchemas,
    plan: orderOf,
    run: ({ bench, turn, ...call }) => turn((own, order) => answer(own, bench, order, call)),
  }),
};
