/**
 * How complete the decoder is: a scatter of its probability against distance. Hundreds of draws of noise take a minute:
 * they are made some at a time, so that who asks for a reading meanwhile waits for a moment and not for all of them.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../../input-error.js';
import { type Completeness, type Scoring, startCompleteness } from '../../interpret/completeness.js';
import { activationsOf } from '../../interpret/queries.js';
import { type CompletenessRecord } from '../../interpret/records.js';
import { expectEnumerable } from '../../inversion/enumerate/activations.js';
import { metricSchema } from '../../inversion/saved-reading.js';
import { shortName } from '../../models/hooks.js';
import { completenessFigure } from '../../report/plots/completeness.js';
import { capability } from '../../tasks/capabilities.js';
import { type Task } from '../../tasks/task.js';
import { type Bench, type Turns, caseStream } from '../bench.js';
import { count, jobEvents, progressEventSchema } from '../fields.js';
import { bothSchemes, figureSchema } from '../figures.js';
import { limits } from '../limits.js';
import { type OpenCase } from '../open-cases.js';
import { decoderOf } from '../readers.js';
import { ProblemError } from '../problem-error.js';
import { reporter } from '../progress.js';
import { placed, queryOf, queryRecord, viewed } from '../query-records.js';
import { type Emitted, type EventOf } from '../verb.js';

/** Body of `POST /api/completeness`. */
const completenessRequestSchema = z.strictObject({
  ...placed,
  ...viewed,
  /** Noise on the activation in units of its spread, and draws of it that a probability is averaged over. */
  noise: z.number().min(0).max(100).default(0.1),
  draws: z.number().int().min(1).max(limits.noiseDraws).default(100),
  /** Inputs outside that are scored too. */
  outside: count.max(limits.outside).default(2000),
  /** Log-probability that counts as vanishing; a hundredth of an even share of the preimage unless given. */
  floor: z.number().min(-1e6).max(0).optional(),
});
export type CompletenessRequest = z.input<typeof completenessRequestSchema>;

/** Event `scatter`: the record that `inversionview completeness --json` prints, drawn as well. */
const scatterEventSchema = z.object({
  record: z.object({
    ...queryRecord,
    completeness: z.object({
      epsilon: z.number(),
      metric: metricSchema,
      noise: z.number(),
      draws: count,
      floor: z.number(),
      /** Inputs there are, those inside, and those outside that were scored. */
      total: count,
      inside: count,
      outside: count,
      /** Inputs inside whose log-probability is below the floor, and the least of them all. */
      belowFloor: count,
      least: z.number(),
      /** Share of the decoder's probability that lies inside. */
      mass: z.number(),
      points: z.array(
        z.object({
          /** Its number in the task's data. */
          input: count,
          distance: z.number(),
          logProbability: z.number(),
          inside: z.boolean(),
        }),
      ),
    }),
  }),
  /** The least likely inputs inside, likeliest last. */
  unlikely: z.array(z.object({ text: z.string(), logProbability: z.number(), distance: z.number() })),
  figure: figureSchema,
  milliseconds: z.number(),
});
export type ScatterEvent = z.infer<typeof scatterEventSchema>;

/** Events of `POST /api/completeness` by name. */
export const completenessEventSchemas = {
  ...jobEvents,
  progress: progressEventSchema,
  scatter: scatterEventSchema,
};
export type CompletenessEvent = EventOf<typeof completenessEventSchemas>;

/** Milliseconds of draws in one turn. */
const turnLength = 400;
/** Inputs inside that are named, the least likely ones. */
const mostUnlikely = 12;
/** A probability of nothing has no logarithm that JSON could hold. */
const leastLog = -1e6;

type Work = Turns<ReturnType<typeof orderOf>, Emitted<typeof completenessEventSchemas>>;

function orderOf(own: OpenCase, request: z.output<typeof completenessRequestSchema>) {
  const { noise, draws, outside, floor } = request;
  expectEnumerable(own.task);
  return {
    ...queryOf(own, request),
    decoder: decoderOf(own, 'Completeness'),
    scored: { noise, draws, outside, ...(floor === undefined ? {} : { floor }) },
  };
}

