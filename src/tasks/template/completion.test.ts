import { describe, expect, it } from 'vitest';
import { forTasks, idsOf, probabilities, taskOfContent } from '../../../test/fixtures/random-templates.js';
import { capability } from '../capabilities.js';

describe('what a decoder of random templates says', () => {
  it('becomes the input again, and its steps tell each symbol once', () =>
    forTasks((task) => {
      const { toFree, complete, done, maxFree, alphabet, origins } = capability(task, 'completion', 'A test');
      for (const key of probabilities(task).keys()) {
        const ids = idsOf(key);
        const free = toFree(ids);
        expect(complete(free)).toEqual(ids);
        expect(free[0]).toBe(alphabet?.begin);
        expect(free.length).toBeLessThanOrEqual(maxFree);
        expect(Math.max(...free)).toBeLessThan(alphabet?.size ?? 0);
        expect(free.map((_, at) => done(free.slice(0, at + 1)))).toEqual([
          ...free.slice(1).map(() => false),
          true,
        ]);

        const own = origins(ids) ?? [];
        expect(own).toHaveLength(ids.length);
        const steps = own.flatMap((origin) => (origin.kind === 'said' ? origin.steps : []));
        expect(steps.map(({ at }) => at).sort((a, b) => a - b)).toEqual(free.slice(1).map((_, at) => at + 1));
        expect(steps.map(({ among }) => among)).toEqual(steps.map(({ at }) => [free[at]]));
        expect([own[0]?.kind, own.at(-1)?.kind]).toEqual(['fixed', 'fixed']);
      }
    }));

  it('becomes nothing but inputs, whatever it is', () =>
    forTasks((task, seed) => {
      const { complete, alphabet, maxFree, toFree } = capability(task, 'completion', 'A test');
      const size = alphabet?.size ?? 0;
      let word = seed;
      for (let i = 0; i < 200; i++) {
        const free = [0];
        while (free.length < maxFree) {
          word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
          free.push((word >>> 8) % size);
          const ids = complete(free);
          if (ids === null) continue;
          expect(task.check(ids)).toBeNull();
          expect(complete(toFree(ids))).toEqual(ids);
        }
      }
      expect(toFree([task.bos, task.eos])).toEqual([0]);
      expect(complete([0])).toBeNull();
      expect(complete([])).toBeNull();
    }));
});

describe('symbols', () => {
  it('are patterns and fillers, those of one list shared', async () => {
    const task = await taskOfContent({
      name: 'pair',
      patterns: ['{A} and {B}, {S}', '{B} or {A}'],
      slots: {
        A: ['Ann', 'Bo'],
        B: { 'same-as': 'A' },
        S: { 'one-of': ['A', 'B'] },
        unused: ['x'],
      },
      constraints: ['A != B'],
    });
    const { toFree, alphabet, complete } = capability(task, 'completion', 'A test');
    const said = (text: string): string[] =>
      toFree(task.encode(text)).map((symbol) => alphabet?.name(symbol) ?? '');
    expect(said('Ann and Bo, Bo')).toEqual(['', '{A} and {B}, {S}', 'Ann', 'Bo', 'Bo']);
    expect(said('Bo or Ann')).toEqual(['', '{B} or {A}', 'Ann', 'Bo']);
    const [begin = 0, first = 0, ann = 0, bo = 0] = toFree(task.encode('Ann and Bo, Bo'));
    expect(complete([begin, first, ann, ann, ann])).toBeNull();
    expect(complete([begin, first, ann, bo, first])).toBeNull();
    expect(task.decode(complete([begin, first, bo, ann, ann]) ?? [])).toBe('Bo and Ann, Ann');
  });

  it('of patterns are told by the first token that no slot fills, or by the first of all', async () => {
    const task = await taskOfContent({
      name: 'bare',
      patterns: ['{A}{B}', '{A}!'],
      slots: { A: ['a', 'bb'], B: ['c'], C: ['d', 'e'] },
    });
    const { origins } = capability(task, 'completion', 'A test');
    const steps = (text: string): unknown[] =>
      (origins(task.encode(text)) ?? []).map((origin) =>
        origin.kind === 'said' ? origin.steps.map(({ at }) => at) : origin.kind,
      );
    expect(steps('ac')).toEqual(['fixed', [1, 2], [3], 'fixed']);
    expect(steps('bb!')).toEqual(['fixed', [2], 'follows', [1], 'fixed']);
    expect(origins(task.encode('bc'))).toBeNull();
  });
});
