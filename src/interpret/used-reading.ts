/**
 * Used versus contained for a reading: its candidates, and blind draws beside them, are patched into the query's run.
 *
 * A decoder's draws and the blind ones make a pool in which each input's chance of having been found is known, so that
 * both what is near and what has the same effect can be weighed, with intervals. A search goes a second time, by effect in
 * place of distance, and says nothing of how often its finds occur.
 * @module
 */
import { answerReads } from '../causal/answer-reads.js';
import { type Inserter, type InsertionQuery, createInserter } from '../causal/insertion.js';
import { GraphError, type Runtime } from '../engine/index.js';
import { type Choice, type Collector, createCollector, placesBeforeEos } from '../inversion/collect.js';
import { type Metric } from '../inversion/metrics.js';
import { type Reader } from '../inversion/preimage.js';
import { type Used } from '../inversion/reading-parts.js';
import { searchInputs } from '../inversion/search.js';
import { type Judged, type JudgedInput } from '../inversion/view.js';
import { type HookedModel, isLarge, rowsFor } from '../models/hooked-model.js';
import { randomFor } from '../random.js';
import { capability } from '../tasks/capabilities.js';
import { type SamplingRound, type Task } from '../tasks/task.js';
import { estimateBits, foundWeights } from './estimate.js';
import { foundSample } from './found-readout.js';
import { type Interpreter } from './interpreter.js';
import { type Drawn, drawnOf } from './proposal.js';
import { weightedSample } from './sample.js';
import { type InsideSample, answerOf, curveKls, klFigures, usedRecord, usualMaxKl } from './used.js';

/** How a reading was made and is viewed. */
export interface UsedReadingOptions {
  readonly rounds: readonly SamplingRound[];
  readonly epsilon: number;
  readonly metric: Metric;
  /** In nats; {@link usualMaxKl} unless given. */
  readonly maxKl?: number;
  /** Inputs whose activation was put in, and how many there are: of a search, the most there can be. */
  readonly onProgress?: (done: number, all: number) => void;
  /** Stops between batches. */
  readonly signal?: AbortSignal;
}

/** Blind draws; of a large model fewer. */
const [blindDraws, blindOfLarge] = [2048, 256];

/** Inputs that a search has run at a time. */
const searchRows = 32;

/** What patching an input's activation in did. */
interface Effect {
  readonly kl: number;
  readonly difference: number | null;
}

/**
 * Measures a reading.
 * @param reader that it was made by
 * @param interpreter with the same decoder, or with none where inputs were searched for
 * @throws InputError for a position that nothing of the answer is predicted after
 */
