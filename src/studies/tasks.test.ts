/** What every task owes, run for each of them. */
import { tokenCount, tokenOf, tokensOf } from '../tasks/tokens.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { restoreRandom, seededRandom } from '../random.js';
import { taskNamed, taskOf } from './index.js';
import { tasks } from '../../test/fixtures/shipped-tasks.js';
import type { Split } from '../tasks/task.js';

const splits = ['train', 'test'] as const;
const split = fc.constantFrom<Split>(...splits);

describe.each(tasks.map((task) => [task.name, task] as const))('%s', (_, task) => {
  const index = fc.integer({ min: 0, max: task.data.size - 1 });
  const anyIds = fc
    .array(fc.integer({ min: 0, max: tokenCount(task) - 1 }), { maxLength: task.maxLength })
    .map((ids) => [task.bos, ...ids].slice(0, task.maxLength));

  it('samples inputs of the split asked for', () => {
    fc.assert(
      fc.property(fc.nat(), split, (seed, wanted) => {
        const ids = task.sample(seededRandom(seed), wanted);
        expect(task.check(ids)).toBeNull();
        expect(task.data.inSplit(ids)).toBe(wanted);
        expect(ids.length).toBeLessThanOrEqual(task.maxLength);
        expect(ids[0]).toBe(task.bos);
        expect(ids.at(-1)).toBe(task.eos);
      }),
    );
  });

  it('gives each member of the splits once, three quarters of them to training', () => {
    const { size, splitSize } = task.data;
    expect(splitSize).toEqual({ train: size * 0.75, test: size * 0.25 });
    const first = splits.flatMap((of) =>
      Array.from({ length: 3000 }, (_, k) => task.decode(task.data.member(of, k))),
    );
    expect(new Set(first).size).toBe(first.length);
    for (const of of splits) {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: splitSize[of] - 1 }), (k) => {
          expect(task.data.inSplit(task.data.member(of, k))).toBe(of);
        }),
      );
    }
  });

  it('is determined by seed and index alone', () => {
    fc.assert(
      fc.property(fc.nat(), index, split, (seed, at, of) => {
        expect(task.sample(seededRandom(seed), of)).toEqual(task.sample(seededRandom(seed), of));
        expect(task.data.instance(at)).toEqual(task.data.instance(at));
        expect(task.draw(seededRandom(seed))).toBe(task.draw(seededRandom(seed)));
      }),
    );
  });

  it('goes on from a saved state as if it had not stopped', () => {
    const random = seededRandom(11);
    for (let i = 0; i < 10; i++) task.sample(random, 'train');
    const resumed = restoreRandom(random.state());
    for (let i = 0; i < 10; i++) expect(task.sample(resumed, 'train')).toEqual(task.sample(random, 'train'));
  });

  it('takes back what it writes: decode and encode', () => {
    fc.assert(
      fc.property(index, (at) => {
        const ids = task.data.instance(at);
        expect(task.encode(task.decode(ids))).toEqual(ids);
        expect(task.decode([...ids, task.pad, task.pad])).toBe(task.decode(ids));
        expect(task.check([...ids, task.pad])).toBeNull();
      }),
    );
  });

  it('completes the free tokens of every input to the input, or to one that differs in order alone', () => {
    const sorted = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b);
    fc.assert(
      fc.property(index, fc.nat(2 ** 32 - 1), (at, order) => {
        const ids = task.data.instance(at);
        const free = task.completion.toFree(ids);
        expect(free.length).toBeLessThanOrEqual(task.completion.maxFree);
        expect(ids.length).toBeGreaterThan(task.completion.maxFree);
        expect(task.completion.done(free)).toBe(true);
        const whole = task.completion.complete(free, order) ?? [];
        expect(task.completion.toFree(whole)).toEqual(free);
        expect(task.check(whole)).toBeNull();
        expect(sorted(whole)).toEqual(sorted(ids));
        if (task.completion.logOrders === undefined) expect(whole).toEqual(ids);
      }),
    );
  });

  it('knows how each token comes about: what is said together is the free tokens, what is fixed is in every input', () => {
    const fixedAt = new Map<string, number>();
    fc.assert(
      fc.property(index, fc.nat(2 ** 32 - 1), (at, seed) => {
        const ids = task.data.instance(at);
        const origins = task.completion.origins(ids) ?? [];
        expect(origins).toHaveLength(ids.length);
        // Any weights of tokens by step: the decoder's are as good as these.
        const random = seededRandom(seed + 1);
        const weights = Array.from({ length: task.completion.maxFree }, () =>
          task.tokenizer.vocabulary.map(() => 0.1 + random.next()),
        );
        const sum = (step: number, tokens: readonly number[]): number =>
          tokens.reduce((total, token) => total + (weights[step]?.[token] ?? NaN), 0);
        const product = origins.reduce((all, origin) => {
          if (origin.kind !== 'said') return all;
          return origin.steps.reduce(
            (own, { at: step, among, given }) =>
              (own * sum(step, among)) / (given === undefined ? 1 : sum(step, given)),
            all,
          );
        }, 1);
        const whole = task.completion
          .toFree(ids)
          .reduce((all, id, step) => (step === 0 ? all : all * sum(step, [id])), 1);
        expect(Math.log(product / whole)).toBeCloseTo(0, 9);
        const places = new Map(task.places(ids).map(({ name, index: place }) => [place, name]));
        origins.forEach(({ kind }, place) => {
          if (kind !== 'fixed') return;
          const name = places.get(place) ?? String(place);
          expect(fixedAt.get(name) ?? ids[place]).toBe(ids[place]);
          fixedAt.set(name, ids[place] ?? -1);
        });
        for (const place of task.answer.determined(ids)) expect(origins[place]?.kind).not.toBe('said');
      }),
    );
    fc.assert(
      fc.property(anyIds, (ids) => {
        const origins = task.completion.origins(ids);
        expect(origins === null || origins.length === ids.length).toBe(true);
      }),
    );
  });

  it('reads any sequence without failing, and completes only to sequences of its length', () => {
    fc.assert(
      fc.property(anyIds, (ids) => {
        const reason = task.check(ids);
        expect(reason === null || reason.length > 0).toBe(true);
        expect(task.data.inSplit(ids) === null || reason === null).toBe(true);
        task.annotate(ids);
        const names = task.places(ids).map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        for (const at of [...task.positions(ids), ...task.places(ids).map((place) => place.index)]) {
          expect(at >= 0 && at < ids.length).toBe(true);
        }
        for (const at of task.positions(ids)) expect([task.bos, task.eos, task.pad]).not.toContain(ids[at]);
        const whole = task.completion.complete(task.completion.toFree(ids));
        if (whole !== null) expect(whole.length).toBeLessThanOrEqual(task.maxLength);
      }),
      { numRuns: 500 },
    );
  });

  it('finds a sequence without its frame outside the input set', () => {
    const ids = task.data.instance(0);
    for (const broken of [[], ids.slice(1), ids.slice(0, -1), [...ids, ids[1] ?? 0], [task.bos, ...ids]]) {
      expect(task.check(broken)).toMatch(/from B to E/);
    }
  });

  it('refuses empty, overlong and foreign text in one line that says what is accepted', () => {
    const long = (tokenOf(task, 1) ?? '').repeat(task.maxLength - 1);
    for (const text of ['', long, '#', 'B', 'E', 'P', ' ', '😀']) {
      expect(() => task.encode(text)).toThrow(InputError);
      expect(() => task.encode(text)).toThrow(/^[^\n]*(at most|use |give )[^\n]*$/);
    }
    expect(task.encode(long.slice(1))).toHaveLength(task.maxLength);
  });

  it('has a sensible frame', () => {
    expect(new Set(task.tokenizer.vocabulary).size).toBe(tokenCount(task));
    expect(tokensOf(task, [task.bos, task.eos, task.pad])).toEqual(['B', 'E', 'P']);
    expect(new Set(task.sites).size).toBe(task.sites.length);
    expect(task.rounds.reduce((sum, round) => sum + round.candidates, 0)).toBe(1024);
  });
});

describe('taskNamed', () => {
  it('finds tasks by name', () => {
    for (const task of tasks) expect(taskNamed(task.name)).toBe(task);
  });

  it('suggests a name for a wrong one', () => {
    expect(() => taskNamed('additon')).toThrow(
      new InputError('Unknown task "additon". Did you mean "addition"? Tasks: addition, counting.'),
    );
  });
});

describe('taskOf', () => {
  it('is the task whose form an input has, a malformed one too', () => {
    const random = seededRandom(2);
    for (const task of tasks)
      for (let i = 0; i < 20; i++) expect(taskOf(task.decode(task.distribution.draw(random)))).toBe(task);
    expect(taskOf('6+8').name).toBe('addition');
    expect(taskOf('ab|a:1').name).toBe('counting');
  });

  it('refuses a text that no task takes', () => {
    for (const text of ['', '1-1', 'a+1', '漢'])
      expect(() => taskOf(text)).toThrow(/ is an input of no task: addition and counting are known\.$/);
    expect(() => taskOf('1-1')).toThrow(InputError);
  });
});
