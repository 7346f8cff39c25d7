/** Commands that the workbench's page of models proposes: a shell takes them as they stand, and they run. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeModel } from '../../src/jobs/describe-model.js';
import { shippedDirectory } from '../../src/jobs/shipped.js';
import { type DescribedModel } from '../../src/workbench/verbs/models.js';
import { type Chosen, type OfTask, nextCommands, shellWord } from '../../web/src/models/commands.js';
import { familyCheckpoint, writeWordedModel } from '../fixtures/worded-model.js';
import { type Command, bundledCommand } from './command.js';

let command: Command;
let words = '';
beforeAll(async () => {
  command = await bundledCommand();
  words = join(command.folder, 'a folder of "words"');
  writeWordedModel(words);
});
afterAll(() => command.dispose());

/** As the server describes it. */
async function described(path: string, changes: Partial<DescribedModel> = {}): Promise<DescribedModel> {
  const { record, family, noTokenizer } = await describeModel({ name: path, path, source: 'directory' });
  const { tokenizer } = record;
  return {
    ...record,
    stored: [...record.stored],
    about: family.about,
    tokenizer: tokenizer && { ...tokenizer, specials: [...tokenizer.specials], bosToken: null },
    noTokenizer,
    ref: null,
    task: null,
    ...changes,
  };
}

/** The words that a shell makes of a line. */
const wordsOf = (line: string): string[] =>
  execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);

const nothing: Chosen = { text: '', bos: null, offline: false };
const addition: OfTask = { task: 'addition', examples: ['535+861=1396', '148+245=393', '435+861=1296'] };

describe('commands of the page of models', () => {
  it.each<[string, () => Promise<DescribedModel>, Chosen, OfTask | null]>([
    [
      'a model with a tokenizer',
      () => described(words),
      { ...nothing, text: 'When Mary and John went' },
      null,
    ],
    [
      'another token before the text',
      () => described(words),
      { ...nothing, text: 'When Mary', bos: '<|endoftext|>' },
      null,
    ],
    ['a model without a tokenizer', () => described(familyCheckpoint('llama')), nothing, null],
    [
      'a shipped model',
      () => described(shippedDirectory('addition', 'model'), { ref: '', task: 'addition' }),
      nothing,
      addition,
    ],
    [
      'a directory of a task’s model',
      () => described(shippedDirectory('addition', 'model'), { ref: 'models/mine' }),
      nothing,
      addition,
    ],
  ])('run: %s', async (_, model, chosen, its) => {
    for (const { line } of nextCommands(await model(), chosen, its)) {
      // The contrast of a person's own text is theirs to say.
      const [npx, name, ...args] = wordsOf(
        line.replace('"..."', shellWord(chosen.text.replace('Mary', 'John'))),
      );
      expect([npx, name]).toEqual(['npx', 'inversionview']);
      // Weights of random numbers answer two texts alike.
      const measure = args[0] === 'patch' && chosen.text !== '' ? ['--metric', 'kl'] : [];
      const { code, stderr } = await command.ask([...args, ...measure, '--json']);
      expect([line, code, stderr]).toEqual([line, 0, '']);
    }
  });

  it.each(['plain', 'two words', `it's "quoted"`, '$HOME `ls` !! \\', 'a\nb', '', 'é ␣ 😀', '--sites'])(
    'give a shell the text %j as it is',
    (text) => {
      expect(wordsOf(shellWord(text))).toEqual([text]);
    },
  );

  it('name what is on the hub by its name, and stay offline where that was chosen', async () => {
    const model = await described(words, { source: 'hub', name: 'owner/name@v1' });
    const [sites] = nextCommands(model, { ...nothing, offline: true }, null);
    expect(sites?.line).toBe('npx inversionview sites --model owner/name@v1 --offline');
  });

  it('name no path where the server says none', async () => {
    const model = await described(words, { path: null, name: 'models/mine', ref: 'models/mine' });
    const [, activations] = nextCommands(model, nothing, null);
    expect(activations?.line).toMatch(
      /^npx inversionview activations --model path\/to\/mine --input "When Mary/,
    );
  });
});
