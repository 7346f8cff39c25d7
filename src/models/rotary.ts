/**
 * Rotary positions: each pair of numbers of a query or key is turned by an angle that grows with its position.
 * The pairs are a number of the first half and its counterpart in the second, as Hugging Face stores all families
 * here. Su et al., RoFormer (arXiv 2104.09864).
 * @module
 */
import { type Value, add, concat, constant, mul, slice, sub } from '../engine/index.js';
import { type Rotary } from './architecture.js';
import { type Places } from './places.js';

/** Frequencies `base^(−2i/dims)`, `i` from 0. */
export const rotaryFrequencies = (base: number, dims: number): number[] =>
  Array.from({ length: dims / 2 }, (_, i) => base ** ((-2 * i) / dims));

/** Llama 3's stretching: slow turns are slowed by `factor`, fast ones left, those between in between. */
export interface Llama3Scaling {
  readonly factor: number;
  readonly lowFreqFactor: number;
  readonly highFreqFactor: number;
  readonly originalPositions: number;
}

/** Frequencies under Llama 3's scaling. */
export function llama3Frequencies(frequencies: readonly number[], scaling: Llama3Scaling): number[] {
  const { factor, lowFreqFactor, highFreqFactor, originalPositions } = scaling;
  return frequencies.map((frequency) => {
    // Turns within the length the model was first trained on.
    const turns = (originalPositions * frequency) / (2 * Math.PI);
    if (turns > highFreqFactor) return frequency;
    if (turns < lowFreqFactor) return frequency / factor;
    const kept = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
    return (1 - kept) * (frequency / factor) + kept * frequency;
  });
}

/** Turns queries or keys `[batch, place, head, width of a head]` by where they stand. */
export function rotated(x: Value, { inverseFrequencies }: Rotary, places: Places): Value {
  const size = x.shape[3] ?? 0;
  const half = inverseFrequencies.length;
  const turns = (of: (angle: number) => number): Value => {
    const data = new Float32Array(places.count * half);
    for (let place = 0; place < places.count; place++) {
      inverseFrequencies.forEach((frequency, i) => (data[place * half + i] = of(place * frequency)));
    }
    return places.at(constant({ dtype: 'float32', shape: [places.count, 1, half], data }));
  };
  const [cosine, sine] = [turns(Math.cos), turns(Math.sin)];
  const [a, b] = [slice(x, 3, 0, half), slice(x, 3, half, 2 * half)];
  const turned = [sub(mul(a, cosine), mul(b, sine)), add(mul(b, cosine), mul(a, sine))];
  return concat(2 * half === size ? turned : [...turned, slice(x, 3, 2 * half, size)], 3);
}
