/**
 * Texts in rows of a fixed number of tokens, so that what neighbours begin with is run once: in a row each text goes on
 * from where it parts from the one before. Rows are the trees of `places.ts`.
 * @module
 */
import { type Graph, type Tensors, type Value, GraphError, graph, input } from '../engine/index.js';
import { type HookedModel } from './hooked-model.js';
import { transformer } from './transformer.js';

/** Tokens of a row. */
export interface PackedRow {
  readonly ids: readonly number[];
  /** For each token how many stand before it on its way. */
  readonly depths: readonly number[];
  /** For each token the one before it on its way, as an index of the row; −1 for a first one. */
  readonly parents: readonly number[];
  readonly texts: readonly PackedText[];
}

/** A text of a row. */
export interface PackedText {
  /** Which of the texts it is. */
  readonly text: number;
  /** Where its tokens are, as indices of the row. */
  readonly tokens: readonly number[];
}

/**
 * Packs texts in the given order; those that begin alike should follow one another.
 * @param width tokens of a row at most
 * @throws GraphError for a text that is longer than a row
 */
export function* packedRows(texts: Iterable<ArrayLike<number>>, width: number): Generator<PackedRow> {
  const empty = () => ({
    ids: [] as number[],
    depths: [] as number[],
    parents: [] as number[],
    texts: [] as PackedText[],
  });
  let row = empty();
  let number = 0;
  let before: ArrayLike<number> = [];
  for (const text of texts) {
    if (text.length > width)
      throw new GraphError(`packing: a text of ${text.length} tokens in rows of ${width}`);
    let way = row.texts.at(-1)?.tokens ?? [];
    let shared = 0;
    while (shared < Math.min(way.length, text.length) && before[shared] === text[shared]) shared++;
    if (row.ids.length + text.length - shared > width) {
      yield row;
      row = empty();
      [way, shared] = [[], 0];
    }
    const tokens = way.slice(0, shared);
    for (let depth = shared; depth < text.length; depth++) {
      row.parents.push(tokens[depth - 1] ?? -1);
      row.depths.push(depth);
      tokens.push(row.ids.length);
      row.ids.push(text[depth] ?? 0);
    }
    row.texts.push({ text: number++, tokens });
    before = text;
  }
  if (row.texts.length > 0) yield row;
}

/** The order of texts in which those that begin alike follow one another, as numbers. */
export function byBeginning(texts: readonly (readonly number[])[]): number[] {
  const order = (one: readonly number[], other: readonly number[]): number => {
    const length = Math.min(one.length, other.length);
    for (let at = 0; at < length; at++) {
      const difference = (one[at] ?? 0) - (other[at] ?? 0);
      if (difference !== 0) return difference;
    }
    return one.length - other.length;
  };
  return texts.map((_, number) => number).sort((a, b) => order(texts[a] ?? [], texts[b] ?? []));
}

/** The size of a graph over packed rows. */
export interface PackedSize {
  readonly rows: number;
  /** Tokens of a row. */
  readonly width: number;
  /** Tokens of the longest text. */
  readonly longest: number;
}

/**
 * A graph over packed rows: inputs `ids`, `depths` and `mask`, see {@link packedFeeds}.
 * @param outputs makes its outputs of the model's activations `[row, token, …]` by hook name
 */
export function packedGraph(
  { architecture, parameter }: HookedModel,
  { rows, width, longest }: PackedSize,
  outputs: (cache: ReadonlyMap<string, Value>) => Readonly<Record<string, Value>>,
): Graph {
  const ids = input('ids', 'int32', [rows, width]);
  const tree = {
    depths: input('depths', 'int32', [rows, width]),
    mask: input('mask', 'float32', [rows, width, width]),
    longest,
  };
  return graph(outputs(transformer(architecture, parameter, ids, { tree }).cache));
}

/** What a graph over packed rows is fed with. @param packed as many rows as it has, or fewer */
export function packedFeeds(
  packed: readonly PackedRow[],
  { rows, width }: Omit<PackedSize, 'longest'>,
): Tensors {
  const ids = new Int32Array(rows * width);
  const depths = new Int32Array(rows * width);
  const mask = new Float32Array(rows * width * width).fill(-Infinity);
  for (let row = 0; row < rows; row++) {
    const own = packed[row];
    ids.set(own?.ids ?? [], row * width);
    depths.set(own?.depths ?? [], row * width);
    for (let token = 0; token < width; token++) {
      const at = (row * width + token) * width;
      const parent = own?.parents[token] ?? -1;
      if (parent >= 0)
        mask.copyWithin(at, (row * width + parent) * width, (row * width + parent + 1) * width);
      // What is no token sees itself, so that its scores are finite too.
      mask[at + token] = 0;
    }
  }
  return {
    ids: { dtype: 'int32', shape: [rows, width], data: ids },
    depths: { dtype: 'int32', shape: [rows, width], data: depths },
    mask: { dtype: 'float32', shape: [rows, width, width], data: mask },
  };
}
