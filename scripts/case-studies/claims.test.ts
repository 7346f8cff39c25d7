import { describe, expect, it } from 'vitest';
import { BrokenClaim, check, claimsOf, fitting } from './claims.js';
import { type Measured } from './measured.js';

const measured: Measured = {
  shipped: {
    patch: { 'a0.0@=': 33.2, 'a0.1@=': 0.4, 'a1.0@=': -0.1, all: 34 },
    bits: { 'a0.0@=': { '{F1,S1}': { bits: 4.3, low: 3.9, high: 4.7 } } },
  },
};
const holds = (claim: string): void => check(claim, measured);

describe('a claim', () => {
  it.each([
    '"shipped/patch/a0.0@=" > 0.9 * "shipped/patch/all"',
    '"shipped/patch/a0.0@=" + "shipped/patch/a0.1@=" + "shipped/patch/a1.0@=" <= "shipped/patch/all" and 1 < 2',
    '-1 < "shipped/patch/a1.0@=" < 0 < "shipped/patch/a0.1@="',
    '3.8 < "shipped/bits/a0.0@=/{F1,S1}/low" < "shipped/bits/a0.0@=/{F1,S1}" < "shipped/bits/a0.0@=/{F1,S1}/high"',
    'most("shipped/patch/a*@=" but "shipped/patch/a0.0@=") < 0.5',
    'least("shipped/patch/a*", 7) < 0 and most("shipped/patch/a0.1@=", 2, 1) >= 2',
    '32 < sum("shipped/patch/a*@=") < 34 and (1 + 2) * 3 > 8 and 6 / 3 - 1 >= 1',
  ])('that holds is passed over: %s', (claim) => {
    expect(() => holds(claim)).not.toThrow();
  });

  it('that does not hold is an error with its figures', () => {
    expect(() => holds('1 < 2 and "shipped/patch/a0.0@=" < 30')).toThrow(BrokenClaim);
    expect(() => holds('1 < 2 and "shipped/patch/a0.0@=" < 30')).toThrow(
      /33\.20 is not < 30\.00; the sentence before it/,
    );
    expect(() => holds('0 < "shipped/patch/a1.0@=" < 1')).toThrow(BrokenClaim);
    expect(() => holds('"shipped/patch/all" < NaN')).toThrow(SyntaxError);
  });

  it.each([
    ['"shipped/patch/all"', /compares nothing/],
    ['"shipped/patch/all" > ', /ends too soon/],
    ['1 < 2 3', /goes on after its end/],
    ['most("shipped/patch/all" > 1', /\) is missing/],
    ['1 ! 2', /cannot be read from " ! 2"/],
    ['and 1 < 2', /and stands in the wrong place/],
    ['most("shipped/patch/a*" but 3) > 1', /names stand after but/],
  ])('that cannot be read is refused: %s', (claim, message) => {
    expect(() => holds(claim)).toThrow(SyntaxError);
    expect(() => holds(claim)).toThrow(message);
  });

  it('on what was not measured is refused', () => {
    expect(() => holds('"shipped/patch/a9.9@=" > 1')).toThrow(
      /nothing was measured as shipped\/patch\/a9\.9@=/,
    );
    expect(() => holds('most("shipped/patch/b*") > 1')).toThrow(RangeError);
    expect(() => holds('most("shipped/patch/a*" but "shipped/patch/b") > 1')).toThrow(
      /is not among those before but/,
    );
  });
});

it('a star stands for anything within a step', () => {
  expect(fitting(measured, '*/patch/a*@=')).toEqual([
    'shipped/patch/a0.0@=',
    'shipped/patch/a0.1@=',
    'shipped/patch/a1.0@=',
  ]);
  expect(fitting(measured, 'shipped/bits/*/{F1,S1}/l*')).toEqual(['shipped/bits/a0.0@=/{F1,S1}/low']);
});

it('claims stand in comments, which may go over several lines', () => {
  expect(claimsOf('A. <!-- holds: 1 <\n  2 --> B 3<!-- x --> C.\n<!-- table t -->')).toEqual(['1 < 2']);
});
