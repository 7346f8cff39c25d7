/**
 * The tokens that a site raises and lowers most by itself, and how often what an input is about is among them.
 * @module
 */
import { type Share, shareOf } from '../share.js';
import { type Runtime } from '../engine/index.js';
import { type HookedModel } from '../models/hooked-model.js';
import { type Attribution, type AttributionQuestion, attribute } from './attribution.js';

/** Tokens with their values. */
export type TokenValues = readonly { readonly token: number; readonly value: number }[];

/** The `count` most raised and most lowered tokens, the strongest first. */
export function extremes(values: Float32Array, count: number): { raised: TokenValues; lowered: TokenValues } {
  return { raised: strongest(values, count, 1), lowered: strongest(values, count, -1) };
}

/** The first `count` by `sign · value`; of equal ones the lower token first. Few of many: sorting all would take longer. */
function strongest(values: Float32Array, count: number, sign: 1 | -1): TokenValues {
  const out: { token: number; value: number }[] = [];
  for (let token = 0; token < values.length; token++) {
    const value = values[token] ?? 0;
    const last = out[count - 1];
    if (count === 0 || (last !== undefined && sign * value <= sign * last.value)) continue;
    let at = Math.min(out.length, count - 1);
    while (at > 0 && sign * value > sign * (out[at - 1]?.value ?? 0)) at--;
    out.splice(at, 0, { token, value });
    if (out.length > count) out.pop();
  }
  return out;
}

/**
 * The value from which on one is among the `count` largest, and the one up to which it is among the smallest. Sorting fifty
 * thousand tokens for each site and input would take longer than the run.
 */
function bounds(values: Float32Array, count: number): { readonly from: number; readonly to: number } {
  const { raised, lowered } = extremes(values, count);
  return { from: raised.at(-1)?.value ?? Infinity, to: lowered.at(-1)?.value ?? -Infinity };
}

/** Shares of the inputs, each with its 95% interval. */
export interface ExtremeShares {
  /** Any of the input's tokens is among the most raised, or among the most lowered. */
  readonly raised: Share;
  readonly lowered: Share;
  /** And no rival is raised, or lowered, more; null without rivals. */
  readonly firstRaised: Share | null;
  readonly firstLowered: Share | null;
}

/** What is looked for among the extremes. */
export interface ExtremesQuestion {
  /** For each input the tokens looked for (a name with and without a space, for instance). */
  readonly tokens: readonly (readonly number[])[];
  /** How many count as the most raised, and as the most lowered: 30 in the paper, of 50,257. */
  readonly count: number;
  /** Tokens that could stand in their place (all names, for instance): which of them comes first is counted too. */
  readonly rivals?: readonly number[];
}

/** Makes shares of attributions that come one after another. */
export interface ExtremesCounter {
  visit(attribution: Attribution, index: number): void;
  /** By site. */
  result(): Map<string, ExtremeShares>;
}

/** Begins to count; see {@link ExtremesQuestion}. */
export function countExtremes(
  sites: readonly string[],
  { tokens, count, rivals }: ExtremesQuestion,
): ExtremesCounter {
  const hits = new Map(
    sites.map((site) => [site, { raised: 0, lowered: 0, firstRaised: 0, firstLowered: 0 }]),
  );
  return {
    visit({ parts }, at) {
      const wanted = tokens[at] ?? [];
      if (wanted.length === 0) return;
      const others = (rivals ?? []).filter((token) => !wanted.includes(token));
      for (const [site, values] of parts) {
        const own = hits.get(site);
        if (own === undefined) continue;
        const of = (list: readonly number[]): number[] => list.map((token) => values[token] ?? NaN);
        const [most, least] = [Math.max(...of(wanted)), Math.min(...of(wanted))];
        const { from, to } = bounds(values, count);
        if (most >= from) {
          own.raised += 1;
          if (of(others).every((value) => value <= most)) own.firstRaised += 1;
        }
        if (least <= to) {
          own.lowered += 1;
          if (of(others).every((value) => value >= least)) own.firstLowered += 1;
        }
      }
    },
    result() {
      const n = tokens.length;
      return new Map(
        [...hits].map(([site, { raised, lowered, firstRaised, firstLowered }]) => [
          site,
          {
            raised: shareOf(raised, n),
            lowered: shareOf(lowered, n),
            firstRaised: rivals === undefined ? null : shareOf(firstRaised, n),
            firstLowered: rivals === undefined ? null : shareOf(firstLowered, n),
          },
        ]),
      );
    },
  };
}

/**
 * How often a site raises and lowers what an input is about: the shares of inputs in which any of its tokens is
 * among the most raised, and among the most lowered.
 * @throws InputError as {@link attribute} does
 */
export async function shareAmongExtremes(
  runtime: Runtime,
  model: HookedModel,
  question: AttributionQuestion,
  wanted: ExtremesQuestion,
): Promise<Map<string, ExtremeShares>> {
  const counter = countExtremes(question.sites, wanted);
  await attribute(runtime, model, question, counter.visit);
  return counter.result();
}
