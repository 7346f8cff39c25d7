/**
 * Sentences as predicates: what is read, what is not and why, and that a predicate’s own text is read as itself.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fewSums } from '../../../test/fixtures/few-sums.js';
import { InputError } from '../../input-error.js';
import { type FeatureValue } from '../../tasks/feature.js';
import { createPrior } from '../prior.js';
import { type Predicate, featuresIn, holds, predicateText, signs } from './predicate.js';
import { readPredicate } from './read-predicate.js';
import { type Vocabulary, namedFeature, vocabularyOf } from './vocabulary.js';

const sums = vocabularyOf(createPrior(fewSums([111, 122, 222, 311, 422, 511, 533, 644, 711, 755])));
const names = ['Mary', 'John', 'Jean-Luc', "O'Neil", 'salt and pepper', 'A', 'query'];
const meetings: Vocabulary = [
  namedFeature('A', names, { phrase: 'the A' }),
  namedFeature('B', names, { phrase: 'the B' }),
  namedFeature('S', names, { phrase: 'the S' }),
  namedFeature('S.gender', ['f', 'm'], { phrase: 'the gender of the S' }),
  namedFeature('S.order', [1, 2], { phrase: 'where among A and B the S came first' }),
  namedFeature('{A,B}', ['John,Mary', 'A,Mary'], { phrase: 'the A and the B, order lost' }),
  namedFeature('place', ['house', 'gas station', 'St. Mary', null]),
  namedFeature('same hundreds', ['yes', 'no']),
  namedFeature('year', [11, 12, 13, -4, 1.5]),
  namedFeature('not sure', ['yes', 'no']),
];
const text = (sentence: string, vocabulary: Vocabulary = meetings): string =>
  predicateText(readPredicate(sentence, vocabulary));
const refused = (sentence: string, vocabulary: Vocabulary = meetings): string => {
  try {
    return `read as ${text(sentence, vocabulary)}`;
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
};

describe('readPredicate', () => {
  it.each([
    ['F1 = 5 and S1 = 1', 'F1 = 5 and S1 = 1'],
    ['F1=5,S1!=1', 'F1 = 5 and S1 != 1'],
    ['F1 = 5 and S1 = 1 or C2 = 1', '(F1 = 5 and S1 = 1) or C2 = 1'],
    ['F1 = 5 and (S1 = 1 or C2 = 1)', 'F1 = 5 and (S1 = 1 or C2 = 1)'],
    ['not F1 >= 5 & !(S1 ≠ 1)', 'not (F1 >= 5) and not (S1 != 1)'],
    ['F1 in {1, 2, 2}; F2 is one of 1, 5 or 3', 'F1 in {1, 2} and F2 in {1, 5, 3}'],
    ['F1+S1 = 6', 'F1+S1 = 6'],
    ['F1 + S1 is at least 6', 'F1+S1 >= 6'],
    ['{F1,S1}', '{F1,S1} = query'],
    ['{F1, S1} = 7,1', '{F1,S1} = "1,7"'],
    ['{F1,S1} is {7, 1}', '{F1,S1} = "1,7"'],
    ['F1 and S1, order lost', '{F1,S1} = query'],
    ['F1 and S1', 'F1 = query and S1 = query'],
    ['F1 = S1', 'F1 = S1'],
    ['F1 = the query’s and S1 = query', 'F1 = query and S1 = query'],
    ['the same F1 as the query and S1 is not 1', 'F1 = query and S1 != 1'],
    ['The sum is greater than 600.', 'sum > 600'],
    ['It holds the carry out of the tens', 'C2 = query'],
    ['Inputs where F1 is 5, and the sum is below 900', 'F1 = 5 and sum < 900'],
    ['A4 = none or A4 = –', 'A4 = none or A4 = none'],
  ])('reads sums: %s', (sentence, expected) => {
    expect(text(sentence, sums)).toBe(expected);
  });

  it.each([
    ['S = Mary', 'S = "Mary"'],
    ['S is mary.', 'S = "Mary"'],
    ['gender(S) = f', 'S.gender = "f"'],
    ['The gender of the S is f.', 'S.gender = "f"'],
    ['the gender of S is not m', 'S.gender != "m"'],
    ["S's gender is f", 'S.gender = "f"'],
    ['S.order > 1', 'S.order > 1'],
    ['S = salt and pepper and A = Mary', 'S = "salt and pepper" and A = "Mary"'],
    ['S = “Jean-Luc”', 'S = "Jean-Luc"'],
    ["S is O'Neil", `S = "O'Neil"`],
    ['place is the gas station.', 'place = "gas station"'],
    ['place = St. Mary', 'place = "St. Mary"'],
    ['place is none', 'place = none'],
    ['S = B', 'S = B'],
    ['S = "A"', 'S = "A"'],
    ['{A,B} = Mary, John', '{A,B} = "John,Mary"'],
    ['same hundreds is yes', 'same hundreds = "yes"'],
    ['same hundreds', 'same hundreds = query'],
    ['not sure = no', 'not sure = "no"'],
    ['not not sure', 'not (not sure = query)'],
    ['year = -4 or year = 1.5', 'year = -4 or year = 1.5'],
    ['year <= 12.5', 'year <= 12.5'],
    ['the year is 12', 'year = 12'],
  ])('reads texts: %s', (sentence, expected) => {
    expect(text(sentence)).toBe(expected);
  });

  it.each([
    ['', 'It says nothing of any feature.'],
    ['It holds the', 'It ends where a feature should be named.'],
    ['The subject is female', '"subject" is no feature.'],
    ['plase = house', '"plase" is no feature. Did you mean "place"?'],
    ['S = Mery', /^No input has "Mery" as its S\. Did you mean "Mary"\? Values: Mary, John, /],
    ['S =', /^A value of S is missing: Mary, John, /],
    ['S = Mary is nice', /^"is nice" is not understood: an "and", an "or" or the end is expected there\.$/],
    ['S = A', '"A" may be a value of S or a name: put a value in quotes.'],
    ['S = query', '"query" may be a value of S or a name: put a value in quotes.'],
    [
      'S and year = 12',
      '"S" stands there without a value, beside a comparison: write "S = query" if the query’s value is meant.',
    ],
    ['S < Mary', 'S has no numbers that could be smaller or larger.'],
    ['(S = Mary', 'A bracket is not closed.'],
    ['S = Mary)', /^"\)" is not understood/],
    ['S in {Mary, John', 'A list is not closed.'],
    ['S = "Mary', 'The quote "Mary is not closed.'],
    ['S year', /^"year" is not understood/],
    ['S are Mary', /^"are Mary" is not understood/],
    [`${'('.repeat(60)}S = Mary`, 'More than 50 brackets stand inside one another.'],
    ['x'.repeat(2001), 'It has 2001 letters: 2000 at most are read as a predicate.'],
  ])('says what is not understood: %j', (sentence, reason) => {
    if (typeof reason === 'string') expect(refused(sentence)).toBe(reason);
    else expect(refused(sentence)).toMatch(reason);
  });

  it('takes a name for one of several features only where that is sure', () => {
    const two = [namedFeature('first', [1]), namedFeature('First', [2])];
    expect(text('first', two)).toBe('first = query');
    expect(refused('FIRST', two)).toBe('"FIRST" may be first or First.');
  });

  it('takes values that were not met in quotes where inputs were drawn and not gone through', () => {
    const drawn = [namedFeature('S', ['Mary'], { complete: false })];
    expect(text('S = "Zoe"', drawn)).toBe('S = "Zoe"');
    expect(refused('S = Zoe', drawn)).toMatch(/^No input has "Zoe" as its S/);
  });

  it('never fails but with an error that a person can mend', () => {
    const pieces = [
      'S',
      'gender',
      '(',
      ')',
      '{',
      '}',
      ',',
      '=',
      '!=',
      'and',
      'or',
      'not',
      '"',
      '“',
      'Mary',
      'the',
      ' ',
      '5',
      '.',
      'in',
      '😀',
      '\\',
    ];
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 3 })), { maxLength: 14 }),
        (parts) => {
          expect(typeof refused(parts.join(''))).toBe('string');
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** Any predicate over the features of a vocabulary. */
const predicates = (vocabulary: Vocabulary): fc.Arbitrary<Predicate> => {
  const compare = fc.constantFrom(...vocabulary).chain(({ name: feature, values }) => {
    const numeric = values.some((value) => typeof value === 'number');
    const peers = vocabulary.filter(({ values: own }) => own.some((value) => typeof value === 'number'));
    const sign = fc.constantFrom(...(numeric ? signs : signs.slice(0, 2)));
    const operand = fc.oneof(
      fc
        .constantFrom(...values.filter((value) => !numeric || typeof value === 'number'))
        .map((value) => ({ kind: 'value' as const, value })),
      fc
        .constantFrom(...(numeric ? peers : vocabulary))
        .map(({ name }) => ({ kind: 'feature' as const, name })),
      fc.constant({ kind: 'query' as const }),
    );
    return fc.oneof<fc.Arbitrary<Predicate>[]>(
      fc.record({ kind: fc.constant('compare' as const), feature: fc.constant(feature), sign, operand }),
      fc.record({
        kind: fc.constant('among' as const),
        feature: fc.constant(feature),
        values: fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }),
      }),
    );
  });
  const { any } = fc.letrec<{ any: Predicate }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      compare,
      fc.record({ kind: fc.constant('not' as const), of: tie('any') }),
      fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        of: fc.array(tie('any'), { minLength: 2, maxLength: 3 }),
      }),
    ),
  }));
  return any;
};

