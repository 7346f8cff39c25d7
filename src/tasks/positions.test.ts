import { describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { addition, counting } from '../studies/index.js';
import { placeName, resolvePosition } from './positions.js';

const sum = addition.encode('615+861=1476');
const string = counting.encode('abbc|b:2');

describe('resolvePosition', () => {
  it.each([
    ['=', 8],
    ['A1', 9],
    ['+', 4],
    ['BOS', 0],
    ['E', 13],
    ['8', 8],
    [8, 8],
    ['0', 0],
    [-1, 13],
    ['-14', 0],
    [' A4 ', 12],
  ])('takes %j of a sum', (spec, index) => {
    expect(resolvePosition(addition, sum, spec)).toBe(index);
  });

  it.each([
    ['query', 6],
    ['|', 5],
    [':', 7],
    ['count', 8],
    [1, 1],
  ])('takes %j of a string', (spec, index) => {
    expect(resolvePosition(counting, string, spec)).toBe(index);
  });

  it.each(['14', -15, '99'])('refuses %j, out of range', (spec) => {
    expect(() => resolvePosition(addition, sum, spec)).toThrow(InputError);
    expect(() => resolvePosition(addition, sum, spec)).toThrow(/out of range.*F1.*A4.*0 to 13 \(-14 to -1/);
  });

  it('refuses unknown names with a suggestion and the names of this input', () => {
    expect(() => resolvePosition(counting, string, 'qery')).toThrow(
      new InputError(
        'Unknown position "qery". Did you mean "query"? Places of "abbc|b:2": BOS, |, query, :, count, E, or an index from 0 to 9 (-10 to -1 from the end).',
      ),
    );
    expect(() => resolvePosition(addition, addition.encode('100+100=200'), 'A4')).toThrow(
      /Unknown position "A4"/,
    );
    for (const spec of ['', '1.5', 1.5, NaN])
      expect(() => resolvePosition(addition, sum, spec)).toThrow(InputError);
  });
});

describe('placeName', () => {
  it('names an index, or not', () => {
    expect(placeName(addition, sum, 8)).toBe('=');
    expect(placeName(counting, string, 1)).toBeNull();
  });
});
