/**
 * Muon (Jordan et al., 2024): momentum whose singular values are all brought to about one before a step is
 * taken, by five Newton–Schulz iterations. For weight matrices between layers; it makes more of a step than
 * AdamW does at the cost of a few products as large as the weight.
 * @module
 */
import type { Value } from '../graph.js';
import { add, div, mul, sqrt, sub } from '../ops/elementwise.js';
import { gemm } from '../ops/matmul.js';
import { reduceSum } from '../ops/reduce.js';

/** A matrix with its momentum, before or after a step. */
export interface MuonState {
  readonly parameter: Value;
  readonly momentum: Value;
}

/** Settings of Muon. */
export interface MuonOptions {
  readonly learningRate: Value;
  /** 0.95 unless given. */
  readonly momentum?: number;
  readonly weightDecay?: number;
}

/** Coefficients of the quintic iteration, chosen by its authors for steep slope at zero. */
const [a, b, c] = [3.4445, -4.775, 2.0315];

/** Brings the singular values of a matrix near one. */
export function orthogonalize(matrix: Value, iterations = 5): Value {
  const [rows = 1, columns = 1] = matrix.shape;
  const tall = rows > columns;
  let x = div(matrix, add(sqrt(reduceSum(mul(matrix, matrix))), 1e-7));
  for (let i = 0; i < iterations; i++) {
    // Products of the smaller side: xᵀx for a tall matrix, xxᵀ for a wide one.
    const square = tall ? gemm(x, x, null, { transA: true }) : gemm(x, x, null, { transB: true });
    const polynomial = add(mul(square, b), gemm(square, square, null, { alpha: c }));
    x = add(mul(x, a), tall ? gemm(x, polynomial) : gemm(polynomial, x));
  }
  return x;
}

/** One matrix's step with Nesterov momentum; scaled so that its root mean square resembles AdamW's. */
export function muon({ parameter, momentum }: MuonState, gradient: Value, options: MuonOptions): MuonState {
  const { learningRate, momentum: beta = 0.95, weightDecay = 0 } = options;
  const [rows = 1, columns = 1] = parameter.shape;
  const next = add(mul(momentum, beta), mul(gradient, 1 - beta));
  const ahead = add(mul(next, beta), mul(gradient, 1 - beta));
  const update = mul(orthogonalize(ahead), mul(learningRate, 0.2 * Math.sqrt(Math.max(rows, columns))));
  const kept = weightDecay === 0 ? parameter : mul(parameter, sub(1, mul(learningRate, weightDecay)));
  return { parameter: sub(kept, update), momentum: next };
}
