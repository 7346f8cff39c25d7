/**
 * What a decoder-only transformer may be, as plain data: sizes, norms, positions, windows, MLP, and the names under
 * which Hugging Face keeps its parameters. A family (`families/*.ts`) reads a `config.json` into one of these;
 * `transformer.ts` builds the graph from it; nothing else knows a family.
 * @module
 */

/** Activation functions: `gelu` is the exact one, `gelu_tanh` its tanh form, `silu` x·σ(x). */
export type Activation = 'gelu' | 'gelu_tanh' | 'relu' | 'silu';

/** A normalisation over the last axis. */
export interface Norm {
  /** `layer` centres and has a shift; `rms` does neither. */
  readonly kind: 'layer' | 'rms';
  readonly epsilon: number;
  /** What is added to the stored gain: 1 in Gemma, whose gains are stored as differences from 1. */
  readonly offset: 0 | 1;
}

/** Rotary positions of one layer: the first `2 · inverseFrequencies.length` numbers of each head are turned. */
export interface Rotary {
  /** Radians a position, one a pair of numbers. */
  readonly inverseFrequencies: readonly number[];
}

/** A linear map as it is stored. */
export interface LinearNames {
  readonly weight: string;
  /** Null where the family has none. */
  readonly bias: string | null;
  /** `in-out`: `[inputs, outputs]`, as GPT-2's Conv1D; `out-in`: `[outputs, inputs]`, as PyTorch's Linear. */
  readonly layout: 'in-out' | 'out-in';
}

/** Queries, keys and values: three maps, or one whose outputs are all q, all k, all v, or q, k, v head by head. */
export type ProjectionNames =
  | { readonly kind: 'separate'; readonly q: LinearNames; readonly k: LinearNames; readonly v: LinearNames }
  | { readonly kind: 'fused'; readonly qkv: LinearNames; readonly order: 'by-kind' | 'by-head' };

/** Names of one block's parameters; a norm is named without `.weight` and `.bias`. */
export interface BlockNames {
  readonly ln1: string;
  readonly ln2: string;
  /** Norms of what a branch gives, before it is added (Gemma 2 and 3). */
  readonly ln1Post?: string;
  readonly ln2Post?: string;
  readonly projections: ProjectionNames;
  /** RMS norms of queries and keys within each head. */
  readonly qNorm?: string;
  readonly kNorm?: string;
  readonly output: LinearNames;
  /** The map into the MLP; of a gated one the part that is multiplied by the gate. */
  readonly mlpIn: LinearNames;
  readonly mlpGate?: LinearNames;
  readonly mlpOut: LinearNames;
}

/** Names of all parameters, without the prefix of the file. */
export interface ParameterNames {
  /** What stands before all names but the unembedding's in a file of a model with a head: `transformer.`, `model.`. */
  readonly prefix: string;
  readonly embed: string;
  /** Learned positions; null where positions are rotary. */
  readonly positions: string | null;
  block(layer: number): BlockNames;
  readonly finalNorm: string;
  /** The unembedding `[vocabulary, width]`, which a tied model need not have. */
  readonly unembed: string;
}

/** A decoder-only transformer. */
export interface Architecture {
  /** Hugging Face's `model_type`. */
  readonly family: string;
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  /** Heads of keys and values, each shared by `heads / keyValueHeads` heads. */
  readonly keyValueHeads: number;
  readonly headWidth: number;
  /** Hidden width of the MLPs. */
  readonly inner: number;
  readonly vocabulary: number;
  /** Most tokens of an input. */
  readonly positions: number;
  readonly norm: Norm;
  /** One a layer; null where positions are learned. */
  readonly rotary: readonly Rotary[] | null;
  /** One a layer: how many places back attention reaches, its own counted; null for all. */
  readonly windows: readonly (number | null)[];
  /** One a layer: what attention scores are multiplied by. */
  readonly attentionScales: readonly number[];
  /** `c` of `c · tanh(x / c)` for attention scores and logits; null for none. */
  readonly attentionCap: number | null;
  readonly logitCap: number | null;
  readonly activation: Activation;
  /** Whether attention and MLP of a block both read the residual stream before it. */
  readonly parallel: boolean;
  /** What embeddings are multiplied by. */
  readonly embeddingScale: number;
  /** Whether the unembedding is the embedding. */
  readonly tied: boolean;
  readonly names: ParameterNames;
}

