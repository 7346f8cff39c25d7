/**
 * What runs graphs. An adapter compiles a graph once and runs it many times; consumers know nothing else
 * of the machine. `node.ts` is the adapter for Node; a browser adapter has the same two functions. What all
 * of them owe is in `runtime.case.test.ts`.
 * @module
 */
import { type Graph, type Tensor, checkTensor } from '../graph.js';
import { GraphError, formatShape, sameShape } from '../shape.js';

/** Values by the names of a graph's inputs or outputs. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A graph that an adapter has made ready. */
export interface Executable {
  readonly graph: Graph;
  /**
   * Runs the graph.
   * @param inputs one tensor for each input, of its type and shape
   * @param into tensors to write outputs into, by name; the rest are made anew. None may also be an input.
   * @returns every output
   * @throws GraphError naming a missing, superfluous or wrongly shaped tensor, or when it has been disposed
   */
  run(inputs: Tensors, into?: Tensors): Promise<Tensors>;
  /** Frees what the adapter holds once the runs under way have ended; the executable cannot run again. */
  dispose(): Promise<void>;
}

/** An adapter to something that runs graphs. */
export interface Runtime {
  /** For messages and records: provider and version. */
  readonly name: string;
  compile(graph: Graph): Promise<Executable>;
}

/** The device asked for is not there. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
}

/** What an adapter makes of a graph; {@link executable} adds all that adapters have in common. */
export interface Session {
  /** Runs with tensors that have been checked; writes into those given. */
  run(inputs: Tensors, into: Tensors): Promise<Tensors>;
  release(): Promise<void>;
}

/** The executable around a session: checks what it is fed, and ends only after the runs under way. */
export function executable(graph: Graph, session: Session): Executable {
  const running = new Set<Promise<Tensors>>();
  let released: Promise<void> | null = null;
  return {
    graph,
    async run(inputs, into = {}) {
      if (released !== null) throw new GraphError('run: the executable has been disposed');
      checkFeeds(graph, inputs, into);
      const run = session.run(inputs, into);
      running.add(run);
      try {
        return await run;
      } finally {
        running.delete(run);
      }
    },
    dispose() {
      released ??= Promise.allSettled(running).then(() => session.release());
      return released;
    },
  };
}

/** The check that every adapter makes before a run. */
export function checkFeeds(graph: Graph, inputs: Tensors, into: Tensors): void {
  const known = new Set<string>();
  for (const value of graph.inputs) {
    const { name } = value.node;
    known.add(name);
    const tensor = inputs[name];
    if (tensor === undefined)
      throw new GraphError(`run: input "${name}" ${formatShape(value.shape)} is missing`);
    expectFit(`input "${name}"`, tensor, value);
  }
  for (const name of Object.keys(inputs)) {
    if (!known.has(name)) throw new GraphError(`run: the graph has no input "${name}"`);
  }
  // A run reads its inputs while it writes its outputs, in no order that could be relied on.
  const taken = new Set(Object.values(inputs).map(({ data }) => data));
  for (const [name, tensor] of Object.entries(into)) {
    const value = Object.hasOwn(graph.outputs, name) ? graph.outputs[name] : undefined;
    if (value === undefined) throw new GraphError(`run: the graph has no output "${name}"`);
    expectFit(`output "${name}"`, tensor, value);
    if (taken.has(tensor.data)) {
      throw new GraphError(`run: output "${name}" would be written where an input or another output is`);
    }
    taken.add(tensor.data);
  }
}

function expectFit(what: string, tensor: Tensor, value: { dtype: string; shape: readonly number[] }): void {
  checkTensor(what, tensor);
  if (tensor.dtype !== value.dtype || !sameShape(tensor.shape, value.shape)) {
    throw new GraphError(
      `run: ${what} is ${tensor.dtype}${formatShape(tensor.shape)}, the graph has ${value.dtype}${formatShape(value.shape)}`,
    );
  }
}

/** The named output of a run. @throws GraphError when the graph has none of that name. */
export function outputOf(outputs: Tensors, name: string): Tensor {
  const tensor = outputs[name];
  if (tensor === undefined) throw new GraphError(`run: the graph has no output "${name}"`);
  return tensor;
}

/** The data of a float32 output of a run. */
export function floatsOf(outputs: Tensors, name: string): Float32Array {
  const { data } = outputOf(outputs, name);
  if (!(data instanceof Float32Array)) throw new GraphError(`run: output "${name}" is not float32`);
  return data;
}
