/**
 * Features that are known in part, taken up one after another, those that tell most first; and of a sample, those of them
 * that it would give again. The sample is drawn again many times: a feature that is taken up in most of the resamples is
 * steady. Where two features tell nearly the same, the sample cannot say which of them the activation holds, and neither is.
 * @module
 */
import { randomFor } from '../random.js';
import { type Candidate, type Accounted } from './accounted.js';
import { entropy, histogram } from './entropy.js';
import { type WeightedSample } from './sample.js';

/** Times that a sample is drawn again, and in how many of them a steady feature may be missing: one in twenty. */
const [resamples, mostMissing] = [40, 2];
/** Most draws of a resample; more change nothing that is said. */
const mostDraws = 4096;

/** How features are taken up. */
export interface PickRule {
  /** Most features. */
  readonly most: number;
  /** Bits of its own that a feature must tell, above its baseline. */
  need(candidate: Candidate): number;
  /** Of features that tell enough, the one with the largest weight comes first. @param own bits of its own */
  weight(candidate: Candidate, own: number): number;
  readonly seed: number;
}

/** The features taken up so far, and what each other one tells beyond them. */
interface Stage {
  readonly accounted: Accounted;
  readonly own: readonly number[];
  /** By feature, the same in each resample. */
  readonly again: readonly Float64Array[];
  readonly next: Map<number, Stage>;
}

/**
 * Takes up features.
 * @param accounted what has been taken up before
 * @param open the features to choose from
 */
export function steadyPicks(
  sample: WeightedSample,
  accounted: Accounted,
  open: readonly Candidate[],
  rule: PickRule,
): Candidate[] {
  if (open.length === 0) return [];
  const drawn = redrawn(sample, rule.seed);
  // The entropy of a resample rests on draws of draws; what that adds on the average is taken off again.
  const afters = open.map(({ codes, table }) =>
    drawn.map((shares) => entropy(histogram(codes, shares, table.values.length), sample.effective)),
  );
  const stageOf = (now: Accounted): Stage => {
    const own = open.map((candidate) => now.own(candidate));
    const again = open.map((candidate, at) => {
      const values = Float64Array.from(drawn, (shares, draw) =>
        now.ownWith(shares, candidate, afters[at]?.[draw] ?? 0),
      );
      const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
      return values.map((value) => value - mean + (own[at] ?? 0));
    });
    return { accounted: now, own, again, next: new Map() };
  };
  const after = (stage: Stage, at: number, candidate: Candidate): Stage => {
    const known = stage.next.get(at) ?? stageOf(stage.accounted.and(candidate));
    stage.next.set(at, known);
    return known;
  };
  const first = stageOf(accounted);

  /** Numbers of the features that are taken up. @param draw number of a resample; null for the sample itself */
  const picks = (draw: number | null): number[] => {
    const taken: number[] = [];
    for (let stage = first; ;) {
      let best: { at: number; weight: number; candidate: Candidate } | null = null;
      for (const [at, candidate] of open.entries()) {
        const own = (draw === null ? stage.own[at] : stage.again[at]?.[draw]) ?? 0;
        if (taken.includes(at) || own < rule.need(candidate) + candidate.figures.baseline) continue;
        const weight = rule.weight(candidate, own);
        if (best === null || weight > best.weight) best = { at, weight, candidate };
      }
      if (best === null) return taken;
      taken.push(best.at);
      if (taken.length === rule.most) return taken;
      stage = after(stage, best.at, best.candidate);
    }
  };

  const missing = new Map(picks(null).map((at) => [at, 0]));
  for (let draw = 0; draw < drawn.length; draw++) {
    if ([...missing.values()].every((count) => count > mostMissing)) break;
    const taken = picks(draw);
    for (const [at, count] of missing) if (!taken.includes(at)) missing.set(at, count + 1);
  }
  return [...missing].flatMap(([at, count]) => (count > mostMissing ? [] : (open[at] ?? [])));
}

/** Shares of the inputs when as many draws as the sample is worth are drawn from it again; none of a known set. */
function redrawn({ inputs, shares, effective }: WeightedSample, seed: number): Float64Array[] {
  if (effective === Infinity || inputs === 0) return [];
  const draws = Math.max(1, Math.min(mostDraws, Math.round(effective)));
  const running = new Float64Array(inputs);
  let sum = 0;
  for (let at = 0; at < inputs; at++) running[at] = sum += shares?.[at] ?? 1 / inputs;
  return Array.from({ length: resamples }, (_, number) => {
    const random = randomFor(seed, 'resample', number);
    const out = new Float64Array(inputs);
    for (let draw = 0; draw < draws; draw++) {
      const at = firstAbove(running, random.next() * sum);
      out[at] = (out[at] ?? 0) + 1 / draws;
    }
    return out;
  });
}

/** Index of the first of rising numbers that is above a mark. */
function firstAbove(rising: Float64Array, mark: number): number {
  let [low, high] = [0, rising.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rising[middle] ?? 0) > mark) high = middle;
    else low = middle + 1;
  }
  return low;
}