/** Shapes by name, in the order of a run. */
export type ParameterShapes = ReadonlyMap<string, readonly number[]>;

type Shaped = [name: string, shape: readonly number[]];

const linearShapes = ({ weight, bias, layout }: LinearNames, inputs: number, outputs: number): Shaped[] => [
  [weight, layout === 'in-out' ? [inputs, outputs] : [outputs, inputs]],
  ...(bias === null ? [] : [[bias, [outputs]] as Shaped]),
];

const normShapes = (name: string | undefined, size: number, kind: Norm['kind']): Shaped[] =>
  name === undefined
    ? []
    : [[`${name}.weight`, [size]], ...(kind === 'layer' ? [[`${name}.bias`, [size]] as Shaped] : [])];

/** The parameters of a block. */
function blockShapes(
  { names, norm, width, heads, keyValueHeads, headWidth, inner }: Architecture,
  layer: number,
): Shaped[] {
  const block = names.block(layer);
  const { projections } = block;
  const [all, shared] = [heads * headWidth, keyValueHeads * headWidth];
  const branch = (name: string | undefined): Shaped[] => normShapes(name, width, norm.kind);
  return [
    ...branch(block.ln1),
    ...(projections.kind === 'fused'
      ? linearShapes(projections.qkv, width, all + 2 * shared)
      : [
          ...linearShapes(projections.q, width, all),
          ...linearShapes(projections.k, width, shared),
          ...linearShapes(projections.v, width, shared),
        ]),
    ...normShapes(block.qNorm, headWidth, 'rms'),
    ...normShapes(block.kNorm, headWidth, 'rms'),
    ...linearShapes(block.output, all, width),
    ...branch(block.ln1Post),
    ...branch(block.ln2),
    ...(block.mlpGate === undefined ? [] : linearShapes(block.mlpGate, width, inner)),
    ...linearShapes(block.mlpIn, width, inner),
    ...linearShapes(block.mlpOut, inner, width),
    ...branch(block.ln2Post),
  ];
}

/** Those before the blocks, and those after. */
function outerShapes({
  names,
  norm,
  width,
  vocabulary,
  positions,
  tied,
}: Architecture): [Shaped[], Shaped[]] {
  return [
    [
      [names.embed, [vocabulary, width]],
      ...(names.positions === null ? [] : [[names.positions, [positions, width]] as Shaped]),
    ],
    [
      ...normShapes(names.finalNorm, width, norm.kind),
      ...(tied ? [] : [[names.unembed, [vocabulary, width]] as Shaped]),
    ],
  ];
}

/**
 * Name and shape of each parameter, without the prefix of the file, in the order of a run. One after another: a
 * config may claim a million layers, and what it is compared with ends long before.
 */
export function* parametersOf(architecture: Architecture): Generator<Shaped> {
  const [before, after] = outerShapes(architecture);
  yield* before;
  for (let layer = 0; layer < architecture.layers; layer++) yield* blockShapes(architecture, layer);
  yield* after;
}

/** All of `parametersOf`. */
export const parameterShapes = (architecture: Architecture): ParameterShapes =>
  new Map(parametersOf(architecture));

/** Whether a model has a parameter of a name, in a time that does not grow with its layers. */
export function parameterTest(architecture: Architecture): (name: string) => boolean {
  const outer = new Set(outerShapes(architecture).flatMap((shapes) => shapes.map(([name]) => name)));
  const first = new Set(blockShapes(architecture, 0).map(([name]) => name));
  return (name) => {
    if (outer.has(name)) return true;
    const [, before = '', layer, rest = ''] = /^([a-z]+\.)(0|[1-9]\d*)\.(.*)$/s.exec(name) ?? [];
    return layer !== undefined && Number(layer) < architecture.layers && first.has(`${before}0.${rest}`);
  };
}

/** The bytes that all parameters take in float32. */
export const parameterBytes = (architecture: Architecture): number =>
  [...parametersOf(architecture)].reduce(
    (sum, [, shape]) => sum + 4 * shape.reduce((product, length) => product * length, 1),
    0,
  );
