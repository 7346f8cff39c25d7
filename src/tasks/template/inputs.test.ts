import { describe, expect, it } from 'vitest';
import {
  everyFilling,
  forTasks,
  idsOf,
  probabilities,
  taskOfContent,
} from '../../../test/fixtures/random-templates.js';
import { languageOf, wordTokenizer } from '../../../test/fixtures/word-tokenizer.js';

describe('inputs of random templates', () => {
  it('use the tokens that are named and no more of them than are allowed', () =>
    forTasks((task) => {
      const used = new Set(task.usedTokens?.());
      expect(task.usedTokens?.()).toEqual([...used].sort((a, b) => a - b));
      for (const key of probabilities(task).keys()) {
        const ids = idsOf(key);
        expect(ids.length).toBeLessThanOrEqual(task.maxLength);
        expect(ids.filter((id) => !used.has(id))).toEqual([]);
      }
    }));

  it('are taken back from their text, with padding or without, and nothing else is', () =>
    forTasks((task) => {
      for (const key of probabilities(task).keys()) {
        const ids = idsOf(key);
        const text = task.decode(ids);
        expect(task.encode(text)).toEqual(ids);
        expect(task.check(ids)).toBeNull();
        expect(task.check([...ids, task.pad, task.pad])).toBeNull();
        expect(task.decode([...ids, task.pad])).toBe(text);
        const wrong = 'no pattern of random gives this text';
        expect(task.check(ids.slice(0, -1))).toBe(wrong);
        expect(task.check(ids.slice(1))).toBe(wrong);
        expect(task.check([...ids.slice(0, -1), task.tokenizer.encode('?')[0] ?? 0, task.eos])).toBe(wrong);
        // The same text in other tokens is what no text of the task is encoded to.
        const characters = [...text].flatMap((character) => task.tokenizer.encode(character));
        if (characters.length !== ids.length - 2)
          expect(task.check([task.bos, ...characters, task.eos])).toBe(wrong);
      }
    }));

  it('have the answer added to a prompt that has one', () =>
    forTasks((task) => {
      const { texts } = task;
      for (const filling of everyFilling(texts)) {
        const { text, promptEnd } = texts.write(filling);
        const prompt = text.slice(0, promptEnd);
        const answers = new Set(
          texts.read(prompt, true).map((one) => texts.writeParts(one, texts.template.answer ?? [])),
        );
        // A prompt that is a whole text by itself stays one.
        if (prompt.trim() === '' || texts.read(prompt).length > 0) continue;
        if (answers.size === 1) expect(task.decode(task.encode(prompt))).toBe(text);
        else
          expect(() => task.encode(prompt)).toThrow(
            /has several answers in random .*: write it out with one\.$/,
          );
      }
    }));
});

describe('an input', () => {
  const content = {
    name: 'short',
    patterns: ['{A} met {B}'],
    slots: { A: ['Ann', 'Bo'], B: { 'same-as': 'A' }, S: { 'one-of': ['A', 'B'] } },
  };

  it('that is no text is taken as it is, one that is empty or too long is not', async () => {
    const task = await taskOfContent(content);
    expect(task.check(task.encode('An. An'))).toBe('no pattern of short gives this text');
    expect(() => task.encode(' ')).toThrow('The input is empty: give a text of short.');
    expect(() => task.encode('Ann met Bo and Bo and Ann')).toThrow(
      /^The input "Ann met Bo and Bo and Ann" has \d+ tokens: short takes \d+ at most\.$/,
    );
    expect(() => task.encode('Ann met Bö')).toThrow('has a character that is no token');
  });

  it('counts tokens of fillers that stand together, and of those that constraints hide from one another', async () => {
    const language = languageOf(wordTokenizer(['1800', 'AnnBo', ' Cleo']));
    const years = await taskOfContent(
      { name: 'years', patterns: ['{c}{y}'], slots: { c: [17, 18], y: ['00', '32'] } },
      language,
    );
    const pairs = await taskOfContent(
      {
        name: 'pairs',
        patterns: ['to {A} and {B}'],
        slots: {
          A: [
            { text: 'Bo', sex: 'm' },
            { text: 'Cleo', sex: 'f' },
            { text: 'Dorothea', sex: 'f' },
          ],
          B: { 'same-as': 'A' },
        },
        constraints: ['A.sex = B.sex'],
      },
      language,
    );
    const idOf = (token: string): number => language.tokenizer.vocabulary.indexOf(token);
    expect(years.usedTokens?.()).toContain(idOf('1800'));
    expect(pairs.usedTokens?.()).toContain(idOf(' Cleo'));
    expect(pairs.maxLength).toBe(pairs.encode('to Dorothea and Dorothea').length);
  });

  it('of slots that stand together in very many ways says when it is longer than was found', async () => {
    const digits = Object.fromEntries([...'abcdefgh'].map((name) => [name, { range: [1, 9] }]));
    const content = { name: 'digits', patterns: ['{a}{b}{c}{d}{e}{f}{g}{h}'], slots: digits };
    const long = await taskOfContent(content, languageOf(wordTokenizer()));
    expect(long.maxLength).toBe(10);
    expect(long.usedTokens?.()).toHaveLength(10);
    // Only 12345678 has no tokens of two digits: nobody finds it among 43 million.
    const twos = Array.from({ length: 90 }, (_, at) => String(10 + at)).filter(
      (two) => !'12345678'.includes(two),
    );
    const rare = await taskOfContent(content, languageOf(wordTokenizer(twos)));
    expect(rare.maxLength).toBeLessThan(10);
    const filling = rare.texts.read('12345678')[0];
    expect(filling).toBeDefined();
    expect(() => rare.encode('12345678')).toThrow(/has 8 tokens: digits takes \d at most/);
  });
});
