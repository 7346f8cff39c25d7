/**
 * The information at every position of a site, each from few draws: what the overview's map of bits is made of. The draws
 * of the last map are kept, so that ε and metric move without drawing again.
 * @module
 */
import { capability } from '../../tasks/capabilities.js';
import { type BitsCell, type BitsMapRequest } from '../contract/index.js';
import { type Runtime } from '../../engine/index.js';
import { judgeMany } from '../../inversion/judge-many.js';
import { type Reader } from '../../inversion/preimage.js';
import { estimateBits } from '../../interpret/estimate.js';
import { type Nearness, type Pool, type Proposer, drawnOf } from '../../interpret/proposal.js';
import { activationsOf } from '../../interpret/queries.js';
import { type HookedModel } from '../../models/hooked-model.js';
import { randomFor } from '../../random.js';
import { type SamplingRound, type Task } from '../../tasks/task.js';

/** One site of a map. */
export interface MapOrder extends Nearness {
  readonly ids: readonly number[];
  readonly site: string;
  readonly positions: readonly number[];
  readonly seed: number;
  /** Draws of the decoder a cell, half at temperature 1 and half at 2. */
  readonly candidates: NonNullable<BitsMapRequest['candidates']>;
}

/** Measures sites of one case. */
export interface BitsMap {
  /** Tells each position as it is known. */
  survey(order: MapOrder, emit: (cell: BitsCell) => void, signal: AbortSignal): Promise<void>;
}

/** Blind draws a cell: never so few that a preimage of one input in a hundred is missed. */
const blindDraws = (candidates: number): number => Math.max(1024, 4 * candidates);

/** Makes it for a case that has a decoder. */
export function createBitsMap(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  reader: Reader,
  proposer: () => Proposer,
): BitsMap {
  let kept = { key: '', pools: new Map<string, Pool>() };

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
    const nearest = await judgeMany(runtime, model, task, site, inputs, activations, signal);
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
    async survey(order, emit, signal) {
      const { ids, site, positions, seed, candidates, epsilon, metric } = order;
      const key = JSON.stringify([ids, seed, candidates]);
      if (kept.key !== key) kept = { key, pools: new Map() };
      const { pools } = kept;
      const tell = async (position: number, pool: Pool): Promise<void> => {
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
        else await tell(position, pool);
      }
      if (missing.length > 0) await fill({ ...order, positions: missing }, pools, tell, signal);
    },
  };
}
