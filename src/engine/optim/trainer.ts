/**
 * Training as a loop over one graph: loss, gradients and the optimizer's step in a single run. Parameters
 * and moments are inputs, the updated ones outputs that the next run reads; two sets of buffers take turns.
 * @module
 */
import { type Graph, type Tensor, type Value, arrayFor, first as firstOf, graph, input } from '../graph.js';
import { gradients } from '../gradients.js';
import { type Executable, type Runtime, type Tensors, floatsOf } from '../runtime/runtime.js';
import { GraphError, sizeOf } from '../shape.js';
import { adamW, adamWScales } from './adamw.js';
import { clipByGlobalNorm } from './clip.js';
import { muon } from './muon.js';
import { type Schedule, scheduled } from './schedule.js';

/** How parameters are updated. */
export interface OptimizerOptions {
  readonly schedule: Schedule;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly weightDecay: number;
  /** Highest norm of all gradients together; none when absent. */
  readonly clip?: number;
  /** Parameters that decay; all when absent. */
  readonly decays?: (name: string) => boolean;
  /** Matrices that take Muon's step instead of AdamW's; none when absent. */
  readonly muon?: (name: string) => boolean;
}

/** What is trained. */
export interface TrainingSpec {
  readonly optimizer: OptimizerOptions;
  /**
   * Builds the loss, a float32 scalar, and other scalars to watch.
   * @param variant tells apart graphs of one training, such as lengths of a batch
   */
  loss(parameter: (name: string) => Value, variant: string): { loss: Value; metrics?: Record<string, Value> };
}

/** All that a training is at a step: goes into a checkpoint, comes back at a resume. */
export interface TrainingState {
  /** Steps taken. */
  readonly step: number;
  /** Parameters by name. */
  readonly parameters: ReadonlyMap<string, Tensor>;
  /** Moments by slot and name, `first:wte.weight`. */
  readonly moments: ReadonlyMap<string, Tensor>;
}

/** A running training. */
export interface Trainer {
  /**
   * Takes a step and gives the loss before it and the metrics.
   * @throws GraphError when the feeds do not fit, the state staying as it was, or when a step is under way
   */
  step(feeds: Tensors, variant?: string): Promise<{ loss: number; metrics: Record<string, number> }>;
  /** Views of the current buffers, overwritten by the step after the next: copy what is kept. */
  state(): TrainingState;
  dispose(): Promise<void>;
}

const weight = (name: string): string => `parameter:${name}`;

const zerosLike = ({ dtype, shape }: Tensor): Tensor => ({
  dtype,
  shape,
  data: new (arrayFor(dtype))(sizeOf(shape)),
});

/** The state before the first step. */
export function initialState(
  parameters: ReadonlyMap<string, Tensor>,
  optimizer: OptimizerOptions,
): TrainingState {
  const moments = new Map<string, Tensor>();
  for (const [name, tensor] of parameters) {
    const slots = optimizer.muon?.(name) ? ['momentum'] : ['first', 'second'];
    for (const slot of slots) moments.set(`${slot}:${name}`, zerosLike(tensor));
  }
  return { step: 0, parameters, moments };
}

