import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fieldProblem } from './field-problem.js';

const schema = z.object({
  name: z.string(),
  size: z.number().int(),
  kind: z.enum(['a', 'b']).optional(),
  inner: z.object({ list: z.array(z.object({ x: z.number() })) }).optional(),
});

const problemOf = (value: unknown): string => {
  const { error } = schema.safeParse(value);
  if (error === undefined) throw new Error('it is accepted');
  return fieldProblem(error, value);
};

describe('fieldProblem', () => {
  it.each<[unknown, string | RegExp]>([
    [{ size: 1 }, '"name" is missing'],
    [{ name: 'a', size: undefined }, '"size" is missing'],
    [{ name: 'a', size: 1, inner: {} }, '"inner.list" is missing'],
    [{ name: 'a', size: 1, inner: { list: [{ x: 1 }, {}] } }, '"inner.list.1.x" is missing'],
    [{ name: null, size: 1 }, /^"name": .*string/],
    [{ name: 'a', size: 1.5 }, /^"size": .*int/],
    [{ name: 'a', size: 1, kind: 'c' }, /^"kind": .*"a"\|"b"/],
    [null, 'it is not a JSON object'],
    ['text', 'it is not a JSON object'],
    [undefined, 'it is not a JSON object'],
  ])('of %j', (value, problem) => {
    if (typeof problem === 'string') expect(problemOf(value)).toBe(problem);
    else expect(problemOf(value)).toMatch(problem);
  });
});
