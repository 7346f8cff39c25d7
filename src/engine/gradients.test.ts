import { describe, expect, it } from 'vitest';
import { type OpRule, type Value, apply1, graph, input, scalar } from './graph.js';
import { gradients } from './gradients.js';
import { gather, gatherElements } from './ops/lookup.js';
import { add, exp, mul, neg, sqrt, sub, tanh } from './ops/elementwise.js';
import { argMax, cumSum, reduceMax, reduceMin, reduceSum } from './ops/reduce.js';
import { reduceMean } from './ops/mean.js';
import { less, where } from './ops/compare.js';
import { split } from './ops/layout.js';
import { nodeRuntime } from './runtime/node.js';
import { floatsOf } from './runtime/runtime.js';
import { GraphError } from './shape.js';
import { expectAgreement } from './testing/agreement.js';
import { random } from './testing/float64.js';

const runtime = nodeRuntime({ threads: 1 });

/** Slopes at a point, for functions of one float32 input `x`. */
async function slopesAt(point: number[], build: (x: Value) => readonly Value[]): Promise<number[][]> {
  const x = input('x', 'float32', [point.length]);
  const outputs = Object.fromEntries(build(x).map((slope, i) => [`d${i}`, slope]));
  const executable = await runtime.compile(graph(outputs));
  const fed = executable.graph.inputs.length > 0;
  const results = await executable.run(
    fed ? { x: { dtype: 'float32', shape: [point.length], data: Float32Array.from(point) } } : {},
  );
  return Object.keys(outputs).map((name) => [...floatsOf(results, name)]);
}

describe('gradients', () => {
  it('adds up what comes along every way', async () => {
    // x appears five times, at different depths.
    await expectAgreement(runtime, {
      inputs: [random([3, 2], 1), random([2], 2)],
      build: (x, y) => add(mul(x, exp(mul(x, y))), sub(tanh(x), mul(mul(x, x), y))),
      reference: (x, y) => ({
        shape: x.shape,
        data: x.data.map((v, i) => {
          const w = y.data[i % 2] ?? NaN;
          return v * Math.exp(v * w) + Math.tanh(v) - v * v * w;
        }),
      }),
    });
  });

  it('gives slopes for values in the middle as well as for inputs, in the order asked for', async () => {
    const [dx, dMiddle, dLoss] = await slopesAt([1, 2], (x) => {
      const middle = mul(x, 3);
      const loss = reduceSum(mul(middle, middle));
      const [a, b, c] = gradients(loss, [x, middle, loss]);
      return [a ?? x, b ?? x, c ?? x];
    });
    expect(dx).toEqual([18, 36]);
    expect(dMiddle).toEqual([6, 12]);
    expect(dLoss).toEqual([1]);
  });

  it('gives the same slope to a value asked for twice', () => {
    const x = input('x', 'float32', []);
    const [a, b] = gradients(mul(x, x), [x, x]);
    expect(a).toBe(b);
  });

  it('gives second derivatives', async () => {
    const [second] = await slopesAt([0.5, -1], (x) => {
      const [first = x] = gradients(reduceSum(mul(mul(x, x), x)), [x]);
      return gradients(reduceSum(first), [x]);
    });
    expect(second).toEqual([3, -6]);
  });

  it('visits no node off the way: what the loss shares with nothing asked for costs no gradient', () => {
    // The maximum has no gradient, but nothing asked for lies behind it.
    const [x, y] = [input('x', 'float32', []), input('y', 'float32', [2])];
    const [slope] = gradients(mul(x, reduceMax(y)), [x]);
    expect(slope?.shape).toEqual([]);
  });

  it('tells the outputs of one node apart', async () => {
    const [dx] = await slopesAt([1, 2, 3], (x) => {
      const [, middle = x, last = x] = split(x, 0, [1, 1, 1]);
      return gradients(reduceSum(mul(middle, mul(last, last))), [x]);
    });
    expect(dx).toEqual([0, 9, 12]);
  });

  it('passes by choices of an index, which are flat almost everywhere', async () => {
    const [dx] = await slopesAt([1, 5, 2], (x) =>
      gradients(mul(reduceSum(x), reduceSum(gather(x, argMax(x, 0)))), [x]),
    );
    // d(sum · largest) = largest + sum at the largest.
    expect(dx).toEqual([5, 13, 5]);
  });

  it('walks graphs deeper than the call stack', () => {
    const x = input('x', 'float32', []);
    let y = x;
    for (let i = 0; i < 20_000; i++) y = neg(y);
    expect(gradients(y, [x])).toHaveLength(1);
  });
});

describe('gradients refuses', () => {
  const x = input('x', 'float32', [2, 3]);
  const refused = (build: () => unknown, message: string): void => {
    expect(build).toThrow(new GraphError(message));
  };

  it('a loss that is no float32 scalar', () => {
    refused(() => gradients(x, [x]), 'gradients: the loss must be a float32 scalar, not float32[2, 3]');
    refused(
      () => gradients(reduceSum(x, [0, 1], true), [x]),
      'gradients: the loss must be a float32 scalar, not float32[1, 1]',
    );
    const whole = input('n', 'int32', []);
    refused(() => gradients(whole, [whole]), 'gradients: the loss must be a float32 scalar, not int32[]');
  });

  it('a value that the loss does not rest on', () => {
    const loss = reduceSum(x);
    refused(
      () => gradients(loss, [x, input('other', 'float32', [4])]),
      'gradients: the loss does not rest on "other" [4]',
    );
    refused(() => gradients(loss, [exp(x)]), 'gradients: the loss does not rest on Exp [2, 3]');
    refused(
      () => gradients(reduceSum(where(less(x, 0), 1, 2)), [x]),
      'gradients: the loss does not rest on "x" [2, 3]',
    );
    const [left, right = x] = split(x, 1, [1, 2]);
    refused(
      () => gradients(reduceSum(right), [left ?? x]),
      'gradients: the loss does not rest on Split [2, 1]',
    );
  });

  it('an operator on the way that has no gradient, by name', () => {
    for (const [op, y] of [
      ['ReduceMax', reduceMax(x)],
      ['ReduceMin', reduceMin(x)],
      ['CumSum', cumSum(x, 0)],
      ['GatherElements', gatherElements(x, argMax(input('y', 'float32', [2, 3, 2]), 2), 1)],
    ] as const) {
      refused(() => gradients(reduceMean(sqrt(y)), [x]), `gradients: ${op} has no gradient`);
    }
  });

  it('a rule whose gradient has another shape than its operand', () => {
    const rule: OpRule = {
      op: 'Careless',
      infer: () => [{ dtype: 'float32', shape: [] }],
      gradient: () => [scalar(1)],
    };
    refused(
      () => gradients(apply1(rule, [x]), [x]),
      'gradients: Input of shape [2, 3] got a gradient of shape []',
    );
  });
});
