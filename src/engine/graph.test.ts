import { describe, expect, it } from 'vitest';
import {
  type OpRule,
  type Tensor,
  apply,
  apply1,
  arrayFor,
  checkTensor,
  constant,
  expectShape,
  graph,
  input,
  scalar,
  sortNodes,
} from './graph.js';
import { add, mul, neg, relu } from './ops/elementwise.js';
import { split } from './ops/layout.js';
import { GraphError } from './shape.js';

const float = (...data: number[]): Tensor => ({
  dtype: 'float32',
  shape: [data.length],
  data: Float32Array.from(data),
});

describe('graph', () => {
  it('holds what its outputs need, each node after those it needs, and nothing else', () => {
    const [a, b] = [input('a', 'float32', [2]), input('b', 'float32', [2])];
    const sum = add(a, b);
    const unused = mul(sum, input('c', 'float32', [2]));
    const { inputs, nodes, outputs } = graph({ twice: add(sum, sum), positive: relu(sum) });
    expect(inputs).toEqual([a, b]);
    expect(nodes.map(({ op }) => op)).toEqual(['Input', 'Input', 'Add', 'Add', 'Relu']);
    expect(nodes).not.toContain(unused.node);
    expect(Object.keys(outputs)).toEqual(['twice', 'positive']);
    for (const [at, node] of nodes.entries()) {
      for (const { node: needed } of node.inputs) expect(nodes.indexOf(needed)).toBeLessThan(at);
    }
  });

  it('visits a node once however often it is used', () => {
    let x = input('x', 'float32', [1]);
    // 2¹⁰⁰ ways lead from the end to the start.
    for (let i = 0; i < 100; i++) x = add(x, x);
    expect(sortNodes([x, x])).toHaveLength(101);
  });

  it('is deeper than the call stack', () => {
    let x = input('x', 'float32', [1]);
    for (let i = 0; i < 50_000; i++) x = neg(x);
    expect(graph({ y: x }).nodes).toHaveLength(50_001);
  });

  it.each([
    ['no output', {}, 'graph: at least one output is needed'],
    [
      'two inputs of one name',
      { y: add(input('x', 'float32', []), input('x', 'float32', [])) },
      'graph: two inputs are named "x"',
    ],
    [
      'an output named as an input',
      { x: neg(input('x', 'float32', [])) },
      'graph: "x" names both an input and an output',
    ],
    [
      'an output without a name',
      { '': input('x', 'float32', []) },
      'graph: "" cannot name an input or output',
    ],
    ['names kept for what lies between', { '#0': scalar(1) }, 'graph: "#0" cannot name an input or output'],
    [
      'names kept for what lies between',
      { y: neg(input('#1', 'float32', [])) },
      'graph: "#1" cannot name an input or output',
    ],
  ])('refuses %s', (_what, outputs, message) => {
    expect(() => graph(outputs)).toThrow(new GraphError(message));
  });

  it('takes one input that is used twice', () => {
    const x = input('x', 'float32', []);
    expect(graph({ y: add(x, x), z: neg(x) }).inputs).toEqual([x]);
  });
});

describe('values', () => {
  it('refuses inputs without a name or with no shape', () => {
    expect(() => input('', 'float32', [])).toThrow(new GraphError('Input: a name is needed'));
    expect(() => input('x', 'float32', [2, -1])).toThrow(new GraphError('Input "x": [2, -1] is no shape'));
    expect(() => input('x', 'float32', [2.5])).toThrow(new GraphError('Input "x": [2.5] is no shape'));
  });

  it('numbers the outputs of a node', () => {
    const parts = split(input('x', 'float32', [6]), 0, [1, 2, 3]);
    expect(parts.map(({ index, shape }) => [index, shape])).toEqual([
      [0, [1]],
      [1, [2]],
      [2, [3]],
    ]);
    for (const part of parts) expect(part.node).toBe(parts[0]?.node);
  });

  it('refuses a rule that gives no shape, or no output where one is wanted', () => {
    const rule: OpRule = { op: 'Odd', infer: () => [{ dtype: 'float32', shape: [1.5] }] };
    expect(() => apply(rule, [])).toThrow(new GraphError('Odd: [1.5] is no shape'));
    expect(() => apply1({ op: 'None', infer: () => [] }, [])).toThrow(GraphError);
  });

  it('makes scalars of numbers', () => {
    const { dtype, shape, node } = scalar(0.1);
    expect([dtype, shape, node.data]).toEqual(['float32', [], Float32Array.of(0.1)]);
  });

  it('holds a value to a shape', () => {
    const value = scalar(1);
    expect(() => expectShape(value, [], 'x')).not.toThrow();
    expect(() => expectShape(value, [2, 3], 'x')).toThrow(
      new GraphError('x: shape [] where [2, 3] is needed'),
    );
  });
});

describe('checkTensor', () => {
  it.each([
    ['float32', Float32Array],
    ['int32', Int32Array],
    ['int64', BigInt64Array],
    ['uint32', Uint32Array],
    ['bool', Uint8Array],
  ] as const)('takes %s in a %o', (dtype, array) => {
    expect(arrayFor(dtype)).toBe(array);
    const tensor: Tensor = { dtype, shape: [2, 3], data: new array(6) };
    expect(() => checkTensor('x', tensor)).not.toThrow();
    const wrong = dtype === 'float32' ? new Int32Array(6) : new Float32Array(6);
    expect(() => checkTensor('x', { ...tensor, data: wrong })).toThrow(
      new GraphError(`x: ${dtype} data must be a ${array.name}`),
    );
    expect(() => checkTensor('x', { ...tensor, shape: [2, 2] })).toThrow(
      new GraphError('x: shape [2, 2] needs 4 elements, got 6'),
    );
  });

  it('refuses shapes that only multiply to the right number', () => {
    expect(() => checkTensor('x', { ...float(1, 2), shape: [-1, -2] })).toThrow('x: [-1, -2] is no shape');
    expect(() => checkTensor('x', { ...float(1, 2), shape: [0.5, 4] })).toThrow('x: [0.5, 4] is no shape');
  });

  it('names the types there are', () => {
    for (const dtype of ['float64', 'toString', '']) {
      expect(() => checkTensor('x', { ...float(1), dtype: dtype as 'float32' })).toThrow(
        new GraphError(`x: no type is named "${dtype}", only float32, int32, int64, uint32, bool`),
      );
    }
  });

  it('guards constants', () => {
    expect(() => constant({ ...float(1, 2), shape: [3] })).toThrow(
      new GraphError('Constant: shape [3] needs 3 elements, got 2'),
    );
  });
});
