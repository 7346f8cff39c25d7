import { fromBinary } from '@bufbuild/protobuf';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type Graph, type Tensor, constant, graph, input, scalar } from '../graph.js';
import { add, div, mul, relu } from '../ops/elementwise.js';
import { concat, slice, split, transpose } from '../ops/layout.js';
import { gather } from '../ops/lookup.js';
import { gemm, matmul } from '../ops/matmul.js';
import { layerNorm } from '../ops/normalize.js';
import { encodeOnnx, opset } from './encode.js';
import {
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  ModelProtoSchema,
  type NodeProto,
} from './onnx_pb.js';

function decoded(of: Graph): GraphProto {
  const model = fromBinary(ModelProtoSchema, encodeOnnx(of));
  if (model.graph === undefined) throw new Error('a model without a graph');
  return model.graph;
}

/** Attributes by name, as numbers, lists or text. */
function attributesOf(node: NodeProto | undefined): Record<string, unknown> {
  return Object.fromEntries(
    (node?.attribute ?? []).map(({ name, type, f, i, s, floats, ints }): [string, unknown] => {
      if (type === AttributeType.FLOAT) return [name, f];
      if (type === AttributeType.INT) return [name, i];
      if (type === AttributeType.STRING) return [name, new TextDecoder().decode(s)];
      return [name, type === AttributeType.FLOATS ? floats : ints];
    }),
  );
}

const float = (...data: number[]): Tensor => ({
  dtype: 'float32',
  shape: [data.length],
  data: Float32Array.from(data),
});

