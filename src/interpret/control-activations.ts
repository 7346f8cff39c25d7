/**
 * Activations that hold nothing of a query, to hold a reading against: what is said of them is not said by the activation
 * (arXiv 2509.13316).
 * @module
 */
import { type Random } from '../random.js';

/** A vector in a random direction, each as likely, of the norm of another. */
export function randomOfNorm(z: Float32Array, random: Random): Float32Array {
  const direction = Float64Array.from(z, () => random.gaussian());
  const scale = Math.hypot(...z) / Math.hypot(...direction);
  return Float32Array.from(direction, (value) => value * scale);
}
