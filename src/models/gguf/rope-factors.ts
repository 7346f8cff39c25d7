/**
 * Llama 3's scaling of rotary positions. A GGUF file holds no rule for it, but the divisor of each frequency, as a
 * tensor; Hugging Face's config holds the rule. The rule is found again from the divisors.
 * @module
 */

/** The rule as `rope_scaling` of a `config.json` states it. */
export interface Llama3Scaling {
  readonly rope_type: 'llama3';
  readonly factor: number;
  readonly low_freq_factor: number;
  readonly high_freq_factor: number;
  readonly original_max_position_embeddings: number;
}

/**
 * The rule that gives these divisors, to one part in 10,000, or null when there is none. Frequencies of less than
 * `low` turns in the original context are divided by `factor`, those of more than `high` turns by 1, and between them
 * the quotient runs straight with the number of turns. Since `low`, `high` and the context only matter by their
 * ratios, `low` is taken to be 1.
 * @param divisors one for each pair of dimensions
 * @param theta base of the frequencies
 */
export function llama3Scaling(divisors: readonly number[], theta: number): Llama3Scaling | null {
  const frequencies = divisors.map((_, i) => theta ** (-i / divisors.length));
  const factor = divisors.at(-1) ?? 1;
  const between = divisors.flatMap((divisor, i) => (divisor > 1 && divisor < factor ? [i] : []));
  const [first, last] = [between[0], between.at(-1)];
  if (first === undefined || last === undefined || first === last) return null;
  /** 0 where a frequency is divided by the whole factor, 1 where it stays. */
  const kept = (i: number): number => (1 / (divisors[i] ?? 1) - 1 / factor) / (1 - 1 / factor);
  const turnsPerPlace = (i: number): number => (frequencies[i] ?? 0) / (2 * Math.PI);
  const slope = (kept(first) - kept(last)) / (turnsPerPlace(first) - turnsPerPlace(last));
  const range = 1 / (slope * turnsPerPlace(first) - kept(first));
  const scaling: Llama3Scaling = {
    rope_type: 'llama3',
    factor,
    low_freq_factor: 1,
    high_freq_factor: nearWhole(1 + range),
    original_max_position_embeddings: nearWhole(slope * range),
  };
  const fits = divisors.every((divisor, i) => {
    const turns = turnsPerPlace(i) * scaling.original_max_position_embeddings;
    const share = Math.min(1, Math.max(0, (turns - 1) / (scaling.high_freq_factor - 1)));
    return Math.abs(1 / ((1 - share) / factor + share) - divisor) <= 1e-4 * divisor;
  });
  return fits ? scaling : null;
}

/** Divisors are float32: a whole number comes back with a few digits after it. */
function nearWhole(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) <= 1e-4 * whole ? whole : value;
}
