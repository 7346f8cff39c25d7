import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Value, apply1, graph, input } from '../graph.js';
import { gradients } from '../gradients.js';
import { nodeRuntime } from '../runtime/node.js';
import { floatsOf } from '../runtime/runtime.js';
import { type DType, GraphError, broadcastShapes } from '../shape.js';
import { expectAgreement } from '../testing/agreement.js';
import { onDevice, runs, runtime } from '../testing/device.js';
import { type Array64, pick, random, tabulate, toTensor } from '../testing/float64.js';
import { broadcasting, seeds, shapes } from '../testing/shapes.js';
import { add, div, exp, log, mul, neg, relu, sigmoid, sign, sqrt, sub, tanh } from './elementwise.js';
import { reduceSum } from './reduce.js';

const binaries = [
  { op: 'Add', build: add, of: (a: number, b: number) => a + b },
  { op: 'Sub', build: sub, of: (a: number, b: number) => a - b },
  { op: 'Mul', build: mul, of: (a: number, b: number) => a * b },
  { op: 'Div', build: div, of: (a: number, b: number) => a / b, low: 0.5 },
];

const unaries = [
  { op: 'Neg', build: neg, of: (x: number) => -x },
  { op: 'Sqrt', build: sqrt, of: Math.sqrt, low: 0.2 },
  { op: 'Exp', build: exp, of: Math.exp },
  { op: 'Log', build: log, of: Math.log, low: 0.2 },
  { op: 'Tanh', build: tanh, of: Math.tanh },
  { op: 'Sigmoid', build: sigmoid, of: (x: number) => 1 / (1 + Math.exp(-x)) },
];

const spread =
  (of: (a: number, b: number) => number) =>
  (a: Array64, b: Array64): Array64 =>
    tabulate(broadcastShapes(a.shape, b.shape) ?? [], (index) => of(pick(a, index), pick(b, index)));
const each =
  (of: (x: number) => number) =>
  (x: Array64): Array64 => ({ shape: x.shape, data: x.data.map(of) });

/** Elements on both sides of zero, none so near to it that a finite difference would step across. */
const awayFromZero = (shape: readonly number[], seed: number): Array64 =>
  each((x) => Math.fround(x + Math.sign(x) * 0.1))(random(shape, seed));

