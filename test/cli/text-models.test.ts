/** Commands on models that are no task's: token ids, and what a checkpoint is. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { familyFixtures, familyReference } from '../fixtures/families.js';
import { furthest } from '../fixtures/float64.js';
import { familyCheckpoint, writeWordedModel } from '../fixtures/worded-model.js';
import { type Command, type Finished, bundledCommand, refusal } from './command.js';

let command: Command;
beforeAll(async () => {
  command = await bundledCommand();
});
afterAll(() => command.dispose());

type Nested = number | readonly Nested[];
const flat = (values: Nested): number[] => (typeof values === 'number' ? [values] : values.flatMap(flat));

describe('activations --ids', () => {
  it.each(familyFixtures)('gives what transformers gives: %s', async (name) => {
    const { ids, activations } = familyReference(name);
    const hooks = Object.keys(activations).filter((hook) => hook !== 'logits');
    const args = [
      'activations',
      '--model',
      familyCheckpoint(name),
      '--ids',
      ids.join(','),
      '--sites',
      hooks.join(','),
      '--json',
    ];
    const { code, stdout, stderr } = await command.ask(args);
    expect([code, stderr]).toEqual([0, '']);
    const given = JSON.parse(stdout) as { tokens: string[]; sites: Record<string, Nested>; logits: Nested };
    expect(given.tokens).toEqual(ids.map(String));
    for (const hook of hooks)
      expect(furthest(flat(given.sites[hook] ?? []), activations[hook] ?? []), hook).toBeLessThan(2e-5);
    expect(furthest(flat(given.logits), activations['logits'] ?? [])).toBeLessThan(2e-5);
  });

  it.each<[string, readonly string[], RegExp]>([
    ['no input at all', [], /Give an input with --input or --ids\.$/],
    ['both', ['--input', 'a', '--ids', '1'], /Give --input or --ids, not both\.$/],
    ['what is no list', ['--ids', '1,x'], /Token ids are numbers with commas/],
    ['an id outside the vocabulary', ['--ids', '1,99'], /Token id 99 is outside the vocabulary of 17/],
    ['too many', ['--ids', Array.from({ length: 17 }, () => 1).join()], /17 tokens are more than the 16/],
    ['a text without a tokenizer', ['--input', 'hello'], /has no tokenizer.*--ids/],
    [
      'a hook of another family',
      ['--ids', '1,2', '--sites', 'hook_pos_embed'],
      /Unknown site "hook_pos_embed"/,
    ],
  ])('refuses %s', async (_, args, message) => {
    const result = await command.ask(['activations', '--model', familyCheckpoint('llama'), ...args]);
    expect(refusal(result)).toMatch(message);
  });
});

describe('commands on a text', () => {
  let words = '';
  beforeAll(() => {
    words = join(command.folder, 'words');
    writeWordedModel(words);
  });
  const clean = 'When Mary and John went, John gave';
  const contrast = 'When Mary and John went, Mary gave';
  const ask = (name: string, ...args: readonly string[]): Promise<Finished> =>
    command.ask([name, '--model', words, ...args]);
  const json = async (name: string, ...args: readonly string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await ask(name, ...args, '--json');
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  it('sites lists hooks, and the tokens with what stands before them', async () => {
    const record = await json('sites', '--input', clean);
    expect(record['tokens']).toEqual([
      '<|endoftext|>',
      'When',
      '␣Mary',
      '␣and',
      '␣John',
      '␣went',
      ',',
      '␣John',
      '␣gave',
    ]);
    expect(record['hooks']).toContain('blocks.1.attn.hook_rot_q');
    const { stdout } = await ask('sites', '--input', clean, '--bos', 'none');
    expect(stdout).toMatch(/\n {2}aL\.H .*blocks\.L\.attn\.hook_result\.H\n/);
    expect(stdout).toContain('0 When  1 ␣Mary');
  });

  it('attribute takes the likeliest next token apart, or the one that is named', async () => {
    const likeliest = await json('attribute', '--input', clean);
    expect(likeliest).toMatchObject({ task: 'text', n: 1, place: '8:␣gave' });
    const named = ['--input', clean, '--answer', ' Mary', '--against', ' John', '--top', '1'];
    const record = await json('attribute', ...named, '--sites', 'a1.*,m1');
    expect(record['about']).toBe(
      'Logit of ␣Mary, less the logit of ␣John, as predicted after <|endoftext|>When␣Mary␣and␣John␣went,␣John␣gave',
    );
    expect(record['sites']).toHaveLength(5);
    const inside = await json('attribute', '--input', clean, '--position', '␣went');
    expect(inside['about']).toMatch(/^Logit of ,, as predicted after .*␣went$/);
  });

  it('patch sweeps two texts from the first token that differs, and patches what is named', async () => {
    const both = ['--input', clean, '--contrast', contrast, '--answer', ' Mary', '--against', ' John'];
    const map = await json('patch', ...both);
    expect(map['positions']).toEqual(['7:␣John', '8:␣gave']);
    const sets = await json('patch', ...both, '--sites', 'a1.*', '--positions', '-1');
    expect(sets['sets']).toHaveLength(5);
    const { stdout } = await ask('patch', ...both, '--sites', 'x1.post', '--positions', '7');
    expect(stdout).toMatch(/^Warning: Patching changed no logit in any of 1 runs: x1\.post@7:␣John\.\n/);
  });

  it('patch and attribute take ids in place of texts', async () => {
    const ids = ['--ids', '0,1,3,2', '--answer', '1', '--against', '2'];
    expect(await json('patch', ...ids, '--contrast-ids', '0,2,3,1')).toMatchObject({
      positions: ['1:␣Mary', '2:␣and', '3:␣John'],
    });
    expect(await json('attribute', ...ids)).toMatchObject({ place: '3:␣John' });
  });

  const input = ['--input', clean];
  const pair = [...input, '--contrast', contrast];
  it.each<[string, readonly string[], RegExp]>([
    [
      'an answer of several tokens',
      ['attribute', ...input, '--answer', 'Mary'],
      /^"Mary" is 4 tokens \(M a r y\), and an answer is one\. " Mary", with a space before it, is one\.$/,
    ],
    [
      'an id for a text',
      ['attribute', '--ids', '0,1', '--answer', ' Mary'],
      /^With --ids a token is an id from 0 to 16, not " Mary"\.$/,
    ],
    [
      'an answer that is no id',
      ['attribute', '--ids', '0,1', '--answer', '17'],
      /an id from 0 to 16, not "17"/,
    ],
    ['no input', ['attribute'], /^Give an input with --input or --ids\.$/],
    ['no contrast', ['patch', ...input], /^What is put into it\? Give the other input with --contrast\.$/],
    ['no ids of the contrast', ['patch', '--ids', '0,1', '--contrast', 'a'], /--contrast-ids\.$/],
    [
      'a position that stands there twice',
      ['patch', ...pair, '--positions', ' John'],
      /give one of 4:␣John, 7:␣John\.$/,
    ],
    [
      'texts of different lengths',
      ['patch', ...input, '--contrast', 'When Mary'],
      /^The prompts have 9 and 3 tokens/,
    ],
    [
      'a figure of chosen places',
      ['patch', ...pair, '--sites', 'a0.0', '--positions', '7', '--svg', 'x.svg'],
      /give --sweep/,
    ],
    ['a list of experiments', ['patch', ...pair, '--list'], /^Experiments are of tasks/],
    ['a task beside a model', ['sites', 'addition'], /^Give a task or --model, not both\.$/],
  ])('refuse %s', async (_, [name = '', ...args], message) => {
    expect(refusal(await ask(name, ...args))).toMatch(message);
  });
});

describe('two inputs of a task', () => {
  const pair = ['--input', '615+861=1476', '--contrast', '215+861=1076'];

  it('are patched as a question of one pair', async () => {
    const { code, stdout } = await command.ask(['patch', ...pair, '--sites', 'a0.0', '--sweep', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ task: 'addition', experiment: 'two inputs', n: 1 });
  });

  it.each<[string, readonly string[], RegExp]>([
    ['beside an experiment', [...pair, '--experiment', 'flip'], /not two of them\.$/],
    ['without a contrast', pair.slice(0, 2), /Give the other input with --contrast\.$/],
    ['with answers', [...pair, '--answer', '1'], /addition knows its answers/],
  ])('are refused %s', async (_, args, message) => {
    expect(refusal(await command.ask(['patch', ...args]))).toMatch(message);
  });
});

describe('model', () => {
  it('says what a checkpoint is', async () => {
    const { code, stdout } = await command.ask(['model', familyCheckpoint('llama-biased'), '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      family: 'llama',
      source: 'directory',
      layers: 2,
      heads: 4,
      keyValueHeads: 1,
      vocabulary: 17,
      stored: ['F32'],
      tokenizer: null,
    });
    const { stdout: text } = await command.ask(['model', familyCheckpoint('llama-biased')]);
    expect(text).toMatch(/heads +4 of 4 sharing 1 keys and values\n/);
  });

  it.each([
    ['nowhere', /no directory or file "nowhere".*no name of a model on the hub/],
    ['owner/name', /is not in the cache .*no request is made offline/],
  ])('refuses %s, in words', async (name, message) => {
    const result = await command.ask(['model', name, '--offline']);
    expect(refusal(result)).toMatch(message);
  });
});
