/**
 * The adapter for Node: ONNX Runtime's native binding, on the CPU or on WebGPU.
 * @module
 */
import { availableParallelism } from 'node:os';
import * as ort from 'onnxruntime-node';
import { type DType, GraphError, sameShape } from '../shape.js';
import { type Graph, type Tensor, type Value, arrayFor } from '../graph.js';
import { encodeOnnx, sharedName } from '../onnx/encode.js';
import { DeviceError, type Executable, type Runtime, type Tensors, executable } from './runtime.js';

/** Where and how wide to run. */
export interface NodeRuntimeOptions {
  /**
   * `cpu` by default; `webgpu` needs an adapter (a GPU, or SwiftShader through `VK_ICD_FILENAMES`) and one thread of
   * the process for itself: ONNX Runtime's GPU context does not stand two worker threads at once.
   */
  readonly device?: 'cpu' | 'webgpu';
  /** Threads for one operator; by default as many as there are processors. Results repeat bit for bit for equal numbers. */
  readonly threads?: number;
  /**
   * Whether each graph keeps the memory of its largest run for the next one; true by default. A program that holds many
   * graphs ready needs half the memory without, and inference is as fast.
   */
  readonly keepMemory?: boolean;
}

const noAdapter =
  'There is no WebGPU adapter here: it takes a GPU with its driver, or SwiftShader named in VK_ICD_FILENAMES';

const toOrt = ({ dtype, data, shape }: Tensor): ort.Tensor => new ort.Tensor(dtype, data as never, shape);

function fromOrt(name: string, tensor: ort.Tensor): Tensor {
  const dtype = tensor.type as DType;
  const data: unknown = tensor.data;
  if (!(data instanceof arrayFor(dtype)))
    throw new GraphError(`run: output "${name}" came back as ${tensor.type}`);
  return { dtype, shape: tensor.dims, data };
}

/** ONNX Runtime's views of shared arrays, each made once. */
const views = new WeakMap<object, ort.Tensor>();

function viewOf({ dtype, shape, node }: Value): ort.Tensor {
  const { data } = node;
  if (data === null) throw new GraphError('run: a shared value holds no data');
  const known = views.get(data);
  if (known !== undefined && known.type === dtype && sameShape(known.dims, shape)) return known;
  const view = toOrt({ dtype, shape, data });
  views.set(data, view);
  return view;
}

const mapTensors = <A, B>(
  record: Readonly<Record<string, A>>,
  map: (a: A, name: string) => B,
): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));

/**
 * A runtime on ONNX Runtime's native binding. Compiling throws DeviceError where the device is not there.
 * @example
 * ```ts
 * const runtime = nodeRuntime();
 * const double = await runtime.compile(graph({ y: mul(input('x', 'float32', [2]), 2) }));
 * await double.run({ x: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } });
 * ```
 */
export function nodeRuntime(options: NodeRuntimeOptions = {}): Runtime {
  const device = options.device ?? 'cpu';
  const threads = options.threads ?? availableParallelism();
  const session: ort.InferenceSession.SessionOptions = {
    executionProviders: device === 'cpu' ? ['cpu'] : ['webgpu', 'cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    enableCpuMemArena: options.keepMemory ?? true,
    // Moments of idle parameters decay into denormals, on which arithmetic is a hundred times slower. It holds for
    // ONNX Runtime's own threads, and for the first thread of the process that compiles: train on the main thread.
    extra: { session: { set_denormal_as_zero: '1' } },
  };
  return {
    name: `onnxruntime-node ${ort.env.versions.node ?? ''} ${device}`,
    async compile(graph: Graph): Promise<Executable> {
      // On a GPU shared values would cross over at each run: there a graph has its own copy.
      const copied = device !== 'cpu';
      const compiled = await ort.InferenceSession.create(encodeOnnx(graph, copied), session).catch(
        (error: unknown) => {
          throw String(error).includes('WebGPU adapter') ? new DeviceError(noAdapter) : error;
        },
      );
      const weights = copied
        ? {}
        : Object.fromEntries(graph.shared.map((value, at) => [sharedName(at), viewOf(value)]));
      return executable(graph, {
        async run(inputs: Tensors, into: Tensors): Promise<Tensors> {
          const fetches = mapTensors(graph.outputs, (_, name) => {
            const tensor = into[name];
            return tensor === undefined ? null : toOrt(tensor);
          });
          const results = await compiled.run({ ...mapTensors(inputs, toOrt), ...weights }, fetches);
          return mapTensors(graph.outputs, (_, name) => {
            const given = into[name];
            if (given !== undefined) return given;
            const result = results[name];
            if (result === undefined) throw new GraphError(`run: output "${name}" did not come back`);
            return fromOrt(name, result);
          });
        },
        release: () => compiled.release(),
      });
    },
  };
}
