/**
 * The graph itself: nodes that apply one ONNX operator each, and the typed, shaped values between them.
 * A graph is not built into a container: values point back at the nodes that made them, and
 * {@link graph} gathers exactly what its outputs need. What no output needs is never run.
 * @module
 */
import {
  type DType,
  type Shape,
  GraphError,
  expectLengths,
  formatShape,
  sameShape,
  sizeOf,
} from './shape.js';

/** What an operator takes besides its inputs; the rule says which of them ONNX stores as floats. */
export type Attribute = number | string | readonly number[];
export type Attributes = Readonly<Record<string, Attribute>>;

/** Elements in row-major order. `bool` is one byte an element. */
export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint32Array | Uint8Array;

/** A value on the host: what graphs are fed with and what they give back. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TensorData;
}

/** Type and shape of one output of an operator. */
export interface ValueType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** One edge of the graph: the `index`-th output of `node`. */
export interface Value extends ValueType {
  readonly node: GraphNode;
  readonly index: number;
}

/** One application of an operator. `Input`, `Constant` and `Shared` are those that have no operator in ONNX. */
export interface GraphNode {
  readonly op: string;
  readonly rule: OpRule | null;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
  /** The name an `Input` is fed by. */
  readonly name: string;
  /** What a `Constant` or `Shared` holds. */
  readonly data: TensorData | null;
}

/** Everything the engine knows of an operator: its shape rule, its gradient and how ONNX stores it. */
export interface OpRule {
  readonly op: string;
  /** Operator set: ONNX's own unless named. */
  readonly domain?: 'com.microsoft';
  /** Attributes that ONNX stores as floats; other numbers are stored as integers. */
  readonly floats?: readonly string[];
  /** Types of the outputs. Throws GraphError naming the operator and the shapes that do not fit. */
  infer(inputs: readonly Value[], attributes: Attributes): readonly ValueType[];
  /**
   * Given d(loss)/d(output) for each output (null where it does not matter), gives d(loss)/d(input)
   * for each input (null for none). Absent: the operator cannot be differentiated.
   */
  gradient?(node: GraphNode, upstream: readonly (Value | null)[]): readonly (Value | null)[];
}

function makeNode(
  fields: Omit<GraphNode, 'outputs'>,
  types: readonly ValueType[],
): GraphNode & { outputs: Value[] } {
  const outputs: Value[] = [];
  const node = { ...fields, outputs };
  types.forEach(({ dtype, shape }, index) => outputs.push({ node, index, dtype, shape }));
  return node;
}

/** Applies an operator and gives all of its outputs. */
export function apply(rule: OpRule, inputs: readonly Value[], attributes: Attributes = {}): readonly Value[] {
  const types = rule.infer(inputs, attributes);
  for (const { shape } of types) expectLengths(rule.op, shape);
  return makeNode({ op: rule.op, rule, inputs, attributes, name: '', data: null }, types).outputs;
}

/** Applies an operator and gives its first output. */
export function apply1(rule: OpRule, inputs: readonly Value[], attributes: Attributes = {}): Value {
  return first(apply(rule, inputs, attributes));
}

/** The first of a list that cannot be empty. */
export function first<T>(list: readonly T[]): T {
  const head = list[0];
  if (head === undefined) throw new GraphError('an operator without outputs was asked for its first');
  return head;
}

/** A value that is fed at each run under `name`. */
export function input(name: string, dtype: DType, shape: Shape): Value {
  if (name === '') throw new GraphError('Input: a name is needed');
  expectLengths(`Input "${name}"`, shape);
  return first(
    makeNode({ op: 'Input', rule: null, inputs: [], attributes: {}, name, data: null }, [{ dtype, shape }])
      .outputs,
  );
}

const arrayTypes = {
  float32: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint32: Uint32Array,
  bool: Uint8Array,
} as const;

/** The typed array that holds elements of a type. */
export function arrayFor<T extends DType>(dtype: T): (typeof arrayTypes)[T] {
  return arrayTypes[dtype];
}

/**
 * Checks that data, type and shape belong together.
 * @throws GraphError naming what is fed and both sizes.
 */
