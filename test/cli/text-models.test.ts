/** Commands on models that are no task's: token ids, and what a checkpoint is. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { familyFixtures, familyReference } from '../fixtures/families.js';
import { furthest } from '../fixtures/float64.js';
import { bundledCommand, type Command, refusal } from './command.js';

let command: Command;
beforeAll(async () => {
  command = await bundledCommand();
});
afterAll(() => command.dispose());

const checkpoint = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/families/${name}`, import.meta.url));
type Nested = number | readonly Nested[];
const flat = (values: Nested): number[] => (typeof values === 'number' ? [values] : values.flatMap(flat));

describe('activations --ids', () => {
  it.each(familyFixtures)('gives what transformers gives: %s', async (name) => {
    const { ids, activations } = familyReference(name);
    const hooks = Object.keys(activations).filter((hook) => hook !== 'logits');
    const args = [
      'activations',
      '--model',
      checkpoint(name),
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
    ['what is no list', ['--ids', '1,x'], /--ids takes token ids with commas/],
    ['an id outside the vocabulary', ['--ids', '1,99'], /Token id 99 is outside the vocabulary of 17/],
    ['too many', ['--ids', Array.from({ length: 17 }, () => 1).join()], /17 tokens are more than the 16/],
    ['a text without a tokenizer', ['--input', 'hello'], /has no tokenizer.*--ids/],
    [
      'a hook of another family',
      ['--ids', '1,2', '--sites', 'hook_pos_embed'],
      /Unknown site "hook_pos_embed"/,
    ],
  ])('refuses %s', async (_, args, message) => {
    const result = await command.ask(['activations', '--model', checkpoint('llama'), ...args]);
    expect(refusal(result)).toMatch(message);
  });
});

describe('model', () => {
  it('says what a checkpoint is', async () => {
    const { code, stdout } = await command.ask(['model', checkpoint('llama-biased'), '--json']);
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
    const { stdout: text } = await command.ask(['model', checkpoint('llama-biased')]);
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