describe('encodeOnnx', () => {
  it('says which operators it is written in', () => {
    const model = fromBinary(ModelProtoSchema, encodeOnnx(graph({ y: scalar(1) })));
    expect(model.irVersion).toBe(9n);
    expect(model.producerName).toBe('inversionview');
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
      ['', BigInt(opset)],
      ['com.microsoft', 1n],
    ]);
  });

  it('keeps names, types and shapes of inputs and outputs', () => {
    const all = (['float32', 'int32', 'int64', 'uint32', 'bool'] as const).map((dtype) =>
      input(dtype, dtype, [2, 0, 3]),
    );
    const built = graph(Object.fromEntries(all.map((x) => [`${x.dtype} out`, transpose(x, [2, 0, 1])])));
    const described = (infos: GraphProto['input']): unknown =>
      infos.map(({ name, type }) => {
        const value = type?.value;
        if (value?.case !== 'tensorType') throw new Error('no tensor');
        return [name, value.value.elemType, value.value.shape?.dim.map((dim) => dim.value.value)];
      });
    const { input: inputs, output: outputs } = decoded(built);
    const numbers = [1, 6, 7, 12, 9];
    expect(described(inputs)).toEqual(all.map((x, i) => [x.dtype, numbers[i], [2n, 0n, 3n]]));
    expect(described(outputs)).toEqual(all.map((x, i) => [`${x.dtype} out`, numbers[i], [3n, 2n, 0n]]));
  });

  it('joins nodes by the names of values, in an order in which they can run', () => {
    const [x, w] = [input('x', 'float32', [4, 3]), input('w', 'float32', [3, 2])];
    const hidden = relu(gemm(x, w));
    const { node: nodes, initializer } = decoded(graph({ y: mul(hidden, hidden), loss: add(hidden, 2) }));
    const known = new Set(['x', 'w', ...initializer.map(({ name }) => name)]);
    for (const { input: inputs, output: outputs } of nodes) {
      for (const name of inputs) expect(known).toContain(name);
      for (const name of outputs) {
        expect(known).not.toContain(name);
        known.add(name);
      }
    }
    expect(known).toContain('y');
    expect(known).toContain('loss');
    expect(nodes.map(({ opType }) => opType)).toEqual(['Gemm', 'Relu', 'Mul', 'Add']);
  });

  it('stores attributes in the type that the operator wants', () => {
    const [x, w] = [input('x', 'float32', [4, 3]), input('w', 'float32', [2, 3])];
    const product = gemm(x, w, null, { transB: true, alpha: 2 });
    const { node: nodes } = decoded(
      graph({
        // An alpha of 2 is a whole number and still a float in ONNX.
        product,
        batch: matmul(x, w, { transB: true }),
        norm: layerNorm(x, input('g', 'float32', [3]), null, 1e-5).output,
        turned: transpose(x, [1, 0]),
      }),
    );
    const of = (op: string): Record<string, unknown> =>
      attributesOf(nodes.find(({ opType }) => opType === op));
    expect(of('Gemm')).toEqual({ alpha: 2, transA: 0n, transB: 1n });
    expect(of('FusedMatMul')).toEqual({ alpha: 1, transA: 0n, transB: 1n });
    expect(of('LayerNormalization')).toEqual({ axis: -1n, epsilon: Math.fround(1e-5) });
    expect(of('Transpose')).toEqual({ perm: [1n, 0n] });
    expect(nodes.find(({ opType }) => opType === 'FusedMatMul')?.domain).toBe('com.microsoft');
    expect(nodes.find(({ opType }) => opType === 'Gemm')?.domain).toBe('');
  });

  it('names every output of a node', () => {
    const parts = split(input('x', 'float32', [6]), 0, [1, 2, 3]);
    const { node: nodes } = decoded(graph({ last: parts[2] ?? scalar(0) }));
    expect(nodes[0]?.output).toHaveLength(3);
    expect(nodes[0]?.output[2]).toBe('last');
    expect(new Set(nodes[0]?.output).size).toBe(3);
  });

  it('stores equal small constants once, and tells 0 from −0, types, shapes and large ones apart', () => {
    const x = input('x', 'float32', [2]);
    const stored = (...constants: Tensor[]): number =>
      decoded(graph(Object.fromEntries(constants.map((tensor, i) => [`y${i}`, constant(tensor)]))))
        .initializer.length;
    expect(stored(float(1, 2), float(1, 2))).toBe(1);
    expect(stored(float(1, 2), float(2, 1))).toBe(2);
    expect(stored(float(0), float(-0))).toBe(2);
    expect(stored(float(0), { dtype: 'int32', shape: [1], data: Int32Array.of(0) })).toBe(2);
    expect(stored(float(1, 2), { ...float(1, 2), shape: [1, 2] })).toBe(2);
    const ones = (length: number): Tensor => float(...Array<number>(length).fill(1));
    expect(stored(ones(16), ones(16))).toBe(1);
    expect(stored(ones(17), ones(17))).toBe(2);
    // The axes of slices are such constants.
    const cut = decoded(graph({ y: add(slice(x, 0, 0, 1), slice(x, 0, 1, 2)) }));
    expect(cut.initializer).toHaveLength(3);
    const named = new Set(cut.initializer.map(({ name }) => name));
    for (const node of cut.node.filter(({ opType }) => opType === 'Slice')) {
      for (const name of node.input.slice(1)) expect(named).toContain(name);
    }
  });

  it('stores a view of a larger buffer as what it shows', () => {
    const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    const [stored] = decoded(graph({ y: constant({ dtype: 'float32', shape: [2], data }) })).initializer;
    expect(stored?.rawData).toEqual(new Uint8Array(Float32Array.of(2, 3).buffer));
    expect(stored?.dims).toEqual([2n]);
  });

  it('gives a node of its own to an output that is an input, a constant or another output', () => {
    const x = input('x', 'float32', [2]);
    const y = relu(x);
    const { node: nodes } = decoded(graph({ y, again: y, fed: x, fixed: scalar(3) }));
    expect(nodes.map(({ opType }) => opType)).toEqual(['Relu', 'Identity', 'Identity', 'Identity']);
    expect(nodes.map(({ output }) => output[0])).toEqual(['y', 'again', 'fed', 'fixed']);
    expect(nodes.slice(1, 3).map((node) => node.input[0])).toEqual(['y', 'x']);
  });

  it('is what ONNX Runtime takes, with the names and shapes that were meant', async () => {
    const [x, w] = [input('a name with spaces', 'float32', [4, 3]), input('w/größe:0', 'float32', [3, 2])];
    const ids = constant({ dtype: 'int32', shape: [3], data: Int32Array.of(2, 0, 2) });
    const looked = gather(gemm(x, w), ids);
    const built = graph({ joined: concat([looked, looked], 1), 'odd #1': div(1, looked) });
    const session = await ort.InferenceSession.create(encodeOnnx(built));
    expect(session.inputNames).toEqual(['a name with spaces', 'w/größe:0']);
    expect(session.outputNames).toEqual(['joined', 'odd #1']);
    const shapeOf = (meta: ort.InferenceSession.ValueMetadata | undefined): unknown =>
      meta?.isTensor && meta.shape;
    expect(shapeOf(session.inputMetadata[0])).toEqual([4, 3]);
    expect(shapeOf(session.outputMetadata[0])).toEqual([3, 4]);
    await session.release();
  });

  it('gives the same bytes for the same graph', () => {
    const build = (): Uint8Array => encodeOnnx(graph({ y: mul(add(input('x', 'float32', [2]), 1), 3) }));
    expect(build()).toEqual(build());
  });
});
