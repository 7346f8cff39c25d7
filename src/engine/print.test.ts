import { expect, it } from 'vitest';
import { constant, graph, input } from './graph.js';
import { gradients } from './gradients.js';
import { mul, relu } from './ops/elementwise.js';
import { concat, split, transpose } from './ops/layout.js';
import { gather } from './ops/lookup.js';
import { gemm } from './ops/matmul.js';
import { layerNorm } from './ops/normalize.js';
import { reduceSum } from './ops/reduce.js';
import { printGraph } from './print.js';

it('prints inputs, nodes with their types and attributes, and outputs', () => {
  const x = input('x', 'float32', [4, 3]);
  const w = input('w', 'float32', [2, 3]);
  const y = relu(gemm(x, w, null, { transB: true, alpha: 0.5 }));
  expect(printGraph(graph({ y, loss: reduceSum(y) }))).toMatchInlineSnapshot(`
    "input x: float32[4, 3]
    input w: float32[2, 3]
    %0: float32[4, 2] = Gemm(x, w, alpha=0.5, transA=0, transB=1)
    %1: float32[4, 2] = Relu(%0)
    %2: int64[2] = Constant([0, 1])
    %3: float32[] = ReduceSum(%1, %2, keepdims=0)
    output y = %1
    output loss = %3"
  `);
});

it('prints a gradient', () => {
  const x = input('x', 'float32', [2]);
  const [dx = x] = gradients(reduceSum(mul(x, x)), [x]);
  expect(printGraph(graph({ dx }))).toMatchInlineSnapshot(`
    "%0: float32[] = Constant([1])
    %1: int64[1] = Constant([1])
    %2: float32[1] = Reshape(%0, %1, allowzero=1)
    %3: int64[1] = Constant([2])
    %4: float32[2] = Expand(%2, %3)
    input x: float32[2]
    %5: float32[2] = Mul(%4, x)
    %6: float32[2] = Mul(%4, x)
    %7: float32[2] = Add(%5, %6)
    output dx = %7"
  `);
});

it('prints several outputs of a node, lists, and every type; long constants are cut short', () => {
  const x = input('x', 'float32', [2, 5]);
  const [left = x, right = x] = split(x, 1, [2, 3]);
  const { output, mean } = layerNorm(transpose(left, [1, 0]), input('g', 'float32', [2]), null, 1e-5);
  const ids = constant({ dtype: 'int64', shape: [5], data: BigInt64Array.of(1n, 0n, 1n, 0n, 1n) });
  const kept = constant({ dtype: 'bool', shape: [4], data: Uint8Array.of(1, 0, 1, 1) });
  expect(
    printGraph(
      graph({ output, mean, looked: gather(right, ids), joined: concat([left, right], -1), kept, x2: x }),
    ),
  ).toMatchInlineSnapshot(`
    "input x: float32[2, 5]
    %0: int64[2] = Constant([2, 3])
    %1: float32[2, 2], %2: float32[2, 3] = Split(x, %0, axis=1)
    %3: float32[2, 2] = Transpose(%1, perm=[1, 0])
    input g: float32[2]
    %4: float32[2, 2], %5: float32[2, 1], %6: float32[2, 1] = LayerNormalization(%3, g, axis=-1, epsilon=0.00001)
    %7: int64[5] = Constant([1, 0, 1, 0, …])
    %8: float32[5, 3] = Gather(%2, %7, axis=0)
    %9: float32[2, 5] = Concat(%1, %2, axis=-1)
    %10: bool[4] = Constant([1, 0, 1, 1])
    output output = %4
    output mean = %5
    output looked = %8
    output joined = %9
    output kept = %10
    output x2 = x"
  `);
});