export async function usedOfReading(
  runtime: Runtime,
  model: HookedModel,
  reader: Reader,
  interpreter: Pick<Interpreter, 'task' | 'prior' | 'proposer'>,
  judged: Judged,
  { rounds, epsilon, metric, maxKl = usualMaxKl, onProgress, signal }: UsedReadingOptions,
): Promise<Used> {
  const { task, prior, proposer } = interpreter;
  const { query, seed } = judged.asked;
  const ids = task.encode(query.input);
  const { draw } = capability(task, 'distribution', 'A share of inputs');
  const reads = answerReads(task, ids, query.position);
  const blindCount = isLarge(model) ? blindOfLarge : blindDraws;
  const budget = Math.max(1, judged.candidates.length);
  // A search by effect puts in as many again.
  const most = judged.candidates.length + blindCount + budget;
  let all = proposer === null ? most : 0;
  const effects = await createEffects(runtime, model, task, {
    ids,
    site: query.site,
    position: query.position,
    reads,
    metric,
    rows: rowsFor(model, proposer === null ? searchRows : Infinity),
    onProgress: (done) => onProgress?.(done, all),
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    const random = randomFor(seed, 'patched');
    const drawn = Array.from({ length: blindCount }, () => draw(random));
    signal?.throwIfAborted();
    const judgedBlind = await reader.judge(judged, [ids, ...drawn]);
    signal?.throwIfAborted();
    const byKey = new Map(judgedBlind.map((one) => [one.ids.join(), one]));
    const blind = drawn.map((own) => of(byKey, own));
    const candidates = judged.candidates.filter(
      ({ valid, round }) => valid && (proposer === null || rounds[round]?.noise === 0),
    );
    const near = (one: { readonly distances: Readonly<Record<Metric, number>> }): boolean =>
      one.distances[metric] <= epsilon;
    const finish = async (
      inputs: readonly Drawn[],
      insideOf: (inside: (one: Drawn) => boolean) => Promise<InsideSample>,
    ): Promise<Used> => {
      await effects.add(inputs);
      const at = (most: number) => (one: Drawn) => effects.of(one.ids).kl <= most;
      const count = (inside: (one: Drawn) => boolean): number => inputs.filter(inside).length;
      const [distance, effect] = [await insideOf(near), await insideOf(at(maxKl))];
      const both = count((one) => near(one) && at(maxKl)(one));
      const curve: (InsideSample & { maxKl: number })[] = [];
      for (const most of curveKls) curve.push({ maxKl: most, ...(await insideOf(at(most))) });
      const blindEffects = blind.map((one) => effects.of(one.ids));
      const differences = blindEffects.flatMap(({ difference }) => difference ?? []);
      return usedRecord(prior, {
        ids,
        seed,
        answer: answerOf(task, reads),
        maxKl,
        inputs: proposer === null ? 'searched' : 'drawn',
        parts: {
          both,
          distanceOnly: count(near) - both,
          effectOnly: count(at(maxKl)) - both,
          neither: count((one) => !near(one) && !at(maxKl)(one)),
        },
        kl: klFigures(blindEffects.map(({ kl }) => kl)),
        logitDifference:
          effects.inserter.logitDifference === null
            ? null
            : {
                own: effects.inserter.logitDifference,
                distance: meanOf(inputs.filter(near), effects.of),
                effect: meanOf(inputs.filter(at(maxKl)), effects.of),
                all: differences.reduce((sum, own) => sum + own, 0) / differences.length,
              },
        distance,
        effect,
        curve,
      });
    };

    if (proposer !== null) {
      const plain = candidates.map(drawnOf);
      const draws = new Map<number, number>();
      for (const { round } of judged.candidates) {
        const { temperature = 1, noise = 0 } = rounds[round] ?? {};
        if (noise === 0) draws.set(temperature, (draws.get(temperature) ?? 0) + 1);
      }
      const pool = await proposer.pool(
        { ids, site: query.site, z: judged.z, random, ...(signal === undefined ? {} : { signal }) },
        {
          rounds: [...draws].map(([temperature, count]) => ({ temperature, draws: count })),
          blind: drawn.length,
        },
        plain,
        [of(byKey, ids), ...blind].map(drawnOf),
      );
      all = new Set(pool.inputs.map((one) => one.ids.join())).size;
      return await finish(pool.inputs, async (inside) => {
        const found = await pool.select(inside, metric);
        const estimate = estimateBits(found);
        return {
          sample: weightedSample(prior, foundWeights(found.found), estimate.effectiveSamples),
          bits: estimate.bits,
        };
      });
    }
    const searched = await searchByEffect(task, ids, effects, {
      budget,
      maxKl,
      seed,
      ...(signal === undefined ? {} : { signal }),
      judge: (inputs) => reader.judge(judged, inputs),
    });
    const distinct = new Map(
      [...candidates, ...searched, ...blind].map((one) => [one.ids.join(), drawnOf(one)]),
    );
    const inputs = [...distinct.values()];
    return await finish(inputs, (inside) =>
      Promise.resolve({
        sample: foundSample(
          prior,
          inputs.filter(inside).map((one) => ({ ids: one.ids, position: one.positions[metric] })),
        ),
        bits: null,
      }),
    );
  } finally {
    await effects.dispose();
  }
}

function of<T>(all: ReadonlyMap<string, T>, ids: readonly number[]): T {
  const found = all.get(ids.join());
  if (found === undefined) throw new GraphError('an input was not judged');
  return found;
}

function meanOf(inputs: readonly Drawn[], effectOf: (ids: readonly number[]) => Effect): number | null {
  const values = inputs.flatMap(({ ids }) => effectOf(ids).difference ?? []);
  return values.length === 0 ? null : values.reduce((sum, own) => sum + own, 0) / values.length;
}

/** Goes from input to input by effect: `√(KL / 2)` bounds how far a probability is moved, and is a distance like ε's. */
async function searchByEffect(
  task: Task,
  ids: readonly number[],
  effects: Effects,
  {
    budget,
    maxKl,
    seed,
    judge,
    signal,
  }: {
    readonly budget: number;
    readonly maxKl: number;
    readonly seed: number;
    readonly signal?: AbortSignal;
    judge(inputs: readonly (readonly number[])[]): Promise<readonly JudgedInput[]>;
  },
): Promise<JudgedInput[]> {
  const distanceOf = (kl: number): number => Math.sqrt(kl / 2);
  const out: JudgedInput[] = [];
  const found = searchInputs(task, ids, {
    budget,
    epsilon: distanceOf(maxKl),
    random: randomFor(seed, 'search by effect'),
    ...(signal === undefined ? {} : { signal }),
    async judge(inputs) {
      const all = await judge(inputs);
      await effects.add(all.map(drawnOf));
      return all;
    },
    distanceOf: (one) => distanceOf(effects.of(one.ids).kl),
  });
  for await (const some of found) out.push(...some.filter(({ valid }) => valid));
  return out;
}

/** Effects of inputs, each measured once. */
interface Effects {
  readonly inserter: Inserter;
  add(inputs: readonly Drawn[]): Promise<void>;
  of(ids: readonly number[]): Effect;
  dispose(): Promise<void>;
}

async function createEffects(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  {
    metric,
    rows: most,
    onProgress,
    signal,
    ...query
  }: InsertionQuery & {
    readonly metric: Metric;
    /** Activations collected and put in at a time. */
    readonly rows: number;
    readonly onProgress: (done: number) => void;
    readonly signal?: AbortSignal;
  },
): Promise<Effects> {
  const { width } = model.architecture;
  const inserter = await createInserter(runtime, model, query, most);
  const collector: Collector = createCollector(
    runtime,
    model,
    [query.site],
    placesBeforeEos(task),
    task.pad,
    most,
  );
  const known = new Map<string, Effect>();
  return {
    inserter,
    async add(inputs) {
      const fresh = [...new Map(inputs.map((one) => [one.ids.join(), one]))].filter(
        ([key]) => !known.has(key),
      );
      const choices = fresh.map(([, { positions }], row): Choice => ({
        row,
        site: 0,
        position: positions[metric],
      }));
      const picked = await collector.pick(
        fresh.map(([, { ids }]) => ids),
        choices,
      );
      const rows = new Float32Array(picked.length * width);
      // Every choice has a position of its own: none comes to nothing.
      picked.forEach((one, row) => rows.set(one?.activation ?? [], row * width));
      const before = known.size;
      const { kl, logitDifference } = await inserter.insert(rows, {
        onProgress: (done) => onProgress(before + done),
        ...(signal === undefined ? {} : { signal }),
      });
      fresh.forEach(([key], row) =>
        known.set(key, { kl: kl[row] ?? NaN, difference: logitDifference?.[row] ?? null }),
      );
    },
    of: (ids) => of(known, ids),
    async dispose() {
      await inserter.dispose();
      await collector.dispose();
    },
  };
}
