import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomFor } from '../random.js';
import { addition, counting } from '../studies/index.js';
import { type Batch, type BatchSource, batchReader } from './batches.js';

/** Batches in a chunk: what is drawn and ordered together. */
const perChunk = 16;
const source = (changes: Partial<BatchSource> = {}): BatchSource => ({
  task: counting,
  seed: 1,
  size: 6,
  trim: 4,
  ...changes,
});
const chunkOf = (own: BatchSource, chunk: number): Batch[] => {
  const read = batchReader(own);
  return Array.from({ length: perChunk }, (_, at) => read(chunk * perChunk + at));
};
const texts = (batches: readonly Batch[]): string[] =>
  batches.flatMap(({ sequences }) => sequences.map((ids) => ids.join(' ')));

describe('batches', () => {
  it('are decided by the seed and the step alone', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.array(fc.nat(99), { minLength: 1, maxLength: 12 }), (seed, steps) => {
        const held = batchReader(source({ seed }));
        // Forth and back, across chunks and inside them.
        for (const step of steps) expect(held(step)).toEqual(batchReader(source({ seed }))(step));
      }),
      { numRuns: 25 },
    );
    expect(batchReader(source({ seed: 2 }))(5)).not.toEqual(batchReader(source())(5));
    const steps = Array.from({ length: 40 }, (_, step) => texts([batchReader(source())(step)]).join());
    expect(new Set(steps).size).toBe(40);
  });

  it.each([0, 1, 3, 4, 7, 40])(
    'have each sequence that was drawn once, padded to a multiple of %i',
    (trim) => {
      for (const task of [addition, counting]) {
        const own = source({ task, trim });
        const random = randomFor(own.seed, 'batches', 2);
        const drawn = Array.from({ length: own.size * perChunk }, () =>
          task.sample(random, 'train').join(' '),
        );
        const batches = chunkOf(own, 2);
        expect(texts(batches).toSorted()).toEqual(drawn.toSorted());
        for (const { sequences, places } of batches) {
          expect(sequences).toHaveLength(own.size);
          const longest = Math.max(...sequences.map((ids) => ids.length));
          expect(places).toBeGreaterThanOrEqual(longest);
          expect(places).toBeLessThanOrEqual(task.maxLength);
          if (trim === 0) expect(places).toBe(task.maxLength);
          else
            expect(places === task.maxLength || (places % trim === 0 && places - longest < trim)).toBe(true);
        }
      }
    },
  );

  it('are of like lengths where they are trimmed, in no order', () => {
    const all = Array.from({ length: 10 }, (_, chunk) => chunkOf(source(), chunk));
    const tokens = all.flat().reduce((sum, { sequences }) => sum + sequences.flat().length, 0);
    const padded = all.flat().reduce((sum, { sequences, places }) => sum + sequences.length * places, 0);
    // Untrimmed, a third of the tokens would be padding.
    expect(padded / tokens).toBeLessThan(1.2);
    const untrimmed = all
      .flat()
      .reduce((sum, { sequences }) => sum + sequences.length * counting.maxLength, 0);
    expect(untrimmed / tokens).toBeGreaterThan(1.5);
    const rising = all.filter((chunk) =>
      chunk.every(({ places }, at) => at === 0 || places >= (chunk[at - 1]?.places ?? 0)),
    );
    expect(rising).toHaveLength(0);
  });

  it('are drawn from the training split alone', () => {
    for (const task of [addition, counting]) {
      for (const ids of chunkOf(source({ task }), 0).flatMap(({ sequences }) => sequences))
        expect(task.data.inSplit(ids)).toBe('train');
    }
  });
});
