import { describe, expect, it } from 'vitest';
import { padded } from './padding.js';

describe('padded', () => {
  it('fills short sequences on the right and cuts long ones', () => {
    expect([...padded([[1], [], [1, 2, 3, 4]], 3, 9)]).toEqual([1, 9, 9, 9, 9, 9, 1, 2, 3]);
  });

  it('gives nothing for no sequences', () => {
    expect(padded([], 3, 9)).toHaveLength(0);
  });
});