onDevice(() => {
  describe.each(binaries)('$op', ({ build, of, low = -2 }) => {
    it('agrees with float64 in value and gradient, whichever side is spread', async () => {
      await fc.assert(
        fc.asyncProperty(broadcasting, seeds, ([left, right], seed) =>
          expectAgreement(runtime, {
            inputs: [random(left, seed), random(right, seed + 1, low)],
            build,
            reference: spread(of),
          }),
        ),
        { numRuns: runs },
      );
    });

    it('takes a number for either operand', async () => {
      const x = random([2, 3], 5, 0.5);
      await expectAgreement(runtime, {
        inputs: [x],
        build: (v) => build(v, 1.5),
        reference: each((v) => of(v, 1.5)),
      });
      await expectAgreement(runtime, {
        inputs: [x],
        build: (v) => build(1.5, v),
        reference: each((v) => of(1.5, v)),
      });
    });

    it('adds the gradients of a value that is both operands', async () => {
      const x = random([3], 8, 0.5);
      await expectAgreement(runtime, {
        inputs: [x],
        build: (v) => build(v, v),
        reference: each((v) => of(v, v)),
      });
    });
  });

  describe.each(unaries)('$op', ({ build, of, low = -2 }) => {
    it('agrees with float64 in value and gradient', async () => {
      await fc.assert(
        fc.asyncProperty(shapes(), seeds, (shape, seed) =>
          expectAgreement(runtime, { inputs: [random(shape, seed, low)], build, reference: each(of) }),
        ),
        { numRuns: runs },
      );
    });
  });

  describe('Relu', () => {
    it('agrees with float64 in value and gradient', async () => {
      await fc.assert(
        fc.asyncProperty(shapes(), seeds, (shape, seed) =>
          expectAgreement(runtime, {
            inputs: [awayFromZero(shape, seed)],
            build: relu,
            reference: each((x) => Math.max(x, 0)),
          }),
        ),
        { numRuns: runs },
      );
    });

    it('passes nothing back at zero', async () => {
      const x = input('x', 'float32', [3]);
      const [slope] = gradients(reduceSum(relu(x)), [x]);
      const executable = await runtime.compile(graph({ slope: slope ?? x }));
      const outputs = await executable.run({
        x: { dtype: 'float32', shape: [3], data: Float32Array.of(-1, 0, 1) },
      });
      expect([...floatsOf(outputs, 'slope')]).toEqual([0, 0, 1]);
    });
  });

  describe('Sign', () => {
    it('is −1, 0 or 1, and constant as far as gradients go', async () => {
      const data = Float64Array.of(-1.5, 0, 0.25, -0.5);
      await expectAgreement(runtime, {
        inputs: [{ shape: [4], data }],
        build: sign,
        reference: each(Math.sign),
        differentiable: false,
      });
      // |x| as x·sign(x): its slope is the sign, with nothing through the sign itself.
      await expectAgreement(runtime, {
        inputs: [awayFromZero([2, 5], 3)],
        build: (x) => mul(x, sign(x)),
        reference: each(Math.abs),
      });
    });
  });

  it('keeps its values where exponentials run over or under', async () => {
    const data = Float64Array.of(-200, -100, 0, 80, 200);
    const inputs = [{ shape: [5], data }];
    await expectAgreement(runtime, { inputs, build: tanh, reference: each(Math.tanh) });
    await expectAgreement(runtime, {
      inputs,
      build: sigmoid,
      reference: each((x) => 1 / (1 + Math.exp(-x))),
    });
  });

  it.each(['int32', 'int64', 'uint32'] as const)('computes with whole numbers of type %s', async (dtype) => {
    const [a, b] = [tabulate([2, 3], ([i = 0, j = 0]) => 7 * i + j + 6), tabulate([3], ([j = 0]) => j + 1)];
    for (const { build, of } of binaries) {
      await expectAgreement(runtime, {
        inputs: [toTensor(a, dtype), toTensor(b, dtype)],
        build,
        reference: spread((x, y) => Math.trunc(of(x, y))),
        differentiable: false,
        tolerance: 0,
      });
    }
  });

  it('gives elements of no length', async () => {
    const runtime = nodeRuntime({ threads: 1 });
    await expectAgreement(runtime, {
      inputs: [random([0, 3], 1), random([3], 2)],
      build: add,
      reference: spread((x, y) => x + y),
      differentiable: false,
    });
  });
});

describe('shape rules', () => {
  const names = { Add: add, Sub: sub, Mul: mul, Div: div };
  it.each(Object.entries(names))(
    '%s names itself and both operands when they do not go together',
    (op, build) => {
      const refused = (a: Value, b: Value | number, message: string): void => {
        expect(() => build(a, b)).toThrow(GraphError);
        expect(() => build(a, b)).toThrow(message);
      };
      const a = input('a', 'float32', [2, 3]);
      refused(a, input('b', 'float32', [2]), `${op}: float32[2, 3] and float32[2] do not go together`);
      refused(a, input('b', 'int32', [2, 3]), `${op}: float32[2, 3] and int32[2, 3] do not go together`);
      refused(input('a', 'int64', [2]), 1, `${op}: int64[2] and float32[] do not go together`);
      const yes = input('a', 'bool', [2]);
      refused(yes, yes, `${op}: needs float32, int32, int64, uint32, got bool[2]`);
    },
  );

  it.each(Object.entries({ Sqrt: sqrt, Exp: exp, Log: log, Tanh: tanh, Sigmoid: sigmoid, Relu: relu }))(
    '%s takes float32 alone',
    (op, build) => {
      for (const dtype of ['int32', 'int64', 'uint32', 'bool'] satisfies DType[]) {
        const apply = (): Value => build(input('x', dtype, [4, 1]));
        expect(apply).toThrow(GraphError);
        expect(apply).toThrow(`${op}: needs float32, got ${dtype}[4, 1]`);
      }
    },
  );

  it('has as many operands as the operator', () => {
    const x = input('x', 'float32', [2]);
    for (const y of [add(x, x), sqrt(x)]) {
      const { op, rule } = y.node;
      if (rule === null) throw new Error(`${op} has a rule`);
      const takes = op === 'Add' ? '2 inputs' : '1 input';
      expect(() => apply1(rule, [])).toThrow(new GraphError(`${op}: takes ${takes}, got 0`));
      expect(() => apply1(rule, [x, x, x])).toThrow(new GraphError(`${op}: takes ${takes}, got 3`));
    }
  });
});