export function checkTensor(name: string, tensor: Tensor): void {
  if (!Object.hasOwn(arrayTypes, tensor.dtype)) {
    throw new GraphError(
      `${name}: no type is named "${tensor.dtype}", only ${Object.keys(arrayTypes).join(', ')}`,
    );
  }
  expectLengths(name, tensor.shape);
  if (!(tensor.data instanceof arrayTypes[tensor.dtype])) {
    throw new GraphError(`${name}: ${tensor.dtype} data must be a ${arrayTypes[tensor.dtype].name}`);
  }
  if (tensor.data.length !== sizeOf(tensor.shape)) {
    throw new GraphError(
      `${name}: shape ${formatShape(tensor.shape)} needs ${sizeOf(tensor.shape)} elements, got ${tensor.data.length}`,
    );
  }
}

/** A value fixed when the graph is built. */
export function constant(tensor: Tensor): Value {
  checkTensor('Constant', tensor);
  return first(
    makeNode({ op: 'Constant', rule: null, inputs: [], attributes: {}, name: '', data: tensor.data }, [
      tensor,
    ]).outputs,
  );
}

/**
 * A value fixed when the graph is built that all graphs share: runs are fed with the caller's own array, where a
 * {@link constant} is copied into each graph. For weights that are too large to be held more than once; the array
 * must not change.
 */
export function shared(tensor: Tensor): Value {
  checkTensor('Shared', tensor);
  return first(
    makeNode({ op: 'Shared', rule: null, inputs: [], attributes: {}, name: '', data: tensor.data }, [tensor])
      .outputs,
  );
}

/** A float32 scalar. */
export function scalar(value: number): Value {
  return constant({ dtype: 'float32', shape: [], data: Float32Array.of(value) });
}

/** A graph ready to be printed, encoded or compiled: nodes in an order in which they can run. */
export interface Graph {
  readonly inputs: readonly Value[];
  /** What runs are fed with besides, see {@link shared}. */
  readonly shared: readonly Value[];
  readonly nodes: readonly GraphNode[];
  readonly outputs: Readonly<Record<string, Value>>;
}

/** Every node that the given values rest on, each after those it needs. */
export function sortNodes(values: readonly Value[]): GraphNode[] {
  const sorted: GraphNode[] = [];
  const seen = new Set<GraphNode>();
  // An explicit stack: training graphs are deeper than the call stack allows.
  const stack: { node: GraphNode; next: number }[] = [];
  for (const value of values) {
    if (seen.has(value.node)) continue;
    seen.add(value.node);
    stack.push({ node: value.node, next: 0 });
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const dependency = top.node.inputs[top.next++];
      if (dependency === undefined) {
        sorted.push(top.node);
        stack.pop();
      } else if (!seen.has(dependency.node)) {
        seen.add(dependency.node);
        stack.push({ node: dependency.node, next: 0 });
      }
    }
  }
  return sorted;
}

/**
 * The graph that computes the named outputs and nothing else.
 * @throws GraphError when two different inputs share a name, a name is empty or starts with "#" (the names of
 *   what lies between are made so), or there is no output.
 */
export function graph(outputs: Readonly<Record<string, Value>>): Graph {
  const values = Object.values(outputs);
  if (values.length === 0) throw new GraphError('graph: at least one output is needed');
  const nodes = sortNodes(values);
  const inputs: Value[] = [];
  const sharedValues = nodes.filter(({ op }) => op === 'Shared').map(({ outputs: own }) => first(own));
  const names = new Map<string, GraphNode>();
  for (const node of nodes) {
    if (node.op !== 'Input') continue;
    const other = names.get(node.name);
    if (other !== undefined) throw new GraphError(`graph: two inputs are named "${node.name}"`);
    names.set(node.name, node);
    inputs.push(first(node.outputs));
  }
  for (const name of [...names.keys(), ...Object.keys(outputs)]) {
    if (name === '' || name.startsWith('#')) {
      throw new GraphError(`graph: "${name}" cannot name an input or output`);
    }
  }
  for (const name of Object.keys(outputs)) {
    if (names.has(name)) throw new GraphError(`graph: "${name}" names both an input and an output`);
  }
  return { inputs, shared: sharedValues, nodes, outputs };
}

/** @throws GraphError unless the value has this shape; `what` names it in the message. */
export function expectShape(value: ValueType, shape: Shape, what: string): void {
  if (!sameShape(value.shape, shape)) {
    throw new GraphError(`${what}: shape ${formatShape(value.shape)} where ${formatShape(shape)} is needed`);
  }
}
