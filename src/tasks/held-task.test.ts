import { describe, expect, it } from 'vitest';
import { forTasks, idsOf, probabilities, taskOfContent } from '../../test/fixtures/random-templates.js';
import { InputError } from '../input-error.js';
import { seededRandom } from '../random.js';
import { addition } from '../studies/index.js';
import { heldTask } from './held-task.js';

const content = {
  name: 'pairs',
  patterns: ['{A} and {B} in {town}'],
  slots: {
    A: ['Ann', 'Bo', 'Zoe'],
    B: { 'same-as': 'A' },
    town: ['Rome', { text: 'Oslo', weight: 2 }],
  },
  constraints: ['A != B'],
  contrast: { redraw: ['A', 'B'] },
};

describe('a task of inputs that agree in some parts', () => {
  it('has them as its data, each as likely', async () => {
    const task = await taskOfContent(content);
    const ids = task.encode('Ann and Bo in Oslo');
    const held = heldTask(task, ids);
    expect([held.varying, held.held, held.data?.size]).toEqual([['A', 'B'], ['town'], 6]);
    const texts = Array.from({ length: 6 }, (_, at) => task.decode(held.data?.instance(at) ?? []));
    expect(new Set(texts).size).toBe(6);
    expect(texts.every((text) => text.endsWith(' in Oslo'))).toBe(true);
    expect(held.distribution?.logProbability(ids)).toBeCloseTo(-Math.log(6), 12);
    expect(held.distribution?.logProbability(task.encode('Ann and Bo in Rome'))).toBe(-Infinity);
    expect(held.data?.inSplit(ids)).toBe('test');
    expect(held.data?.inSplit(task.encode('Ann and Bo in Rome'))).toBeNull();
    expect(held.data?.splitSize).toEqual({ train: 0, test: 6 });
    expect(texts).toContain(held.draw(seededRandom(3)));
    expect(texts).toContain(task.decode(held.sample(seededRandom(4), 'test')));
    const other = heldTask(task, task.encode('Ann and Bo in Rome'));
    expect(other.data?.identity).not.toBe(held.data?.identity);
  });

  it('counts a text as often as it can be written', async () => {
    const task = await taskOfContent({
      name: 'joined',
      patterns: ['{A}{B}'],
      slots: { A: ['a', 'aa'], B: ['a', 'aa'] },
    });
    const held = heldTask(task, task.encode('aa'), ['A', 'B']);
    expect(held.data?.size).toBe(4);
    const share = (text: string): number =>
      Math.exp(held.distribution?.logProbability(task.encode(text)) ?? NaN);
    expect([share('aa'), share('aaa'), share('aaaa')]).toEqual([0.25, 0.5, 0.25]);
  });

  it('has probabilities that sum to 1 in random templates', () =>
    forTasks((task, seed) => {
      const keys = [...probabilities(task).keys()];
      const ids = idsOf(keys[seed % keys.length] ?? '');
      let held;
      try {
        held = heldTask(
          task,
          ids,
          task.variation?.parts(ids).map(({ name }) => name),
        );
      } catch (error) {
        if (error instanceof InputError && /Nothing varies|not equally likely/.test(error.message)) return;
        throw error;
      }
      const sum = keys.reduce(
        (all, key) => all + Math.exp(held.distribution?.logProbability(idsOf(key)) ?? NaN),
        0,
      );
      expect(sum).toBeCloseTo(1, 10);
      expect(held.data?.size).toBe(task.texts.size);
    }));

  it('is refused for what cannot be gone through', async () => {
    const task = await taskOfContent(content);
    const ids = task.encode('Ann and Bo in Oslo');
    expect(() => heldTask(task, ids, ['town'])).toThrow(
      'The inputs of pairs that vary in town are not equally likely: give their fillers equal weights to count them.',
    );
    expect(() => heldTask(task, ids, ['A'])).not.toThrow();
    expect(() => heldTask(task, ids, [])).toThrow('Nothing varies in  of Ann and Bo in Oslo.');
    expect(() => heldTask(task, ids, ['name'])).toThrow('Nothing in this text is named "name".');
    expect(() => heldTask(addition, addition.encode('111+222=333'))).toThrow(InputError);
    const many = await taskOfContent({
      name: 'many',
      patterns: ['{A} {B}'],
      slots: { A: { range: [1000, 2999] }, B: { 'same-as': 'A' } },
    });
    expect(() => heldTask(many, many.encode('1000 1000'))).toThrow(
      '4,000,000 inputs of many vary in A, B: 1,000,000 at most are gone through. Let fewer parts vary.',
    );
  });
});
