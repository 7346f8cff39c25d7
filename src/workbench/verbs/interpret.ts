/**
 * What one activation tells, for a page: bits, features and words, from draws of the decoder and, where it is asked for
 * and can be, from all inputs. The draws of recent questions are kept, so that ε and metric move without drawing again.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../../input-error.js';
import { expectEnumerable } from '../../inversion/enumerate/activations.js';
import { type ExactSet } from '../../inversion/enumerate/exact.js';
import { someMembers } from '../../inversion/enumerate/members.js';
import { readoutSchema } from '../../inversion/reading.js';
import { foundFeatures } from '../../interpret/found-readout.js';
import { type Interpreter, createInterpreter } from '../../interpret/interpreter.js';
import { type Pool, type Proposer } from '../../interpret/proposal.js';
import { activationsOf } from '../../interpret/queries.js';
import { type BitsRecord } from '../../interpret/records.js';
import { shortName } from '../../models/hooks.js';
import { randomFor } from '../../random.js';
import { bitsFigure } from '../../report/plots/bits.js';
import { featuresOf } from '../../tasks/feature.js';
import { type Bench, caseStream } from '../bench.js';
import { count, jobEvents, progressEventSchema } from '../fields.js';
import { findsOf } from '../finds.js';
import { bothSchemes, figureSchema } from '../figures.js';
import { limits } from '../limits.js';
import { type OpenCase } from '../open-cases.js';
import { reporter } from '../progress.js';
import { estimateSchema, placed, queryOf, queryRecord, viewed } from '../query-records.js';
import { decoderOf, instrumentsOf, readerOf } from '../readers.js';
import { type Call, type Emitted, type EventOf } from '../verb.js';

/** Body of `POST /api/interpret`. */
const interpretRequestSchema = z.strictObject({
  ...placed,
  ...viewed,
  /** Names of the task's features; all unless given. */
  features: z.array(z.string().max(100)).min(1).max(limits.features).optional(),
  /** Whether all inputs of the task are run, where they can be: the preimage is then known, not estimated. */
  exact: z.boolean().default(false),
  /** Inputs of the exact preimage that are sent, drawn evenly. */
  members: count.max(limits.members).default(0),
  /** Whether the features are sent as figures too. */
  figures: z.boolean().default(false),
});
export type InterpretRequest = z.input<typeof interpretRequestSchema>;

/** What is known of one feature; see `FeatureBits` of `interpret`. */
export const featureBitsSchema = z.object({
  feature: z.string(),
  bits: z.number(),
  /** Entropy over all inputs, and inside the preimage. */
  before: z.number(),
  after: z.number(),
  /** Bits that as many inputs drawn blindly would seem to give; 0 of an exact preimage. */
  baseline: z.number(),
  /** Share of the preimage with the query's value, 0 … 1. */
  consistency: z.number(),
  /** The query's value. */
  value: z.union([z.string(), z.number(), z.null()]),
});

/** Event `told`: the record that `inversionview bits --json` prints, and what it rests on. */
const interpretedSchema = z.object({
  record: z.object({
    ...queryRecord,
    exact: z.object({ bits: z.number().nullable(), size: count }).nullable(),
    /** Null without a decoder: a search says nothing of how likely its finds are. */
    estimate: estimateSchema.nullable(),
    /** The most informative above chance first. */
    features: z.array(featureBitsSchema),
    readout: readoutSchema,
  }),
  /** Draws of the decoder and blind ones; those that are inputs of the task, those inside, and distinct ones inside. */
  draws: z.object({ decoder: count, blind: count, valid: count, inside: count, distinct: count }).nullable(),
  /** Of a search: inputs that were judged, and those of them that are inputs of the task inside. */
  found: z.object({ judged: count, inside: count }).nullable(),
  /** Inputs of the task, where all were run. */
  total: count.nullable(),
  /** Some of the exact preimage, sorted by distance. */
  members: z.array(z.object({ text: z.string(), distance: z.number(), matchedPosition: count })),
  figure: figureSchema.nullable(),
  milliseconds: z.number(),
});
export type Interpreted = z.infer<typeof interpretedSchema>;

/** Events of `POST /api/interpret` by name. */
export const interpretEventSchemas = {
  ...jobEvents,
  progress: progressEventSchema,
  told: interpretedSchema,
};
export type InterpretEvent = EventOf<typeof interpretEventSchemas>;

/** Questions whose draws are kept: ten thousand inputs each. */
const mostPools = 6;

/** What is asked, in the program's own terms. @throws InputError naming what cannot be taken */
function orderOf(own: OpenCase, request: z.output<typeof interpretRequestSchema>) {
  const { exact, members, figures, features } = request;
  const { task, described } = own;
  if (exact) expectEnumerable(task);
  else if (described.unavailable !== null) throw new InputError(described.unavailable);
  const names = features === undefined ? null : featuresOf(task, { names: features }).map(({ name }) => name);
  return { ...queryOf(own, request), features: names, exact, members, figures };
}
export type InterpretOrder = ReturnType<typeof orderOf>;

/** Interprets activations of one case. */
interface CaseInterpreter {
  /** What draws and weighs; of a case that has a decoder. */
  proposer(): Proposer;
  interpret(order: InterpretOrder, call: Call<Emitted<typeof interpretEventSchemas>>): Promise<void>;
  dispose(): Promise<void>;
}

