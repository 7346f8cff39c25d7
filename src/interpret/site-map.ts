/**
 * What sites hold at places of the input: the information of many activations, site by site, place by place. How one
 * activation is asked (from the exact preimage, by a decoder, by classes) is left to who asks.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { type Metric } from '../inversion/metrics.js';
import { type HookedModel } from '../models/hooked-model.js';
import { seedFor } from '../random.js';
import { type Task } from '../tasks/task.js';
import { type Interpretation } from './interpreter.js';
import { type QueryBits, siteBits } from './mutual-information.js';
import { activationsOf, drawQueries } from './queries.js';
import { type SitesRecord, agreementOf } from './records.js';

/** An activation that is asked. */
export interface AskedActivation {
  readonly ids: readonly number[];
  readonly site: string;
  readonly z: Float32Array;
  readonly seed: number;
  /** The meter's unless given. */
  readonly epsilon?: number;
  readonly metric?: Metric;
}

/** What one activation tells, as far as a map takes it. */
export type MeasuredBits = Pick<Interpretation, 'exact' | 'estimate' | 'features'>;

/** Answers for one site, opened when its turn comes. */
export interface SiteMeter {
  measure(asked: AskedActivation): Promise<MeasuredBits>;
  dispose(): Promise<void>;
}

/** What is mapped. */
export interface SiteMapQuestion {
  readonly sites: readonly string[];
  /** Place names or indices; null for any place that the task asks about. */
  readonly places: readonly (string | null)[];
  /** Held-out inputs of each place. */
  readonly queries: number;
  readonly seed: number;
  readonly open: (site: string) => Promise<SiteMeter>;
  readonly onProgress?: (done: number, all: number) => void;
}

/** Goes through sites and places. */
export async function mapSites(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  { sites, places, queries, seed, open, onProgress }: SiteMapQuestion,
): Promise<Pick<SitesRecord, 'sites' | 'agreement'>> {
  const asked = places.map((place) => ({ place, queries: drawQueries(task, queries, place, seed) }));
  const rows: SitesRecord['sites'][number][] = [];
  const pairs: Parameters<typeof agreementOf>[0][number][] = [];
  let done = 0;
  for (const site of sites) {
    const meter = await open(site);
    try {
      for (const { place, queries: placed } of asked) {
        const activations = await activationsOf(runtime, model, task, site, placed);
        const answers: QueryBits[] = [];
        for (const [at, { ids }] of placed.entries()) {
          const own = seedFor(seed, 'query', site, place ?? '', at);
          const z = activations[at] ?? new Float32Array(0);
          const { exact, estimate, features } = await meter.measure({ ids, site, z, seed: own });
          answers.push({ bits: exact === null ? (estimate?.bits ?? null) : exact.bits, features });
          pairs.push({ exact: exact?.bits ?? null, estimate });
          onProgress?.(++done, sites.length * places.length * queries);
        }
        rows.push({ site, place, ...siteBits(answers) });
      }
    } finally {
      await meter.dispose();
    }
  }
  const compared = pairs.some(({ exact, estimate }) => exact !== null && estimate !== null);
  return { sites: rows, agreement: compared ? agreementOf(pairs) : null };
}
