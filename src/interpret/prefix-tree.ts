/**
 * Sequences as a tree of their beginnings, cut into blocks of bounded width: what a decoder computes for a beginning is
 * computed once, however many sequences share it. The 810,000 sums have 90,000 different first five digits.
 * @module
 */

/** One depth of a block: beginnings of equal length. */
export interface TreeLevel {
  /** Last token of each beginning. */
  readonly ids: number[];
  /** Number, in the level before, of the beginning without it. */
  readonly parents: number[];
}

/** A sequence's end: it has been said once its last token follows the node. */
export interface TreeEnd {
  /** Number of the sequence in the list that was given. */
  readonly sequence: number;
  readonly level: number;
  readonly node: number;
  readonly token: number;
}

/** A part of the tree that is run at once. */
export interface TreeBlock {
  readonly levels: readonly TreeLevel[];
  readonly ends: readonly TreeEnd[];
}

/**
 * Makes the blocks.
 * @param sequences token ids, all with the same first one, of at least two tokens
 * @param widest most beginnings of one length in a block
 */
export function treeBlocks(sequences: readonly (readonly number[])[], widest: number): TreeBlock[] {
  const order = Array.from(sequences.keys()).sort((a, b) => compare(sequences[a] ?? [], sequences[b] ?? []));
  const blocks: TreeBlock[] = [];
  let levels: TreeLevel[] = [];
  let ends: TreeEnd[] = [];
  let before: readonly number[] = [];
  for (const sequence of order) {
    const ids = sequences[sequence] ?? [];
    const most = ids.length - 1;
    let alike = 0;
    while (alike < most && alike < before.length - 1 && ids[alike] === before[alike]) alike++;
    const full = Array.from({ length: most }, (_, depth) => levels[depth]?.ids.length ?? 0).some(
      (count, depth) => depth >= alike && count >= widest,
    );
    if (full) {
      blocks.push({ levels, ends });
      levels = [];
      ends = [];
      alike = 0;
    }
    for (let depth = alike; depth < most; depth++) {
      const level = levels[depth] ?? { ids: [], parents: [] };
      levels[depth] = level;
      // Sorted sequences: the beginning one shorter is the last of its level.
      level.parents.push(depth === 0 ? 0 : (levels[depth - 1]?.ids.length ?? 1) - 1);
      level.ids.push(ids[depth] ?? 0);
    }
    ends.push({
      sequence,
      level: most - 1,
      node: (levels[most - 1]?.ids.length ?? 1) - 1,
      token: ids[most] ?? 0,
    });
    before = ids;
  }
  if (ends.length > 0) blocks.push({ levels, ends });
  return blocks;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
