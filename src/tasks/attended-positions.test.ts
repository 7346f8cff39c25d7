import { describe, expect, it } from 'vitest';
import { attendedAt, awayFromBos } from './attended-positions.js';

const ends = { eos: 90, pad: 91 };
const ids = [0, 5, 6, 7, 90, 91];
const toBos = (...values: number[]): Float32Array => Float32Array.from(values);

describe('positions away from BOS', () => {
  const { positions } = awayFromBos(ends, 0.6);
  it('are the last token and the one that attends to BOS least, where either does', () => {
    expect(positions(ids, toBos(1, 0.5, 0.1, 0.3, 0, 0))).toEqual([3, 2]);
    expect(positions(ids, toBos(1, 0.5, 0.1, 0.9, 0, 0))).toEqual([2]);
    expect(positions(ids, toBos(1, 0.6, 0.7, 0.9, 0, 0))).toEqual([]);
    // The last token may be the least: it counts twice.
    expect(positions(ids, toBos(1, 0.5, 0.4, 0.3, 0, 0))).toEqual([3, 3]);
    expect(positions([0], toBos(0))).toEqual([]);
  });
  it('are chosen by a share', () => {
    const attention = toBos(1, 0.5, 0.1, 0.3, 0, 0);
    const at = (share: number) => attendedAt({ positions }, ids, share)(attention);
    expect([0, 0.49, 0.5, 0.99].map(at)).toEqual([3, 3, 2, 2]);
    expect(attendedAt({ positions }, ids, 0.3)(toBos(1, 1, 1, 1, 1, 1))).toBeNull();
  });
  it('begin where the caller says', () => {
    const { positions: late } = awayFromBos(ends, 0.6, 3);
    expect(late(ids, toBos(1, 0, 0, 0.3, 0, 0))).toEqual([3, 3]);
    expect(late([0, 5, 6], toBos(1, 0, 0))).toEqual([]);
  });
});
