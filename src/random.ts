/**
 * Seeded randomness that can be saved and taken up again. One generator (xoroshiro128+, from pure-rand) stands
 * behind everything the project draws at run time, so that a seed fixes a whole run and a saved state continues it
 * bit for bit. Randomness that belongs to an index instead of a run (data sets, splits) uses `hash32`.
 * @module
 */
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { InputError } from './input-error.js';

/** A stream of random numbers. Every method moves it on; `state` alone does not. */
export interface Random {
  /** A number in [0, 1) with 53 random bits. */
  next(): number;
  /** A whole number in 0 … n − 1, without bias; n from 1 to 2³². */
  int(n: number): number;
  /** A draw from the standard normal distribution. */
  gaussian(): number;
  /** Fills with numbers in [0, 1), 24 random bits each: all that a float32 holds evenly. */
  fill(target: Float32Array): Float32Array;
  /** Fills with draws from the standard normal distribution. */
  fillGaussian(target: Float32Array): Float32Array;
  /** Four 32-bit words from which `restoreRandom` continues. */
  state(): number[];
}

/**
 * A well-mixed 32-bit word for a pair of 32-bit words: the same in every run and on every machine.
 * The mixing is the finalizer of MurmurHash3, applied once for each word.
 */
export function hash32(key: number, value: number): number {
  return finalize(finalize(key ^ 0x9e3779b9) ^ value);
}

/** MurmurHash3's 32-bit finalizer: a bijection that lets each input bit reach each output bit. */
function finalize(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * A fresh generator. Seed and stream are hashed into the state, because xoroshiro started from neighbouring raw
 * seeds gives neighbouring first numbers.
 * @param stream separates generators that share a seed but must not share their numbers
 * @throws InputError when the seed is not a whole number from 0 to 2⁵³ − 1
 * @example seededRandom(1).int(6)
 */
export function seededRandom(seed: number, stream = 0): Random {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new InputError(`The seed ${seed} is not accepted: give a whole number from 0 to 9007199254740991.`);
  }
  const key = hash32(hash32(seed >>> 0, Math.floor(seed / 2 ** 32)), stream);
  const words = [1, 2, 3, 4].map((place) => hash32(key, place) | 0);
  return restoreRandom(words);
}

/**
 * The generator whose `state()` this was.
 * @throws InputError when it is not four 32-bit words, not all of them zero
 */
export function restoreRandom(state: readonly number[]): Random {
  if (state.length !== 4 || state.some((word) => (word | 0) !== word) || state.every((word) => word === 0)) {
    throw new InputError('The saved random state is damaged: four 32-bit whole numbers are expected.');
  }
  const generator = xoroshiro128plusFromState(state);
  const word = (): number => generator.next() >>> 0;

  const next = (): number => {
    const high = word() >>> 5;
    return (high * 2 ** 26 + (word() >>> 6)) / 2 ** 53;
  };

  // The high bits decide: the lowest bits of xoroshiro128+ are its weakest.
  const int = (n: number): number => {
    if (!(Number.isInteger(n) && n >= 1 && n <= 2 ** 32))
      throw new RangeError(`int(${n}): n must be 1 to 2^32`);
    const bucket = Math.floor(2 ** 32 / n);
    let drawn = word();
    while (drawn >= bucket * n) drawn = word();
    return Math.floor(drawn / bucket);
  };

  // Box-Muller; log(1 - u) because u may be 0 and is never 1.
  const radius = (): number => Math.sqrt(-2 * Math.log(1 - next()));

  return {
    next,
    int,
    // The second number of the pair is dropped, so that four words remain the whole state.
    gaussian: () => radius() * Math.cos(2 * Math.PI * next()),
    fill(target) {
      for (let i = 0; i < target.length; i++) target[i] = (generator.next() >>> 8) / 2 ** 24;
      return target;
    },
    fillGaussian(target) {
      for (let i = 0; i < target.length; i += 2) {
        const length = radius();
        const angle = 2 * Math.PI * next();
        target[i] = length * Math.cos(angle);
        if (i + 1 < target.length) target[i + 1] = length * Math.sin(angle);
      }
      return target;
    },
    state: () => [...generator.getState()],
  };
}

/**
 * An index, drawn in proportion to weights.
 * @param total their sum, where it is known
 */
export function drawWeighted(
  random: Random,
  weights: readonly number[],
  total = weights.reduce((sum, weight) => sum + weight, 0),
): number {
  let mark = random.next() * total;
  for (const [at, weight] of weights.entries()) {
    mark -= weight;
    if (mark < 0) return at;
  }
  return weights.length - 1;
}

/**
 * A 32-bit seed of its own for each use of one seed: a pure function of the seed, a label and what the use is for. Work
 * that could be cut in parts names the site and the number of the item here, so that the parts draw what the whole
 * would have drawn.
 * @param label the purpose
 * @param of names and 32-bit numbers, in order
 * @example seedFor(recipe.seed, 'dropout', step)
 */
export function seedFor(seed: number, label: string, ...of: readonly (string | number)[]): number {
  let key = hashText(hash32(seed >>> 0, Math.floor(seed / 2 ** 32)), label);
  // A name ends with its length, so that two names are not taken for others cut elsewhere.
  for (const part of of)
    key = typeof part === 'number' ? hash32(key, part) : hash32(hashText(key, part), ~part.length);
  return key;
}

const hashText = (key: number, text: string): number =>
  [...text].reduce((hash, character) => hash32(hash, character.codePointAt(0) ?? 0), key);

/**
 * A generator of its own for each use of one seed, see `seedFor`.
 * @example randomFor(seed, 'evaluate', site, item)
 */
export const randomFor = (seed: number, label: string, ...of: readonly (string | number)[]): Random =>
  seededRandom(seedFor(seed, label, ...of));

/** Brings a list into random order, in place. */
export function shuffle(list: unknown[], random: Random): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
}
