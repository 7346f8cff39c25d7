import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { readPrompts } from './prompt-file.js';

const folder = mkdtempSync(join(tmpdir(), 'inversionview-prompts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const prompts = (content: string, name = 'prompts'): Promise<string[]> => {
  writeFileSync(join(folder, name), content);
  return readPrompts(join(folder, name));
};

describe('a file of prompts', () => {
  it('is lines, a list of texts, or records with a prompt', async () => {
    const wanted = ['The mother tongue of Danielle Darrieux is', 'Toronto is in'];
    expect(await prompts(`\uFEFF${wanted.join('\r\n')}\r\n\r\n`)).toEqual(wanted);
    expect(await prompts(JSON.stringify(wanted.map((text) => `${text} `)))).toEqual(wanted);
    const known = wanted.map((prompt, known_id) => ({ known_id, subject: 'x', attribute: 'y', prompt }));
    expect(await prompts(`\n${JSON.stringify(known, null, 1)}`)).toEqual(wanted);
  });
  it.each([
    ['nothing', '\n \n', /holds no prompt: one a line is needed/],
    ['an empty list', '[]', /is no list of prompts/],
    ['a list that breaks off', '["a",', /begins as a JSON list and is none/],
    ['records of something else', '[{"text": "a"}]', /texts are needed, or records with "prompt"/],
    ['an empty prompt', '["a", " "]', /Prompt 2 of .* is empty/],
  ])('is refused with %s', async (_, content, message) => {
    const asked = prompts(content);
    await expect(asked).rejects.toThrow(InputError);
    await expect(asked).rejects.toThrow(message);
  });
  it('is refused where it is not there', async () => {
    await expect(readPrompts(join(folder, 'none.txt'))).rejects.toThrow(/^There is no file/);
    await expect(readPrompts(folder)).rejects.toThrow(InputError);
  });
});