/** Finds what is inside, and gets ready to score it. */
async function begin(
  own: OpenCase,
  { ids, query, decoder, scored }: ReturnType<typeof orderOf>,
  { bench: { runtime, passes }, emit, signal }: Work,
): Promise<Scoring> {
  const { task, model } = own;
  const { site, position, epsilon, metric, seed } = query;
  const [z = new Float32Array(0)] = await activationsOf(runtime, model, task, site, [{ ids, position }]);
  const onProgress = reporter(emit, `inputs run at ${shortName(site)}`);
  const set = await passes.use(model, task, site, { onProgress, signal }, (exact) =>
    exact.find(z, { epsilon, metric }),
  );
  if (set.size > limits.inside) {
    throw new InputError(
      `${set.size.toLocaleString('en')} inputs are inside, more than the ${limits.inside.toLocaleString('en')} that are scored here: choose a smaller ε, or another site or position.`,
    );
  }
  return startCompleteness(runtime, decoder, task, { z, site }, set, { epsilon, metric, ...scored, seed });
}

/** Scatters in the making on each bench. */
const inTheMaking = new WeakMap<Bench, number>();
const making = (bench: Bench): number => inTheMaking.get(bench) ?? 0;

/** @throws ProblemError when there are too many */
function expectPlace(bench: Bench): void {
  if (making(bench) < limits.scatters) return;
  throw new ProblemError({
    code: 'busy',
    message: `${limits.scatters} scatters are in the making already: try again when one is done.`,
  });
}

/** Draws until the turn is over. @returns whether there is nothing left to draw */
async function advance(scoring: Scoring, { emit, signal }: Work): Promise<boolean> {
  const until = performance.now() + turnLength;
  while (scoring.done < scoring.draws && performance.now() < until) {
    signal.throwIfAborted();
    await scoring.advance();
  }
  const { done, draws: all } = scoring;
  emit({ event: 'progress', data: { what: 'draws of noise', done, all } });
  return done >= all;
}

/** Makes a scatter in as many turns as it takes. */
async function makeScatter(work: Work): Promise<void> {
  const { bench, turn, emit } = work;
  const own: { scoring?: Scoring } = {};
  let started = 0;
  try {
    for (let complete = false; !complete;) {
      complete = await turn(async (opened, order) => {
        if (own.scoring === undefined) {
          expectPlace(bench);
          started = performance.now();
          own.scoring = await begin(opened, order, work);
          inTheMaking.set(bench, making(bench) + 1);
        }
        if (!(await advance(own.scoring, work))) return false;
        const completeness = finite(own.scoring.result());
        const record: CompletenessRecord = { ...order.query, completeness };
        emit({
          event: 'scatter',
          data: {
            record: {
              ...record,
              warnings: [...record.warnings],
              completeness: { ...completeness, points: [...completeness.points] },
            },
            unlikely: unlikelyOf(opened.task, completeness),
            figure: bothSchemes((theme) => completenessFigure(record, theme)),
            milliseconds: Math.round(performance.now() - started),
          },
        });
        return true;
      });
    }
  } finally {
    if (own.scoring !== undefined) inTheMaking.set(bench, making(bench) - 1);
    await own.scoring?.dispose();
  }
}

function unlikelyOf(task: Task, { points }: Completeness) {
  const { instance } = capability(task, 'data', 'Completeness');
  return points
    .filter(({ inside }) => inside)
    .sort((a, b) => a.logProbability - b.logProbability)
    .slice(0, mostUnlikely)
    .map(({ input, logProbability, distance }) => ({
      text: task.decode(instance(input)),
      logProbability,
      distance,
    }));
}

/** Figures that JSON can hold, to the digits that are known. */
const finite = (completeness: Completeness): Completeness => ({
  ...completeness,
  least: Math.max(leastLog, completeness.least),
  points: completeness.points.map(({ input, distance, logProbability, inside }) => ({
    input,
    distance: Math.round(distance * 1e5) / 1e5,
    logProbability: Math.max(leastLog, Math.round(logProbability * 1e4) / 1e4),
    inside,
  })),
});

/** See the module. */
export const completenessVerbs = {
  completeness: caseStream({
    body: completenessRequestSchema,
    events: completenessEventSchemas,
    plan: orderOf,
    run: makeScatter,
  }),
};
