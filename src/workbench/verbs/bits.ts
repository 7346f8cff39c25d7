/**
 * The information at every position of a site, each from few draws: what the overview's map of bits is made of. The draws
 * of the last map are kept, so that ε and metric move without drawing again.
 * @module
 */
import { z } from 'zod';
import { metricSchema } from '../../inversion/saved-reading.js';
import { estimateBits } from '../../interpret/estimate.js';
import { type Pool, drawnOf } from '../../interpret/proposal.js';
import { activationsOf } from '../../interpret/queries.js';
import { randomFor } from '../../random.js';
import { capability } from '../../tasks/capabilities.js';
import { type SamplingRound, type Task } from '../../tasks/task.js';
import { type Bench, caseStream } from '../bench.js';
import { count, jobEvents } from '../fields.js';
import {
  axesOf,
  describeAxes,
  mapDoneSchema,
  mapFields,
  overviewPlanSchema,
  surveySites,
} from '../map-axes.js';
import { type OpenCase } from '../open-cases.js';
import { estimateSchema, viewed } from '../query-records.js';
import { instrumentsOf, readerOf } from '../readers.js';
import { type EventOf } from '../verb.js';
import { interpreterOf } from './interpret.js';

/** Body of `POST /api/bits`: an overview's, without what has no density to weigh by. */
const bitsMapRequestSchema = z.strictObject({ ...mapFields, ...viewed });
export type BitsMapRequest = z.input<typeof bitsMapRequestSchema>;

/** Event `bits`: one site and position. */
const bitsCellSchema = estimateSchema.extend({
  site: z.string(),
  position: count,
  metric: metricSchema,
  epsilon: z.number(),
  /** Draws, and distinct inputs found inside. */
  draws: count,
  found: count,
});
export type BitsCell = z.infer<typeof bitsCellSchema>;

/** Events of `POST /api/bits` by name. */
export const bitsMapEventSchemas = {
  ...jobEvents,
  plan: overviewPlanSchema.extend({
    /** Bits of the query's input alone: what an activation tells that leaves no other. */
    most: z.number(),
  }),
  bits: bitsCellSchema,
  done: mapDoneSchema,
};
export type BitsMapEvent = EventOf<typeof bitsMapEventSchemas>;

function planOf(own: OpenCase, request: z.output<typeof bitsMapRequestSchema>, bench: Bench) {
  const { epsilon = own.task.epsilon, metric = own.task.metric, ...map } = request;
  const axes = axesOf(own, map, bench);
  return { ...axes, epsilon, metric, most: mostBits(axes.task, axes.ids) };
}

/** One site of a map; `candidates` are draws of the decoder a cell, half at temperature 1 and half at 2. */
type MapOrder = ReturnType<typeof planOf> & { readonly site: string };

/** Blind draws a cell: never so few that a preimage of one input in a hundred is missed. */
const blindDraws = (candidates: number): number => Math.max(1024, 4 * candidates);

/** Makes it for a case that has a decoder. */
function createBitsMap(own: OpenCase, bench: Bench) {
  const { model, task } = own;
  const { runtime } = bench;
  const reader = readerOf(own, bench);
  const { proposer } = interpreterOf(own, bench);
  let saved = { key: '', pools: new Map<string, Pool>() };

  async function fill(
    { ids, site, positions, seed, candidates }: MapOrder,
    pools: Map<string, Pool>,
    onPool: (position: number, pool: Pool) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const half = Math.ceil(candidates / 2);
    const rounds: readonly SamplingRound[] = [
      { temperature: 1, noise: 0, candidates: half },
      { temperature: 2, noise: 0, candidates: candidates - half },
    ];
    const blind = blindDraws(candidates);
    const random = randomFor(seed, 'blind');
    const placed = positions.map((position) => ({ ids, position }));
    const activations = await activationsOf(runtime, model, task, site, placed);
    // Each input is run once, for all positions.
    const { draw } = capability(task, 'distribution', 'An amount of information');
    const inputs = [ids, ...Array.from({ length: blind }, () => draw(random))];
    const nearest = await instrumentsOf(own, bench).judge(site).nearest(inputs, activations, signal);
    for await (const { position, candidates: judged } of reader.survey({
      ids,
      site,
      positions,
      seed,
      rounds,
      signal,
    })) {
      const at = positions.indexOf(position);
      const z = activations[at] ?? new Float32Array(0);
      const pool = await proposer().pool(
        { ids, site, z, random, signal },
        { rounds: rounds.map(({ temperature, candidates: draws }) => ({ temperature, draws })), blind },
        judged.map(drawnOf),
        nearest[at]?.map((near, row) => ({ ids: inputs[row] ?? ids, ...near })),
      );
      pools.set(`${site} ${position}`, pool);
      await onPool(position, pool);
    }
  }

  return {
    /** Reports each position as it is known. */
    async survey(order: MapOrder, emit: (cell: BitsCell) => void, signal: AbortSignal): Promise<void> {
      const { ids, site, positions, seed, candidates, epsilon, metric } = order;
      const key = JSON.stringify([ids, seed, candidates]);
      if (saved.key !== key) saved = { key, pools: new Map() };
      const { pools } = saved;
      const report = async (position: number, pool: Pool): Promise<void> => {
        const proposed = await pool.within({ epsilon, metric });
        emit({
          site,
          position,
          metric,
          epsilon,
          ...estimateBits(proposed),
          draws: proposed.draws,
          found: proposed.found.length,
        });
      };
      const missing: number[] = [];
      for (const position of positions) {
        signal.throwIfAborted();
        const pool = pools.get(`${site} ${position}`);
        if (pool === undefined) missing.push(position);
        else await report(position, pool);
      }
      if (missing.length > 0) await fill({ ...order, positions: missing }, pools, report, signal);
    },
  };
}

/** Bits of one input alone; of what is no input, of one that is as likely as all others. */
function mostBits(task: Task, ids: readonly number[]): number {
  const log = capability(task, 'distribution', 'An amount of information').logProbability(ids);
  return log > -Infinity ? -log / Math.LN2 : Math.log2(task.data?.size ?? Infinity);
}

/** See the module. */
export const bitsVerbs = {
  bits: caseStream({
    body: bitsMapRequestSchema,
    events: bitsMapEventSchemas,
    plan: planOf,
    async run({ bench, turn, emit, signal }, plan) {
      emit({ event: 'plan', data: { ...describeAxes(plan), most: plan.most } });
      const done = await surveySites({ turn }, plan, (own, order) =>
        own.part(createBitsMap, bench).survey(order, (data) => emit({ event: 'bits', data }), signal),
      );
      emit({ event: 'done', data: done });
    },
  }),
};
