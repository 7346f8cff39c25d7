/**
 * Matrix products. `Gemm` for flattened `[rows, width]` operands, the bulk of all work: it takes its
 * operands transposed, so backward needs no transposes. `FusedMatMul` for batches of small products.
 * @module
 */
import { type OpRule, type Value, apply1 } from '../graph.js';
import { type Shape, GraphError, broadcastShapes, expectType, formatShape, sameShape } from '../shape.js';
import { sumTo } from './reduce.js';

/** How a product takes its operands: transposed or not, and scaled. */
export interface MatmulOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

function inner(
  op: string,
  a: Value,
  b: Value,
  transA: boolean,
  transB: boolean,
): { rows: number; columns: number } {
  const [a0, a1] = a.shape.slice(-2);
  const [b0, b1] = b.shape.slice(-2);
  const spell = (v: Value, t: boolean): string => `${v.dtype}${formatShape(v.shape)}${t ? 'ᵀ' : ''}`;
  const bad = (): GraphError =>
    new GraphError(`${op}: ${spell(a, transA)} and ${spell(b, transB)} cannot be multiplied`);
  if (a0 === undefined || a1 === undefined || b0 === undefined || b1 === undefined) throw bad();
  if (a.dtype !== 'float32' || b.dtype !== 'float32') throw bad();
  const [rows, depthA] = transA ? [a1, a0] : [a0, a1];
  const [depthB, columns] = transB ? [b1, b0] : [b0, b1];
  if (depthA !== depthB) throw bad();
  return { rows, columns };
}

const gemmRule: OpRule = {
  op: 'Gemm',
  floats: ['alpha', 'beta'],
  infer([a, b, c], { transA, transB }) {
    if (a === undefined || b === undefined) throw new GraphError('Gemm: takes 2 or 3 inputs');
    if (a.shape.length !== 2 || b.shape.length !== 2) {
      throw new GraphError(`Gemm: needs matrices, got ${formatShape(a.shape)} and ${formatShape(b.shape)}`);
    }
    const { rows, columns } = inner('Gemm', a, b, transA === 1, transB === 1);
    const shape = [rows, columns];
    if (c !== undefined) expectType('Gemm', c, ['float32']);
    const together = c === undefined ? shape : broadcastShapes(c.shape, shape);
    if (c !== undefined && (together === null || !sameShape(together, shape))) {
      throw new GraphError(`Gemm: bias ${formatShape(c.shape)} does not fit product ${formatShape(shape)}`);
    }
    return [{ dtype: 'float32', shape }];
  },
  gradient(node, [dy]) {
    const [a, b, c] = node.inputs;
    if (!dy || a === undefined || b === undefined) return [null, null, null];
    const alpha = Number(node.attributes['alpha']);
    const transA = node.attributes['transA'] === 1;
    const transB = node.attributes['transB'] === 1;
    const da = transA
      ? gemm(b, dy, null, { transA: transB, transB: true, alpha })
      : gemm(dy, b, null, { transB: !transB, alpha });
    const db = transB
      ? gemm(dy, a, null, { transA: true, transB: transA, alpha })
      : gemm(a, dy, null, { transA: !transA, alpha });
    return c === undefined ? [da, db] : [da, db, sumTo(dy, c.shape)];
  },
};

/** `alpha · a·b + bias` for matrices; either may be taken transposed. */
export function gemm(a: Value, b: Value, bias: Value | null = null, options: MatmulOptions = {}): Value {
  return apply1(gemmRule, bias === null ? [a, b] : [a, b, bias], {
    alpha: options.alpha ?? 1,
    transA: options.transA ? 1 : 0,
    transB: options.transB ? 1 : 0,
  });
}

const fusedRule: OpRule = {
  op: 'FusedMatMul',
  domain: 'com.microsoft',
  floats: ['alpha'],
  infer([a, b], { transA, transB }) {
    if (a === undefined || b === undefined) throw new GraphError('FusedMatMul: takes 2 inputs');
    const { rows, columns } = inner('FusedMatMul', a, b, transA === 1, transB === 1);
    const batch: Shape | null = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    if (batch === null) {
      throw new GraphError(
        `FusedMatMul: the batches of ${formatShape(a.shape)} and ${formatShape(b.shape)} do not go together`,
      );
    }
    return [{ dtype: 'float32', shape: [...batch, rows, columns] }];
  },
  gradient(node, [dy]) {
    const [a, b] = node.inputs;
    if (!dy || a === undefined || b === undefined) return [null, null];
    const alpha = Number(node.attributes['alpha']);
    const transA = node.attributes['transA'] === 1;
    const transB = node.attributes['transB'] === 1;
    const da = transA
      ? matmul(b, dy, { transA: transB, transB: true, alpha })
      : matmul(dy, b, { transB: !transB, alpha });
    const db = transB
      ? matmul(dy, a, { transA: true, transB: transA, alpha })
      : matmul(a, dy, { transA: !transA, alpha });
    return [sumTo(da, a.shape), sumTo(db, b.shape)];
  },
};

/** `alpha · a·b` over the last two axes, the axes before them broadcast as a batch. */
export function matmul(a: Value, b: Value, options: MatmulOptions = {}): Value {
  return apply1(fusedRule, [a, b], {
    alpha: options.alpha ?? 1,
    transA: options.transA ? 1 : 0,
    transB: options.transB ? 1 : 0,
  });
}
