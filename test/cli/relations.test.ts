/** Commands on a template of relations: what the model knows by relation, and which heads to look at. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeWordedModel } from '../fixtures/worded-model.js';
import { type Command, type Finished, bundledCommand, refusal } from './command.js';

const template = `name: gifts
patterns:
  - { text: "When {A} gave", weight: 2, answer: " {gift}", attributes: { relation: gift } }
  - { text: "When {A} went to", weight: 2, answer: " {goal}", attributes: { relation: goal } }
  - { text: "{sentence}" }
slots:
  A: [{ text: Mary, gift: drink, goal: John }, { text: John, gift: it, goal: John and Mary }]
  gift: { attribute: A.gift }
  goal: { attribute: A.goal }
  object: { either: [gift, goal] }
  sentence: ["When a drink went"]
places: { subject: last A, END: last }
positions: [subject, END]
`;

let command: Command;
beforeAll(async () => {
  command = await bundledCommand();
  writeWordedModel(join(command.folder, 'words'));
  writeFileSync(join(command.folder, 'gifts.yaml'), template);
  writeFileSync(join(command.folder, 'prompts.txt'), 'When Mary\nWhen John and Mary went to a\n');
  writeFileSync(join(command.folder, 'none.txt'), '\n');
});
afterAll(() => command.dispose());

const task = ['--task', 'gifts.yaml', '--model', 'words'];
const ask = (...args: readonly string[]): Promise<Finished> => command.ask(args);
const output = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await ask(...args);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
};
const json = async <T>(...args: readonly string[]): Promise<T> =>
  JSON.parse(await output(...args, '--json')) as T;

describe('evaluate --what model', () => {
  interface Answers {
    readonly all: boolean;
    readonly top: { readonly n: number; readonly hits: number };
    readonly severalTokens: number;
    readonly groups: readonly {
      readonly values: Readonly<Record<string, unknown>>;
      readonly top: {
        readonly n: number;
        readonly hits: number;
        readonly low: number;
        readonly high: number;
      };
      readonly rank: { readonly mean: number; readonly median: number };
      readonly majority: { readonly token: string; readonly share: number };
    }[];
  }
  const asked = ['evaluate', '--what', 'model', ...task];

  it('asks all texts of a small template that have an answer, by relation, with the commonest answer beside', async () => {
    const { all, top, groups, severalTokens } = await json<Answers>(...asked);
    expect([all, top.n, severalTokens]).toEqual([true, 4, 1]);
    expect(groups.map(({ values }) => values)).toEqual([{ relation: 'gift' }, { relation: 'goal' }]);
    expect(groups.reduce((sum, { top: own }) => sum + own.hits, 0)).toBe(top.hits);
    // "John" and "John and Mary" begin alike.
    expect(groups.map(({ majority }) => majority.share)).toEqual([0.5, 1]);
    for (const { rank, top: own } of groups) {
      expect(rank.mean).toBeGreaterThanOrEqual(1);
      expect(own.low <= own.hits / own.n && own.hits / own.n <= own.high).toBe(true);
    }
    const text = await output(...asked);
    expect(text).toMatch(
      /% \(95% interval [\d. to]+\) of all 4 texts with an answer have the answer on top: words\n/,
    );
    expect(text).toMatch(/^1 of the answers are of several tokens/m);
    expect(text).toMatch(
      /^relation +texts +answer on top +mean place of the answer +median +commonest answer$/m,
    );
    expect(text).toMatch(/^goal +2 .* 100\.0% John$/m);
  });

  it('goes by other features, or none', async () => {
    const by = await json<Answers>(...asked, '--by', 'A,relation');
    expect(by.groups).toHaveLength(4);
    expect((await json<Answers>(...asked, '--by', 'none')).groups).toEqual([]);
    expect(refusal(await ask(...asked, '--by', 'relatoin'))).toMatch(
      /Unknown feature "relatoin"\. Did you mean "relation"/,
    );
    expect(refusal(await ask('evaluate', '--what', 'model', '--by', 'A1'))).toMatch(
      /^--by parts the texts of a template/,
    );
  });
});

describe('heads', () => {
  interface Heads {
    readonly of: string;
    readonly all: boolean;
    readonly prompts: number;
    readonly place: string;
    readonly threshold: number;
    readonly fromLayer: number;
    readonly heads: readonly {
      readonly site: string;
      readonly counted: { readonly hits: number; readonly n: number };
      readonly share: number;
      readonly toFirst: number;
    }[];
  }

  it('ranks the heads of the upper half at the prompts of a task that have an answer', async () => {
    const record = await json<Heads>('heads', ...task);
    expect(record).toMatchObject({
      of: 'gifts',
      all: true,
      prompts: 4,
      place: 'END',
      threshold: 0.02,
      fromLayer: 1,
    });
    const hits = record.heads.map(({ counted }) => counted.hits);
    expect(hits).toEqual([...hits].sort((a, b) => b - a));
    const lower = await json<Heads>('heads', ...task, '--from-layer', '0', '--threshold', '0');
    expect(lower.heads.length).toBe(2 * record.heads.length);
    for (const { site, share, toFirst } of record.heads) {
      expect([share > 0, toFirst > 0 && toFirst < 1]).toEqual([true, true]);
      expect(lower.heads.find((one) => one.site === site)?.share).toBeCloseTo(share, 6);
    }
    const some = await json<Heads>('heads', ...task, '--only', 'relation=goal', '--position', 'subject');
    expect(some).toMatchObject({ prompts: 2, place: 'subject', only: 'relation=goal' });
    const text = await output('heads', ...task, '--threshold', '0', '--top', '2');
    expect(text).toMatch(/^Heads from layer 1 on at the place END of all 4 prompts of gifts\./);
    expect(text).toMatch(/^a1\.\d +4 +100\.0% \(51\.0% to 100\.0%\) +0\.\d{3} +0\.\d\d$/m);
  });

  it('takes the texts of a file in place of a task, and writes figure and data', async () => {
    const model = ['--model', 'words', '--prompts', 'prompts.txt'];
    const record = await json<Heads>('heads', ...model, '--preset', 'paper');
    expect(record).toMatchObject({
      of: 'prompts.txt',
      all: false,
      prompts: 2,
      place: 'last token',
      fromLayer: 1,
    });
    const { code, stderr } = await ask('heads', ...model, '--svg', 'heads.svg');
    expect([code, stderr]).toEqual([0, 'Written: heads.svg, heads.json, heads.csv\n']);
    const read = (name: string): string => readFileSync(join(command.folder, name), 'utf8');
    expect(read('heads.svg')).toContain('Heads that make up the residual stream');
    expect(JSON.parse(read('heads.json'))).toMatchObject({ prompts: 2 });
    expect(read('heads.csv').split('\n')[0]).toContain('site,layer,head,counts,prompts');
  });

  it.each<[string, readonly string[], RegExp]>([
    ['a file without prompts', ['--model', 'words', '--prompts', 'none.txt'], /holds no prompt/],
    ['a file that is not there', ['--model', 'words', '--prompts', 'no.txt'], /^There is no file "no\.txt"/],
    ['prompts without a model', ['--prompts', 'prompts.txt'], /^Prompts of a file need a language model/],
    ['prompts and a task', [...task, '--prompts', 'prompts.txt'], /^--task is of a task’s inputs/],
    ['a layer that is none', [...task, '--from-layer', '9'], /has layers 0 to 1: none is 9\.$/],
    [
      'a condition that nothing meets',
      [...task, '--only', 'relation=x'],
      /^No input of gifts meets relation=x\.$/,
    ],
    ['a feature that is none', [...task, '--only', 'relatio=x'], /Unknown feature "relatio"/],
    ['a place that is none', [...task, '--position', 'middle'], /middle/],
    ['a share that is none', [...task, '--threshold', '2'], /Give a number from 0 to 1\.$/],
  ])('refuses %s', async (_, args, message) => {
    expect(refusal(await ask('heads', ...args))).toMatch(message);
  });
});

describe('task check', () => {
  it('says which answers are of several tokens, and which begin alike', async () => {
    const text = await output('task', 'check', 'gifts.yaml', '--model', 'words');
    expect(text).toContain('answers: 4 different ones');
    expect(text).toContain('1 of several tokens, of which the first is asked for: "John and Mary"');
    expect(text).toContain(
      '2 that begin with the token of another and count as right with it: "John", "John and Mary"',
    );
  });
  it('refuses a subject or an answer of more tokens than the file allows', async () => {
    writeFileSync(join(command.folder, 'strict.yaml'), `${template}tokens: { answer: 1 }\n`);
    expect(refusal(await ask('task', 'check', 'strict.yaml', '--model', 'words'))).toMatch(
      /^The answer "John and Mary" is 3 tokens in this model \(.*\), and gifts allows 1/,
    );
  });
});