// What is a value and a name at once is for quotes to tell apart, which a name has not.
const distinct = meetings
  .filter(({ name }) => name !== 'A')
  .map((feature) => ({ ...feature, values: feature.values.filter((value) => value !== 'query') }));

describe('predicateText', () => {
  it.each([
    ['sums', sums],
    ['texts', distinct],
  ])('is read as the predicate that it was made of: %s', (_, vocabulary) => {
    fc.assert(
      fc.property(predicates(vocabulary), (predicate) => {
        expect(readPredicate(predicateText(predicate), vocabulary)).toEqual(predicate);
      }),
      { numRuns: 400 },
    );
  });
});

describe('holds', () => {
  it('follows the rules of logic whatever the values', () => {
    const value = fc.oneof<fc.Arbitrary<FeatureValue>[]>(
      fc.integer({ min: 0, max: 3 }),
      fc.constantFrom('x', null),
    );
    const inputs = fc.tuple(
      fc.dictionary(fc.constantFrom(...sums.map(({ name }) => name)), value),
      predicates(sums),
      predicates(sums),
    );
    fc.assert(
      fc.property(inputs, ([values, a, b]) => {
        const own = (name: string): FeatureValue => values[name] ?? null;
        const is = (predicate: Predicate): boolean => holds(predicate, own, own);
        expect(is({ kind: 'and', of: [a, b] })).toBe(is(a) && is(b));
        expect(is({ kind: 'or', of: [a, b] })).toBe(is(a) || is(b));
        expect(is({ kind: 'not', of: a })).toBe(!is(a));
        for (const name of featuresIn(a))
          expect(is({ kind: 'compare', feature: name, sign: '=', operand: { kind: 'query' } })).toBe(true);
      }),
    );
  });

  it('finds neither smaller nor larger what is no number', () => {
    const of = (sign: (typeof signs)[number]): boolean =>
      holds(
        { kind: 'compare', feature: 'x', sign, operand: { kind: 'value', value: 1 } },
        () => null,
        () => null,
      );
    expect(signs.filter(of)).toEqual(['!=']);
  });
});
