/**
 * A graph as an ONNX model, the form in which ONNX Runtime takes it.
 * @module
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { type Attribute, type Graph, type GraphNode, type TensorData, type Value } from '../graph.js';
import { onnxTypes } from '../ops/layout.js';
import {
  AttributeProto_AttributeType as AttributeType,
  type AttributeProto,
  AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.js';

/** Version of ONNX's own operator set that the rules are written against. */
export const opset = 18;

function encodeAttribute(name: string, value: Attribute, isFloat: boolean): AttributeProto {
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRING,
      s: new TextEncoder().encode(value),
    });
  }
  if (typeof value === 'number') {
    return isFloat
      ? create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value })
      : create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  }
  return isFloat
    ? create(AttributeProtoSchema, { name, type: AttributeType.FLOATS, floats: [...value] })
    : create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

const bytesOf = (data: TensorData): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function encodeTensor(name: string, { dtype, shape, node }: Value): TensorProto {
  const bytes = node.data === null ? undefined : bytesOf(node.data);
  return create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: onnxTypes[dtype],
    ...(bytes === undefined ? {} : { rawData: bytes }),
  });
}

function encodeValueInfo(name: string, { dtype, shape }: Value): ValueInfoProto {
  const dim = shape.map((length) => ({ value: { case: 'dimValue' as const, value: BigInt(length) } }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: onnxTypes[dtype], shape: { dim } } } },
  });
}

/** Small equal constants (axes, scalars) are stored once. Equal by their bytes: 0 is not −0. */
function constantKey({ data }: GraphNode, { dtype, shape }: Value): string | null {
  if (data === null || data.length > 16) return null;
  return `${dtype}:${shape.join(',')}:${bytesOf(data).join(',')}`;
}

/** The name under which a graph takes the `at`-th of its shared values. */
export const sharedName = (at: number): string => `#shared${at}`;

/**
 * Encodes a graph as the bytes of an ONNX ModelProto.
 * @param copied whether shared values are stored in it as constants are; otherwise they are inputs by `sharedName`
 */
export function encodeOnnx(graph: Graph, copied = false): Uint8Array {
  const names = new Map<Value, string>();
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const equal = new Map<string, string>();
  // graph() keeps callers from names that start so.
  let count = 0;
  const fresh = (): string => `#${count++}`;
  const nameOf = (value: Value): string => names.get(value) ?? '';

  const outputNames = new Map<Value, string>();
  const aliases: [Value, string][] = [];
  for (const [name, value] of Object.entries(graph.outputs)) {
    const computed = value.node.rule !== null && !outputNames.has(value);
    if (computed) outputNames.set(value, name);
    else aliases.push([value, name]);
  }

  graph.shared.forEach((value, at) => {
    names.set(value, sharedName(at));
    if (copied) initializers.push(encodeTensor(sharedName(at), value));
  });
  for (const node of graph.nodes) {
    if (node.op === 'Shared') continue;
    for (const value of node.outputs) {
      if (node.op === 'Input') names.set(value, node.name);
      else if (node.op === 'Constant') {
        const key = constantKey(node, value);
        const name = (key === null ? undefined : equal.get(key)) ?? fresh();
        names.set(value, name);
        if (key !== null && equal.has(key)) continue;
        if (key !== null) equal.set(key, name);
        initializers.push(encodeTensor(name, value));
      } else names.set(value, outputNames.get(value) ?? fresh());
    }
    if (node.rule === null) continue;
    nodes.push(
      create(NodeProtoSchema, {
        opType: node.op,
        domain: node.rule.domain ?? '',
        input: node.inputs.map(nameOf),
        output: node.outputs.map(nameOf),
        attribute: Object.entries(node.attributes).map(([name, value]) =>
          encodeAttribute(name, value, node.rule?.floats?.includes(name) ?? false),
        ),
      }),
    );
  }
  // One value under two names, or an input given straight back, needs a node of its own in ONNX.
  for (const [value, name] of aliases) {
    nodes.push(create(NodeProtoSchema, { opType: 'Identity', input: [nameOf(value)], output: [name] }));
  }

  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 9n,
      producerName: 'inversionview',
      opsetImport: [
        { domain: '', version: BigInt(opset) },
        { domain: 'com.microsoft', version: 1n },
      ],
      graph: {
        name: 'graph',
        node: nodes,
        initializer: initializers,
        input: [
          ...graph.inputs.map((value) => encodeValueInfo(value.node.name, value)),
          ...(copied ? [] : graph.shared.map((value, at) => encodeValueInfo(sharedName(at), value))),
        ],
        output: Object.entries(graph.outputs).map(([name, value]) => encodeValueInfo(name, value)),
      },
    }),
  );
}
