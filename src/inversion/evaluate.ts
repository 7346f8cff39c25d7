/**
 * The headline figure of a decoder: of queries that it was not trained on, the share whose single sample at temperature 1
 * lies inside the ε-preimage, for each site.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { type HookedModel } from '../models/hooked-model.js';
import { InputError } from '../input-error.js';
import { headOf, resolveSite, shortName } from '../models/hooks.js';
import { randomFor } from '../random.js';
import { attendedAt } from '../tasks/attended-positions.js';
import { thresholdAt } from '../tasks/epsilon.js';
import { placeName } from '../tasks/positions.js';
import { type Task } from '../tasks/task.js';
import { activationAt, attentionToBos, createCollector } from './collect.js';
import { type Decoder, drawnTokens } from './decoder.js';
import { decoderSampler } from './instruments.js';
import { createJudge } from './judge.js';
import { type Metric } from './metrics.js';
import { singleSamples } from './single-samples.js';

/** What is evaluated. */
export interface EvaluateOptions {
  /** Queries a site; every site is asked with the same ones. */
  readonly queries: number;
  /** Number of the first query: parts of an evaluation are put together by {@link joinRates}. 0 unless given. */
  readonly first?: number;
  readonly seed: number;
  /** The one chosen for a site and place, or else the task's, unless given. */
  readonly epsilon?: number;
  readonly metric?: Metric;
  /** Other ε at which the same samples are counted. */
  readonly thresholds?: readonly number[];
  /** Hook names or short names; all of the decoder's unless given. */
  readonly sites?: readonly string[];
  /** Where queries and samples come from; a stream of its own for each site and query unless given. */
  readonly draws?: (tokens: number) => EvaluationDraws;
  readonly onSite?: (rate: SiteRate) => void;
}

/** The random part of an evaluation. */
export interface EvaluationDraws {
  /** Inputs, ids from BOS to EOS, and the index of the token at which each is read. */
  readonly queries: readonly { readonly ids: readonly number[]; readonly position: number }[];
  /** Numbers in [0, 1) that draw a site's samples, `[queries · tokens]`; sites are asked in the order of the options. */
  uniforms(site: string): Float32Array;
}

/** The share of samples inside at one ε. */
export interface RateWithin {
  readonly epsilon: number;
  readonly rate: number;
}

/** A site's result. */
export interface SiteRate {
  readonly site: string;
  /** Share of samples inside. */
  readonly rate: number;
  /** Share of samples that are inputs of the task. */
  readonly valid: number;
  /** The share inside at other ε, where it was asked for. */
  readonly within?: readonly RateWithin[] | undefined;
  /** Queries that could be asked there, where positions rest on a head's attention; all unless given. */
  readonly queries?: number | undefined;
}

/**
 * Measures the in-preimage rate of each site. A site's figure rests on the seed, the site and the numbers of its queries
 * alone, not on what else is measured.
 * @throws InputError for a site that the decoder does not know
 */
