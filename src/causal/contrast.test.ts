import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addition, counting } from '../studies/index.js';
import { type Task } from '../tasks/task.js';
import { type ContrastQuestion, alignedPositions, contrastsOf, isDrawable } from './contrast.js';

const contrasts = (task: Task, input: string, changes: Partial<ContrastQuestion> = {}) =>
  contrastsOf(task, task.encode(input), {
    changes: [],
    text: null,
    answer: null,
    differs: true,
    seed: 1,
    count: 1,
    ...changes,
  });
const redrawn = (...at: readonly number[]) => at.map((index) => ({ at: index, token: null }));
const texts = (task: Task, ...args: Parameters<typeof contrasts> extends [Task, ...infer R] ? R : never) =>
  contrasts(task, ...args).map(({ contrast }) => task.decode(contrast));

describe('redrawn tokens', () => {
  it('are the marked ones alone, and the answer follows and differs', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.subarray([1, 2, 3, 5, 6, 7], { minLength: 1 }), (seed, marked) => {
        for (const { clean, contrast, answerAt, contrastAnswerAt } of contrasts(addition, '615+861=1476', {
          changes: redrawn(...marked),
          seed,
          count: 3,
        })) {
          clean.slice(0, 9).forEach((id, at) => {
            if (!marked.includes(at)) expect(contrast[at]).toBe(id);
          });
          const [, a = '', b = '', sum = ''] = /^(\d+)\+(\d+)=(\d+)$/.exec(addition.decode(contrast)) ?? [];
          expect(Number(sum)).toBe(Number(a) + Number(b));
          expect(sum.length).toBeGreaterThanOrEqual(3);
          expect(clean[answerAt]).not.toBe(contrast[contrastAnswerAt]);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are the same for the same seed, and the first is the same however many there are', () => {
    const changes = redrawn(1, 5);
    const many = texts(addition, '615+861=1476', { changes, count: 20 });
    expect(texts(addition, '615+861=1476', { changes, count: 20 })).toEqual(many);
    expect(texts(addition, '615+861=1476', { changes })).toEqual(many.slice(0, 1));
    expect(texts(addition, '615+861=1476', { changes, count: 20, seed: 2 })).not.toEqual(many);
    expect(new Set(many).size).toBeGreaterThan(10);
  });

  it('predict one place throughout: the one asked for, or the first contrast’s', () => {
    const cases = contrasts(addition, '615+861=1476', { changes: redrawn(1, 5), count: 30 });
    expect(new Set(cases.map(({ answerAt }) => answerAt)).size).toBe(1);
    const last = contrasts(addition, '615+861=1476', { changes: redrawn(3), answer: 12, count: 30 });
    for (const { answerAt } of last) expect(answerAt).toBe(12);
  });

  it('stay inputs of counting: the letters of the string, 1 to 9 of each', () => {
    const cases = contrasts(counting, 'vvzccvczvvvzvcvc|v:8', { changes: redrawn(1, 3, 5), count: 40 });
    for (const { contrast } of cases) expect(counting.check(contrast)).toBeNull();
    const asked = contrasts(counting, 'abbccc|c:3', { changes: redrawn(8), count: 10 });
    for (const { contrast } of asked) expect(counting.decode(contrast)).toMatch(/^abbccc\|(a:1|b:2)$/);
  });

  it('may leave the answer as it is where nothing else can be and it need not differ', () => {
    const [only] = contrasts(addition, '615+861=1476', { changes: redrawn(3), answer: 9, differs: false });
    expect(only?.contrast[9]).toBe(1);
    expect(only?.contrast[3]).not.toBe(5);
  });

  it('are offered where there is something to draw', () => {
    const drawable = (task: Task, input: string): number[] => {
      const ids = task.encode(input);
      return ids.flatMap((_, at) => (isDrawable(task, ids, at) ? [at] : []));
    };
    expect(drawable(addition, '615+861=1476')).toEqual([1, 2, 3, 5, 6, 7]);
    expect(drawable(counting, 'abbc|b:2')).toEqual([1, 2, 3, 4, 6]);
    // Of one letter nothing else can be drawn.
    expect(drawable(counting, 'aa|a:2')).toEqual([]);
  });
});

describe('what cannot be had', () => {
  it.each<[string, Partial<ContrastQuestion>, RegExp]>([
    ['nothing', {}, /^Nothing is changed yet/],
    ['two ways at once', { changes: redrawn(1), text: '1+1=2' }, /not both/],
    ['many of one', { text: '215+861=1076', count: 2 }, /is one and not drawn/],
    ['BOS', { changes: redrawn(0) }, /^BOS is not to be changed: it begins every input/],
    ['EOS', { changes: redrawn(13) }, /^E is not to be changed/],
    ['behind the end', { changes: redrawn(40) }, /^40 is not to be changed/],
    [
      'an answer beyond the contrast',
      { text: '1+1=2', answer: 13 },
      /does not align .* no answer token for E\./,
    ],
    [
      'an answer that stays',
      { changes: redrawn(3), answer: 9 },
      /^Changing F3 of .* leaves the answer at A1/,
    ],
  ])('%s', (_, changes, message) => {
    expect(() => contrasts(addition, '615+861=1476', changes)).toThrow(message);
  });
});

describe('positions that align', () => {
  it('end where the answer is predicted', () => {
    const cases = contrasts(addition, '615+861=1476', { changes: redrawn(1, 5), answer: 9, count: 5 });
    expect(alignedPositions(addition, cases).map(({ name }) => name)).toEqual(
      'BOS F1 F2 F3 + S1 S2 S3 ='.split(' '),
    );
  });

  it('go by name, and without one by index', () => {
    const cases = contrasts(counting, 'abbc|b:2', { text: 'abbbcc|b:3' });
    const aligned = alignedPositions(counting, cases);
    expect(aligned.map(({ name }) => name)).toEqual(['BOS', '1', '2', '3', '4', '|', 'query', ':']);
    expect(aligned.map(({ positions, sources }) => [positions[0], sources?.[0]]).slice(-2)).toEqual([
      [6, 8],
      [7, 9],
    ]);
    // The bar of one stands where the other has a letter: that index is no counterpart.
    const longer = contrasts(counting, 'abbbcc|b:3', { text: 'abbc|b:2' });
    expect(alignedPositions(counting, longer).map(({ name }) => name)).toEqual([
      'BOS',
      '1',
      '2',
      '3',
      '4',
      '|',
      'query',
      ':',
    ]);
  });
});
