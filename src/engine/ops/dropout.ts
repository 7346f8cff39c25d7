/**
 * Dropout whose noise is computed in the graph from a seed fed at each run, so that a step can be taken
 * again bit for bit, on any machine, without sending masks to it.
 * @module
 */
import { type OpRule, type Value, apply1, constant } from '../graph.js';
import { GraphError, expectType, formatShape, sizeOf } from '../shape.js';
import { less } from './compare.js';
import { inferBroadcast, mul } from './elementwise.js';
import { cast } from './layout.js';
import { reshape } from './reduce.js';

const integer = (op: string): OpRule => ({ op, infer: inferBroadcast(op, ['uint32']) });
const [mulRule, addRule, xorRule, shiftRule] = [
  integer('Mul'),
  integer('Add'),
  integer('BitwiseXor'),
  integer('BitShift'),
];
const uint32 = (value: number): Value =>
  constant({ dtype: 'uint32', shape: [], data: Uint32Array.of(value) });
const shiftRight = (x: Value, bits: number): Value =>
  apply1(shiftRule, [x, uint32(bits)], { direction: 'RIGHT' });

/**
 * Uniform random 32-bit words of a shape, a pure function of seed and position: the finalizer of
 * MurmurHash3 (Appleby, public domain) over `position · odd + seed`.
 * @param seed uint32 scalar
 * @param stream tells apart the draws of one graph
 */
export function hashBits(seed: Value, stream: number, size: number): Value {
  if (seed.dtype !== 'uint32' || seed.shape.length !== 0) {
    throw new GraphError(
      `hashBits: the seed must be a uint32 scalar, not ${seed.dtype}${formatShape(seed.shape)}`,
    );
  }
  const positions = constant({
    dtype: 'uint32',
    shape: [size],
    data: Uint32Array.from({ length: size }, (_, i) => i),
  });
  const spread = apply1(mulRule, [positions, uint32(0x9e3779b1)]);
  const streamed = apply1(xorRule, [seed, uint32(Math.imul(stream + 1, 0x85ebca77) >>> 0)]);
  // The seed is scrambled first: seeds of successive steps must not give shifted copies of one sequence.
  const start = scramble(apply1(mulRule, [streamed, uint32(0xc2b2ae3d)]));
  return scramble(apply1(addRule, [spread, start]));
}

function scramble(x: Value): Value {
  const once = apply1(mulRule, [apply1(xorRule, [x, shiftRight(x, 16)]), uint32(0x85ebca6b)]);
  const twice = apply1(mulRule, [apply1(xorRule, [once, shiftRight(once, 13)]), uint32(0xc2b2ae35)]);
  return apply1(xorRule, [twice, shiftRight(twice, 16)]);
}

/**
 * Sets each element to zero with probability `rate` and scales the rest by `1 / (1 − rate)`.
 * @param seed uint32 scalar, another at each step
 */
export function dropout(x: Value, rate: number, seed: Value, stream: number): Value {
  if (!(rate >= 0 && rate < 1)) throw new GraphError(`dropout: the rate must be in 0 … 1, got ${rate}`);
  expectType('dropout', x, ['float32']);
  if (rate === 0) return x;
  const bits = hashBits(seed, stream, sizeOf(x.shape));
  const kept = less(bits, uint32(Math.min(2 ** 32 - 1, Math.floor((1 - rate) * 2 ** 32))));
  return mul(x, mul(cast(reshape(kept, x.shape), 'float32'), 1 / (1 - rate)));
}
