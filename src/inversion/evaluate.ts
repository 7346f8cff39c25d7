/**
 * The headline figure of a decoder: of held-out queries, the share whose single sample at temperature 1
 * lies inside the ε-preimage, for each site.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { type HookedModel } from '../models/hooked-model.js';
import { resolveSite } from '../models/hooks.js';
import { randomFor } from '../random.js';
import { type Task } from '../tasks/task.js';
import { activationAt, createCollector } from './collect.js';
import { type Decoder, drawnTokens, heard, orderWord } from './decoder.js';
import { createJudge } from './judge.js';
import { type Metric } from './metrics.js';
import { createSampler } from './sampler.js';

/** What is evaluated. */
export interface EvaluateOptions {
  /** Held-out queries a site. */
  readonly queries: number;
  readonly seed: number;
  /** The task's unless given. */
  readonly epsilon?: number;
  readonly metric?: Metric;
  /** Hook names or short names; all of the decoder's unless given. */
  readonly sites?: readonly string[];
  readonly onSite?: (rate: SiteRate) => void;
}

/** A site's result. */
export interface SiteRate {
  readonly site: string;
  /** Share of samples inside. */
  readonly rate: number;
  /** Share of samples that are inputs of the task. */
  readonly valid: number;
}

/**
 * Measures the in-preimage rate of each site.
 * @throws InputError for a site that the decoder does not know
 */
export async function inPreimageRates(
  runtime: Runtime,
  model: HookedModel,
  decoder: Decoder,
  task: Task,
  options: EvaluateOptions,
): Promise<SiteRate[]> {
  const { queries, seed, epsilon = task.epsilon, metric = task.metric } = options;
  const { config } = decoder;
  const sites = options.sites?.map((site) => resolveSite(site, config.sites)) ?? config.sites;
  const width = config.activation_width;
  const tokens = drawnTokens(task, config.form);
  const random = randomFor(seed, 'evaluate');
  const inputs = Array.from({ length: queries }, () => task.sample(random, 'test'));
  const positions = inputs.map((ids) => {
    const among = task.positions(ids);
    return among[random.int(among.length)] ?? 0;
  });
  const collector = createCollector(runtime, model, sites, task.maxLength, task.pad);
  const sampler = createSampler(runtime, config, (name) => decoder.parameter(name), task.bos, tokens);
  try {
    const collected = await collector.collect(inputs);
    const rates: SiteRate[] = [];
    for (const site of sites) {
      const z = new Float32Array(queries * width);
      positions.forEach((position, row) => z.set(activationAt(collected, site, row, position), row * width));
      const uniforms = openUniforms(random.fill(new Float32Array(queries * tokens)));
      const drawn = await sampler.sample({
        z,
        sites: new Int32Array(queries).fill(config.sites.indexOf(site)),
        temperatures: new Float32Array(queries).fill(1),
        uniforms,
      });
      const candidates = inputs.map((_, row) => {
        const [from, to] = [row * tokens, (row + 1) * tokens];
        return heard(task, config.form, drawn.subarray(from, to), orderWord(uniforms.subarray(from, to)));
      });
      const judge = createJudge(runtime, model, task, site);
      const verdicts = (await judge.judge(candidates, z))[metric];
      await judge.dispose();
      const inside = verdicts.filter(({ distance }) => distance <= epsilon).length;
      const valid = candidates.filter((ids) => task.check(ids) === null).length;
      const rate = { site, rate: inside / queries, valid: valid / queries };
      options.onSite?.(rate);
      rates.push(rate);
    }
    return rates;
  } finally {
    await collector.dispose();
    await sampler.dispose();
  }
}

/** Mean of the sites' rates. */
export const averageRate = (rates: readonly SiteRate[]): number =>
  rates.reduce((sum, { rate }) => sum + rate, 0) / Math.max(1, rates.length);

/** Moves uniform numbers of 24 bits off 0, where a token of probability zero could be drawn. */
export function openUniforms(uniforms: Float32Array): Float32Array {
  for (let i = 0; i < uniforms.length; i++) uniforms[i] = (uniforms[i] ?? 0) + 2 ** -25;
  return uniforms;
}