function createCaseInterpreter(own: OpenCase, bench: Bench): CaseInterpreter {
  const { runtime, passes, priorOf } = bench;
  const { task, model, decoder } = own;
  let made: Interpreter | null = null;
  const interpreter = (): Interpreter =>
    (made ??= createInterpreter(runtime, model, decoder, task, {
      prior: priorOf(task),
      instruments: instrumentsOf(own, bench),
    }));
  const pools = new Map<string, { readonly z: Float32Array; readonly pool: Pool | null }>();

  async function drawn(
    { ids, query: { site, position, seed } }: InterpretOrder,
    onProgress: (done: number, all: number) => void,
    signal: AbortSignal,
  ): Promise<{ z: Float32Array; pool: Pool | null }> {
    const key = JSON.stringify([ids, site, position, seed]);
    const known = pools.get(key);
    pools.delete(key);
    if (known !== undefined) {
      pools.set(key, known);
      return known;
    }
    const [z = new Float32Array(0)] = await activationsOf(runtime, model, task, site, [{ ids, position }]);
    const pool =
      decoder === null ? null : await interpreter().gather({ ids, site, z, seed, onProgress, signal });
    pools.set(key, { z, pool });
    for (const old of [...pools.keys()].slice(0, -mostPools)) pools.delete(old);
    return { z, pool };
  }

  return {
    proposer() {
      decoderOf(own, 'An amount of information');
      const { proposer } = interpreter();
      if (proposer === null) throw new TypeError('a decoder gives a proposer');
      return proposer;
    },
    async interpret(order, call) {
      const { emit, signal } = call;
      const { ids, query, features, exact } = order;
      if (decoder === null && !exact) {
        await interpretFinds(own, bench, order, call);
        return;
      }
      const { epsilon, metric, site, seed } = query;
      const started = performance.now();
      const report = (what: string): ReturnType<typeof reporter> => reporter(emit, what);
      const { z, pool } = await drawn(order, report('inputs drawn and judged'), signal);
      const set: ExactSet | null = !exact
        ? null
        : await passes.use(
            model,
            task,
            site,
            { onProgress: report(`inputs run at ${shortName(site)}`), signal },
            (preimages) => preimages.find(z, { epsilon, metric }),
          );
      signal.throwIfAborted();
      const answer = await interpreter().interpretPool({
        ids,
        seed,
        epsilon,
        metric,
        pool,
        set,
        signal,
        ...(features === null ? {} : { features }),
      });
      const { estimate, proposed } = answer;
      const record: BitsRecord = {
        ...query,
        exact: answer.exact,
        estimate,
        features: answer.features,
        readout: answer.readout(),
      };
      const shown = randomFor(seed, 'shown');
      emit({
        event: 'told',
        data: {
          record: { ...record, warnings: [...record.warnings], features: [...record.features] },
          draws:
            pool === null || proposed === null
              ? null
              : {
                  decoder: pool.said,
                  blind: pool.blind,
                  valid: proposed.valid,
                  inside: proposed.inside,
                  distinct: proposed.found.length,
                },
          found: null,
          total: set?.total ?? null,
          members:
            set === null
              ? []
              : await someMembers(runtime, model, task, { site, z, metric }, set, order.members, shown),
          figure: order.figures ? bothSchemes((theme) => bitsFigure(record, theme)) : null,
          milliseconds: Math.round(performance.now() - started),
        },
      });
    },
    async dispose() {
      pools.clear();
      await made?.dispose();
    },
  };
}

/** What members tell that the model found by itself: those of the last search for this activation, or of one made now. */
async function interpretFinds(
  own: OpenCase,
  bench: Bench,
  { ids, query, features }: InterpretOrder,
  { emit, signal }: Call<Emitted<typeof interpretEventSchemas>>,
): Promise<void> {
  const { task } = own;
  const { epsilon, metric, site, position, seed } = query;
  const started = performance.now();
  const sought = { ids, site, position, seed };
  let candidates = findsOf(own).of(sought);
  if (candidates === null) {
    const found = findsOf(own).begin(sought);
    candidates = found;
    const reader = readerOf(own, bench);
    const all = task.rounds.reduce((sum, round) => sum + round.candidates, 0);
    for await (const batch of reader.draw(await reader.runQuery(sought), { epsilon, metric, signal })) {
      found.push(...batch);
      emit({ event: 'progress', data: { what: 'inputs searched', done: found.length, all } });
    }
  }
  const { readout, inside, ...measured } = foundFeatures(bench.priorOf(task), ids, candidates, {
    epsilon,
    metric,
    seed,
  });
  const shown = measured.features.filter(({ feature }) => features?.includes(feature) !== false);
  emit({
    event: 'told',
    data: {
      record: {
        ...query,
        warnings: [...query.warnings],
        exact: null,
        estimate: null,
        features: shown,
        readout,
      },
      draws: null,
      found: { judged: candidates.length, inside },
      total: null,
      members: [],
      figure: null,
      milliseconds: Math.round(performance.now() - started),
    },
  });
}

/** The interpreter of a case, made when it is first wanted. */
export const interpreterOf = (own: OpenCase, bench: Bench): CaseInterpreter =>
  own.part(createCaseInterpreter, bench);

/** See the module. */
export const interpretVerbs = {
  interpret: caseStream({
    body: interpretRequestSchema,
    events: interpretEventSchemas,
    plan: orderOf,
    run: ({ bench, turn, ...call }) => turn((own, order) => interpreterOf(own, bench).interpret(order, call)),
  }),
};