function trainingGraph(spec: TrainingSpec, state: TrainingState, variant: string): Graph {
  const { optimizer } = spec;
  const values = new Map<string, Value>();
  for (const [name, { dtype, shape }] of state.parameters)
    values.set(name, input(weight(name), dtype, shape));
  const parameter = (name: string): Value => {
    const value = values.get(name);
    if (value === undefined) throw new GraphError(`training: there is no parameter "${name}"`);
    return value;
  };
  const { loss, metrics = {} } = spec.loss(parameter, variant);
  const step = input('step', 'float32', []);
  const learningRate = scheduled(optimizer.schedule, step);
  // By name: a sum over all gradients must run in the same order after a resume, whose state comes from a file.
  const names = [...values.keys()].sort();
  const plain = gradients(loss, names.map(parameter));
  const slopes = optimizer.clip === undefined ? plain : clipByGlobalNorm(plain, optimizer.clip);
  const options = { ...optimizer, learningRate, step };
  const scales = adamWScales(options);

  const outputs: Record<string, Value> = { loss };
  for (const [name, value] of Object.entries(metrics)) outputs[`metric:${name}`] = value;
  names.forEach((name, at) => {
    const value = parameter(name);
    const slope = slopes[at];
    if (slope === undefined) return;
    const weightDecay = optimizer.decays === undefined || optimizer.decays(name) ? optimizer.weightDecay : 0;
    const moment = (slot: string): Value => input(`${slot}:${name}`, value.dtype, value.shape);
    if (optimizer.muon?.(name)) {
      const next = muon({ parameter: value, momentum: moment('momentum') }, slope, {
        learningRate,
        weightDecay,
      });
      outputs[`next:${weight(name)}`] = next.parameter;
      outputs[`next:momentum:${name}`] = next.momentum;
      return;
    }
    const before = { parameter: value, first: moment('first'), second: moment('second') };
    const next = adamW(before, slope, scales, { ...options, weightDecay });
    outputs[`next:${weight(name)}`] = next.parameter;
    outputs[`next:first:${name}`] = next.first;
    outputs[`next:second:${name}`] = next.second;
  });
  return graph(outputs);
}

/** Makes a trainer that goes on from a state. The state's tensors are copied, never written to. */
export function createTrainer(runtime: Runtime, spec: TrainingSpec, start: TrainingState): Trainer {
  const copy = (tensor: Tensor): Tensor => ({ ...tensor, data: tensor.data.slice() });
  let current = new Map<string, Tensor>();
  for (const [name, tensor] of start.parameters) current.set(weight(name), copy(tensor));
  for (const [name, tensor] of start.moments) current.set(name, copy(tensor));
  let spare = new Map([...current].map(([name, tensor]) => [name, zerosLike(tensor)]));
  const executables = new Map<string, Promise<Executable>>();
  let taken = start.step;
  let underWay = false;

  const compiled = (variant: string): Promise<Executable> => {
    const known = executables.get(variant);
    if (known !== undefined) return known;
    const made = runtime.compile(trainingGraph(spec, start, variant));
    executables.set(variant, made);
    return made;
  };

  const take: Trainer['step'] = async (feeds, variant = '') => {
    const executable = await compiled(variant);
    const inputs: Record<string, Tensor> = { ...feeds };
    const into: Record<string, Tensor> = {};
    for (const [name, tensor] of current) inputs[name] = tensor;
    for (const [name, tensor] of spare) into[`next:${name}`] = tensor;
    inputs['step'] = { dtype: 'float32', shape: [], data: Float32Array.of(taken + 1) };
    const outputs = await executable.run(inputs, into);
    [current, spare] = [spare, current];
    taken += 1;
    const metrics: Record<string, number> = {};
    for (const name of Object.keys(executable.graph.outputs)) {
      if (name.startsWith('metric:')) metrics[name.slice(7)] = firstOf([...floatsOf(outputs, name)]);
    }
    return { loss: firstOf([...floatsOf(outputs, 'loss')]), metrics };
  };

  return {
    async step(feeds, variant) {
      // Both would read the same parameters and write to the same buffers.
      if (underWay) throw new GraphError('training: the step before this one is still under way');
      underWay = true;
      try {
        return await take(feeds, variant);
      } finally {
        underWay = false;
      }
    },
    state() {
      const parameters = new Map<string, Tensor>();
      const moments = new Map<string, Tensor>();
      const prefix = weight('');
      for (const [name, tensor] of current) {
        if (name.startsWith(prefix)) parameters.set(name.slice(prefix.length), tensor);
        else moments.set(name, tensor);
      }
      return { step: taken, parameters, moments };
    },
    async dispose() {
      for (const made of await Promise.allSettled(executables.values())) {
        if (made.status === 'fulfilled') await made.value.dispose();
      }
    },
  };
}