export async function inPreimageRates(
  runtime: Runtime,
  model: HookedModel,
  decoder: Decoder,
  task: Task,
  options: EvaluateOptions,
): Promise<SiteRate[]> {
  const { queries: count, first = 0, seed, epsilon, metric = task.metric } = options;
  const { config } = decoder;
  const sites = options.sites?.map((site) => resolveSite(site, config.sites)) ?? config.sites;
  const width = config.activation_width;
  const tokens = drawnTokens(task, config.form);
  const draws = options.draws?.(tokens) ?? itemDraws(task, seed, first, count, tokens);
  const inputs = draws.queries.map(({ ids }) => ids);
  const collector = createCollector(runtime, model, sites, task.maxLength, task.pad);
  const sampler = decoderSampler(runtime, decoder, task);
  try {
    const { attended } = task;
    const collected = await collector.collect(inputs, undefined, attended !== undefined);
    const rates: SiteRate[] = [];
    for (const site of sites) {
      const rests = attended !== undefined && headOf(site) !== null;
      const asked = draws.queries.flatMap(({ ids, position: drawn }, row) => {
        const position = rests
          ? attendedAt(
              attended,
              ids,
              randomFor(seed, 'attended', site, first + row).next(),
            )(attentionToBos(collected, site, row))
          : drawn;
        return position === null ? [] : [{ row, position }];
      });
      if (asked.length === 0)
        throw new InputError(
          `${shortName(site)} is asked nothing: it attends to BOS in each of ${count} texts. Leave it out with --sites.`,
        );
      const all = draws.uniforms(site);
      const z = new Float32Array(asked.length * width);
      const uniforms = new Float32Array(asked.length * tokens);
      asked.forEach(({ row, position }, at) => {
        z.set(activationAt(collected, site, row, position), at * width);
        uniforms.set(all.subarray(row * tokens, (row + 1) * tokens), at * tokens);
      });
      const judge = createJudge(runtime, model, task, site);
      const samples = await singleSamples(task, decoder, sampler, judge, { site, metric }, z, uniforms);
      await judge.dispose();
      const inside = samples.filter(({ verdict }, at) => {
        const { row, position } = asked[at] ?? { row: 0, position: 0 };
        const place = placeName(task, inputs[row] ?? [], position);
        return verdict.distance <= thresholdAt(task, site, place, { epsilon, metric }).epsilon;
      }).length;
      const valid = samples.filter((one) => one.valid).length;
      const within = options.thresholds?.map((own) => ({
        epsilon: own,
        rate: samples.filter(({ verdict }) => verdict.distance <= own).length / asked.length,
      }));
      const rate = {
        site,
        rate: inside / asked.length,
        valid: valid / asked.length,
        ...(within === undefined ? {} : { within }),
        ...(rests ? { queries: asked.length } : {}),
      };
      options.onSite?.(rate);
      rates.push(rate);
    }
    return rates;
  } finally {
    await collector.dispose();
    await sampler.dispose();
  }
}

/** Queries by number, the same at every site, and samples by site and number. */
function itemDraws(task: Task, seed: number, first: number, count: number, tokens: number): EvaluationDraws {
  const items = Array.from({ length: count }, (_, at) => first + at);
  return {
    queries: items.map((item) => {
      const random = randomFor(seed, 'evaluate', item);
      const ids = task.sample(random, 'test');
      const among = task.positions(ids);
      return { ids, position: among[random.int(among.length)] ?? 0 };
    }),
    uniforms(site) {
      const uniforms = new Float32Array(count * tokens);
      items.forEach((item, row) =>
        randomFor(seed, 'evaluate', site, item).fill(uniforms.subarray(row * tokens, (row + 1) * tokens)),
      );
      return uniforms;
    },
  };
}

/**
 * The rates of queries that were asked in parts, each part at the same sites.
 * @returns what one evaluation of all of them gives
 */
export function joinRates(
  parts: readonly { readonly queries: number; readonly rates: readonly SiteRate[] }[],
): SiteRate[] {
  return (parts[0]?.rates ?? []).map(({ site, queries: rested }, at) => {
    const asked = parts.map(({ queries, rates }) => rates[at]?.queries ?? queries);
    const all = asked.reduce((sum, queries) => sum + queries, 0);
    const share = (of: (rate: SiteRate) => number | undefined): number =>
      parts.reduce((sum, { rates }, part) => {
        const [own] = rates.slice(at, at + 1);
        return sum + Math.round((own === undefined ? 0 : (of(own) ?? 0)) * (asked[part] ?? 0));
      }, 0) / all;
    const within = parts[0]?.rates[at]?.within?.map(({ epsilon }, number) => ({
      epsilon,
      rate: share((own) => own.within?.[number]?.rate),
    }));
    const own = {
      site,
      rate: share(({ rate }) => rate),
      valid: share(({ valid }) => valid),
      ...(within === undefined ? {} : { within }),
    };
    return rested === undefined ? own : { ...own, queries: all };
  });
}

/** Mean of the sites' rates. */
export const averageRate = (rates: readonly SiteRate[]): number =>
  rates.reduce((sum, { rate }) => sum + rate, 0) / Math.max(1, rates.length);
