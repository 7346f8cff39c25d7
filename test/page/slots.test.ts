/**
 * What fills the slots of sentences that were found inside.
 */
import { describe, expect, it } from 'vitest';
import { slotShares, slotText, slotTip } from '../../web/src/reading/slots.js';

const sentences = (values: readonly (string | null)[]) =>
  values.map((value) => ({ annotation: value === null ? {} : { S: value } }));

describe('shares of a slot', () => {
  it('count each sentence once, leave out those without the slot, and sum to one', () => {
    const { values } = slotShares(sentences(['Ann', 'Bo', 'Ann', null, 'Cleo', 'Ann']), 'S');
    expect(values.map(({ value, share }) => [value, share])).toEqual([
      ['Ann', 0.6],
      ['Bo', 0.2],
      ['Cleo', 0.2],
    ]);
    expect(values.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  });

  it.each([
    [[], '–'],
    [[null], '–'],
    [['Ann'], 'Ann 100%'],
    [['Ann', 'Ann', 'Bo'], 'Ann 67%'],
    [['Ann', 'Bo', 'Cleo'], 'any of 3'],
    [[...Array.from({ length: 299 }, () => 'Ann'), 'Bo'], 'Ann >99%'],
  ])('%j is said as %s', (values, text) => {
    expect(slotText(slotShares(sentences(values), 'S'))).toBe(text);
  });

  it('lists the most frequent, and how many more there are', () => {
    const tip = slotTip('S', slotShares(sentences(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'g']), 'S'));
    expect(tip.split('\n')[1]).toBe('g 25.0%');
    expect(tip).toMatch(/and 1 more$/);
  });
});
