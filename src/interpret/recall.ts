/**
 * How well sampling finds an ε-preimage that is known: what share of it was found, what share of the candidates was
 * inside, and whether the decoder's probabilities say truly which inputs it finds.
 * @module
 */
import { type Candidate } from '../inversion/view.js';
import { type Metric } from '../inversion/metrics.js';

/** Inputs of the preimage that the decoder holds about equally likely. */
export interface CalibrationBin {
  /** Natural logarithms of the decoder's probability, from … to. */
  readonly from: number;
  readonly to: number;
  /** Inputs of the preimage in the bin. */
  readonly inputs: number;
  /** Share of them that the decoder's own probabilities promise to be found by so many plain draws, and that was. */
  readonly expected: number;
  readonly found: number;
}

/** A sampler against the exact preimage. */
export interface SamplerFigures {
  /** Candidates drawn, and inputs of the task among them. */
  readonly candidates: number;
  readonly valid: number;
  /** Share of the preimage's probability that is among the candidates. */
  readonly recall: number;
  /** Share of the valid candidates that is inside. */
  readonly precision: number;
  /** Share of the decoder's probability at temperature 1 that lies inside. */
  readonly mass: number;
  /** Bits by which the decoder, restricted to the preimage, differs from the input distribution there. */
  readonly divergence: number;
  readonly calibration: readonly CalibrationBin[];
}

/** What the figures rest on. */
export interface SamplerCheck {
  readonly candidates: readonly Candidate[];
  /** Inputs of the exact preimage as `ids.join()`, all as likely. */
  readonly members: readonly string[];
  /** Natural logarithms of the decoder's probabilities of the members. */
  readonly logProbabilities: Float64Array;
  /** Draws at temperature 1 without noise, for the calibration: those of the candidates that count. */
  readonly plain: { readonly draws: number; readonly found: ReadonlySet<string> };
  readonly epsilon: number;
  readonly metric: Metric;
}

const bins = 8;

/** Compares. */
export function samplerFigures(check: SamplerCheck): SamplerFigures {
  const { candidates, members, logProbabilities, plain, epsilon, metric } = check;
  const drawn = new Set(candidates.map(({ ids }) => ids.join()));
  const valid = candidates.filter((candidate) => candidate.valid);
  const inside = valid.filter(({ verdicts }) => verdicts[metric].distance <= epsilon);
  const mass = logProbabilities.reduce((sum, log) => sum + Math.exp(log), 0);
  // Against the even distribution over the members: the mean of −log2 of (what the decoder gives it over an even share).
  const meanLog = logProbabilities.reduce((sum, log) => sum + log, 0) / Math.max(1, members.length);
  return {
    candidates: candidates.length,
    valid: valid.length,
    recall: members.filter((member) => drawn.has(member)).length / Math.max(1, members.length),
    precision: inside.length / Math.max(1, valid.length),
    mass,
    divergence: (Math.log(mass) - Math.log(members.length) - meanLog) / Math.LN2,
    calibration: calibration(members, logProbabilities, plain),
  };
}

/** Members by the decoder's probability, in bins of equal number. */
function calibration(
  members: readonly string[],
  logProbabilities: Float64Array,
  { draws, found }: SamplerCheck['plain'],
): CalibrationBin[] {
  const order = Array.from(members.keys()).sort(
    (a, b) => (logProbabilities[a] ?? 0) - (logProbabilities[b] ?? 0),
  );
  const count = Math.min(bins, order.length);
  return Array.from({ length: count }, (_, bin) => {
    const own = order.slice(
      Math.floor((bin * order.length) / count),
      Math.floor(((bin + 1) * order.length) / count),
    );
    const logs = own.map((at) => logProbabilities[at] ?? -Infinity);
    const promised = logs.map((log) => -Math.expm1(draws * Math.log1p(-Math.exp(log))));
    return {
      from: logs[0] ?? NaN,
      to: logs.at(-1) ?? NaN,
      inputs: own.length,
      expected: promised.reduce((sum, share) => sum + share, 0) / own.length,
      found: own.filter((at) => found.has(members[at] ?? '')).length / own.length,
    };
  });
}
