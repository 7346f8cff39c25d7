/**
 * Where the tokens of a run stand, and which of them each sees. A row is usually one text, token after token; it may
 * also be a tree, in which texts that begin alike have their beginning once and each token sees the way to it.
 * @module
 */
import {
  type Value,
  GraphError,
  constant,
  formatShape,
  gather,
  less,
  reshape,
  sameShape,
  slice,
  sub,
  where,
} from '../engine/index.js';

/** What of a run rests on where its tokens stand. */
export interface Places {
  /** Positions that are counted, from 0. */
  readonly count: number;
  /** The rows `[count or more, …]` of a table at the run's tokens: `[1 or batch, token, …]`. */
  at(table: Value): Value;
  /**
   * Scores added to keep a token from seeing others than those before it, and those before its window; they broadcast
   * to `[batch, head, token, token]`, −∞ where nothing is seen.
   */
  mask(window: number | null): Value;
}

/** Rows that are trees. Siblings stand at one position and do not see each other. */
export interface Tree {
  /** Tokens before each one on its way from the root, int32 `[batch, token]`. */
  readonly depths: Value;
  /** What is added to scores, `[batch, token, token]`: 0 for a token and those on the way to it, −∞ for all others. */
  readonly mask: Value;
  /** Tokens of the longest way. */
  readonly longest: number;
}

/** The mask of a text of so many tokens: `[places, places]`. */
export function causalMask(places: number, window: number | null = null): Value {
  const data = new Float32Array(places * places);
  for (let row = 0; row < places; row++) {
    data.fill(-Infinity, row * places + row + 1, (row + 1) * places);
    if (window !== null) data.fill(-Infinity, row * places, row * places + Math.max(0, row + 1 - window));
  }
  return constant({ dtype: 'float32', shape: [places, places], data });
}

/** Places of rows that are one text each. */
export const textPlaces = (length: number): Places => ({
  count: length,
  at: (table) =>
    reshape(table.shape[0] === length ? table : slice(table, 0, 0, length), [
      1,
      length,
      ...table.shape.slice(1),
    ]),
  mask: (window) => causalMask(length, window),
});

/**
 * Places of rows that are trees.
 * @param shape `[batch, token]`
 * @throws GraphError for depths or a mask of another shape
 */
export function treePlaces({ depths, mask, longest }: Tree, shape: readonly number[]): Places {
  const [batch = 0, tokens = 0] = shape;
  for (const [name, value, wanted] of [
    ['depths', depths, [batch, tokens]],
    ['mask', mask, [batch, tokens, tokens]],
  ] as const)
    if (!sameShape(value.shape, wanted))
      throw new GraphError(
        `tree: ${name} ${formatShape(value.shape)} where ${formatShape(wanted)} is needed`,
      );
  const made = new Map<number | null, Value>();
  const masked = (window: number | null): Value => {
    const byHead = reshape(mask, [batch, 1, tokens, tokens]);
    // A window as long as the longest text hides nothing.
    if (window === null || window >= longest) return byHead;
    const back = sub(reshape(depths, [batch, 1, tokens, 1]), reshape(depths, [batch, 1, 1, tokens]));
    const reach = constant({ dtype: 'int32', shape: [], data: Int32Array.of(window) });
    return where(less(back, reach), byHead, -Infinity);
  };
  return {
    count: longest,
    at: (table) => gather(table, depths),
    mask(window) {
      const known = made.get(window) ?? masked(window);
      made.set(window, known);
      return known;
    },
  };
}
