/**
 * A model ready to be asked: which activations does this input give, and what follows when one is changed.
 * Each question (which hooks, which interventions, how many inputs) is a graph of its own; who asks one often
 * compiles {@link questionGraph} once and keeps it.
 * @module
 */
import {
  type Executable,
  type Graph,
  type Runtime,
  type Tensors,
  type Value,
  constant,
  floatsOf,
  graph,
  input,
  shared,
} from '../engine/index.js';
import { InputError, suggest } from '../input-error.js';
import { expectFinite, expectFiniteScores } from './finite.js';
import { type Architecture } from './architecture.js';
import { type Intervention } from './hook-points.js';
import { headSite, hookNames } from './hooks.js';
import { type Processed, type Processing } from './processing.js';
import { transformer } from './transformer.js';
import { type ParameterSet, fingerprint } from './weights/fingerprint.js';

/** A model with its weights as they are run. */
export interface HookedModel {
  readonly architecture: Architecture;
  /** For messages: where it was read from. */
  readonly name: string;
  readonly processing: Processing;
  /** Identity of the unprocessed weights. */
  readonly hash: string;
  /** Task whose training split the weights are known to have learned from, by their provenance; absent where nobody knows. */
  readonly trainedOn?: string;
  /** Parameters as they are run, by the names of the architecture. */
  readonly parameters: ParameterSet;
  /** The parameters as values of a graph, made once and shared by all graphs. */
  parameter(name: string): Value | null;
}

/**
 * Bytes from which on a model's parameters are fed to each run in place of being copied into each graph. A graph of
 * a small model runs faster with constants, which ONNX Runtime lays out once.
 */
const sharedFrom = 2 ** 24;

const bytesOf = (parameters: ParameterSet): number =>
  [...parameters.values()].reduce((sum, { data }) => sum + data.byteLength, 0);

/** Whether a run of the model takes long, a tenth of a second or more for a text: its parameters are fed. */
export const isLarge = ({ parameters }: Pick<HookedModel, 'parameters'>): boolean =>
  bytesOf(parameters) >= sharedFrom;

/** Rows of a graph that is to take some number of inputs: 256, of a large model no more than are needed, and 64 at most. */
export function rowsFor(model: Pick<HookedModel, 'parameters'>, count: number): number {
  if (!isLarge(model)) return 256;
  return Math.min(64, 2 ** Math.ceil(Math.log2(Math.max(8, count))));
}

/**
 * Makes a model of parameters that have been processed as stated.
 * @param raw those before processing, or their fingerprint
 */
export async function hookedModel(
  name: string,
  raw: ParameterSet | string,
  { architecture, parameters }: Processed,
  processing: Processing,
): Promise<HookedModel> {
  const values = new Map<string, Value>();
  const asValue = isLarge({ parameters }) ? shared : constant;
  return {
    architecture,
    name,
    processing,
    hash: typeof raw === 'string' ? raw : await fingerprint(raw),
    parameters,
    parameter(parameterName) {
      const known = values.get(parameterName);
      const source = parameters.get(parameterName);
      if (known !== undefined || source === undefined) return known ?? null;
      const value = asValue({ dtype: 'float32', shape: source.shape, data: source.data });
      values.set(parameterName, value);
      return value;
    },
  };
}

/** Every site of a single head's output, in the order of layers. */
export const headSites = ({ layers, heads }: Pick<Architecture, 'layers' | 'heads'>): string[] =>
  Array.from({ length: layers }, (_, layer) =>
    Array.from({ length: heads }, (__, head) => headSite(layer, head)),
  ).flat();

/** Every name that {@link runWithCache} takes: hooks, single heads and `logits`. */
export const cacheNames = ({ architecture }: HookedModel): string[] => [
  ...hookNames(architecture),
  ...headSites(architecture),
  'logits',
];

/** Name, hash and weight processing of a model, as results state them. */
export const modelText = ({ name, hash, processing }: HookedModel): string =>
  `${name} ${hash.slice(0, 12)} (${processing === 'none' ? 'unprocessed' : processing} weights)`;

/** @throws InputError for more tokens than the model has positions */
export function expectPlaces({ name, architecture }: HookedModel, places: number): void {
  if (places <= architecture.positions) return;
  throw new InputError(`${places} tokens are more than the ${architecture.positions} places of ${name}`);
}

/** What is asked of a run. */
export interface RunOptions {
  /** Names of {@link cacheNames}; the run stops at the last one needed. */
  readonly names: readonly string[];
  readonly interventions?: ReadonlyMap<string, Intervention>;
}

/**
 * The graph of a question: input `ids` `[batch, place]` int32, outputs by hook name.
 * @throws InputError for a name that the model does not have, with a suggestion
 */
export function questionGraph(
  model: HookedModel,
  batch: number,
  places: number,
  { names, interventions }: RunOptions,
): Graph {
  const accepted = cacheNames(model);
  const check = (name: string, known: readonly string[]): void => {
    if (!known.includes(name)) throw new InputError(`No hook is named "${name}".${suggest(name, known)}`);
  };
  for (const name of names) check(name, accepted);
  const hooks = accepted.filter((name) => name !== 'logits');
  for (const name of interventions?.keys() ?? []) check(name, hooks);
  expectPlaces(model, places);
  const ids = input('ids', 'int32', [batch, places]);
  const run = transformer(
    model.architecture,
    model.parameter,
    ids,
    interventions === undefined ? {} : { interventions },
  );
  const outputs: Record<string, Value> = {};
  for (const name of names) {
    const value = name === 'logits' ? run.logits : run.cache.get(name);
    if (value !== undefined) outputs[name] = value;
  }
  return graph(outputs);
}

/**
 * Runs equally long inputs and gives the named activations; shapes as in {@link transformer}.
 * @param ids token ids, one array an input, all of one length
 * @throws InputError for a name that the model does not have, tokens that it does not take, and an activation that is
 *   not finite
 */
export async function runWithCache(
  runtime: Runtime,
  model: HookedModel,
  ids: readonly (readonly number[])[],
  options: RunOptions,
): Promise<Tensors> {
  const places = ids[0]?.length ?? 0;
  if (places === 0) throw new InputError('A run needs at least one input of at least one token');
  const { vocabulary } = model.architecture;
  for (const row of ids) {
    if (row.length !== places)
      throw new InputError(`Inputs of one run must be equally long: ${places} and ${row.length}`);
    const bad = row.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary);
    if (bad !== undefined) throw new InputError(`Token id ${bad} is outside the vocabulary of ${vocabulary}`);
  }
  const executable: Executable = await runtime.compile(questionGraph(model, ids.length, places, options));
  try {
    // What is asked may not rest on the tokens: position embeddings, or what follows a replaced activation.
    const fixed = executable.graph.inputs.length === 0;
    const shape = [ids.length, places];
    const outputs = await executable.run(
      fixed ? {} : { ids: { dtype: 'int32', shape, data: Int32Array.from(ids.flat()) } },
    );
    for (const name of Object.keys(outputs)) {
      const values = floatsOf(outputs, name);
      if (!name.endsWith('.hook_attn_scores')) expectFinite(values, name);
      else {
        const layer = Number(name.split('.')[1]);
        expectFiniteScores(values, places, model.architecture.windows[layer] ?? null, name);
      }
    }
    return outputs;
  } finally {
    await executable.dispose();
  }
}
