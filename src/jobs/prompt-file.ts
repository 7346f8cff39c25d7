/**
 * Files of prompts: a text of one a line, or a JSON list of texts or of records with a `prompt`, as known_1000 is.
 * @module
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { InputError } from '../input-error.js';
import { quote } from '../printable.js';
import { codeOf, fileFault } from './file-fault.js';

const promptList = z.array(z.union([z.string(), z.looseObject({ prompt: z.string() })])).min(1);
/** Most bytes of a file of prompts. */
const mostBytes = 64 * 2 ** 20;
/** Most prompts of a file. */
const mostPrompts = 100_000;

/**
 * The prompts of a file, in its order; a space at the end of one is not part of it.
 * @throws InputError for a file that is not there, holds no prompt, or has an empty one
 */
export async function readPrompts(path: string): Promise<string[]> {
  const shown = quote(path);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new InputError(`There is no file ${shown}.`);
    throw fileFault(`${shown} cannot be read`, error);
  }
  if (bytes.length > mostBytes)
    throw new InputError(`${shown} is too large: ${mostBytes} bytes at most are read.`);
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  const prompts = (/^\s*\[/.test(text) ? listed(text, shown) : text.split(/\r?\n/)).map((one) =>
    one.trimEnd(),
  );
  const some = /^\s*\[/.test(text) ? prompts : prompts.filter((one) => one !== '');
  if (some.length === 0) throw new InputError(`${shown} holds no prompt: one a line is needed.`);
  if (some.length > mostPrompts)
    throw new InputError(`${shown} holds ${some.length} prompts: ${mostPrompts} at most are measured.`);
  const empty = some.indexOf('');
  if (empty >= 0) throw new InputError(`Prompt ${empty + 1} of ${shown} is empty.`);
  return some;
}

function listed(text: string, shown: string): string[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InputError(`${shown} begins as a JSON list and is none: ${error.message}.`);
  }
  const { success, data } = promptList.safeParse(content);
  if (!success)
    throw new InputError(`${shown} is no list of prompts: texts are needed, or records with "prompt".`);
  return data.map((one) => (typeof one === 'string' ? one : one.prompt));
}
