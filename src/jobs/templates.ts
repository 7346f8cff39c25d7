/**
 * Template tasks by what a person calls them: one that the package ships, or a file of one's own.
 * @module
 */
import { readFile, readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { InputError } from '../input-error.js';
import { type HookedModel } from '../models/hooked-model.js';
import { distinctSites, resolveSite } from '../models/hooks.js';
import { chooseBos } from '../models/tokenizers/bos.js';
import { type TextTokenizer } from '../models/tokenizers/text-tokenizer.js';
import { wordsOf } from '../models/tokenizers/word-level.js';
import { quote } from '../printable.js';
import {
  type TaskLanguage,
  type Template,
  type TemplateTask,
  readTemplate,
  templateTask,
} from '../tasks/index.js';
import { codeOf, fileFault } from './file-fault.js';
import { packageDirectory } from './package-directory.js';

const extensions = ['.yaml', '.yml', '.json'];
/** Most bytes of a template or of a file of fillers. */
const mostBytes = 64 * 2 ** 20;

const shippedDirectory = (): string => join(packageDirectory(), 'templates');

/** The names of the template tasks that the package ships. */
export async function shippedTemplates(): Promise<string[]> {
  const files = await readdir(shippedDirectory());
  return files.flatMap((file) => (extname(file) === '.yaml' ? [basename(file, '.yaml')] : [])).sort();
}

/** Whether a task is called by the name of a file. */
export const isTemplateFile = (name: string): boolean => extensions.includes(extname(name).toLowerCase());

/**
 * Reads a template by the name of a shipped one or a path.
 * @throws InputError where there is none, or it is wrong
 */
export async function openTemplate(name: string): Promise<Template> {
  const path = isTemplateFile(name) ? resolve(name) : join(shippedDirectory(), `${name}.yaml`);
  const shown = isTemplateFile(name) ? name : `${name}.yaml`;
  const text = await textOf(path, shown);
  return readTemplate(text, shown, (beside) => textOf(resolve(dirname(path), beside), beside));
}

async function textOf(path: string, shown: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new InputError(`There is no file ${quote(shown)}.`);
    throw fileFault(`${quote(shown)} cannot be read`, error);
  }
  if (bytes.length > mostBytes)
    throw new InputError(`${quote(shown)} is too large: ${mostBytes} bytes at most are read.`);
  return bytes.toString('utf8');
}

/**
 * A template in the tokens of a model.
 * @param bos what stands before the text: a token or an id; what the model's files name unless given
 * @throws InputError for a model without a tokenizer or without a token before texts, for sites that it does not have, and
 *   for texts longer than it takes
 */
export function boundTask(
  template: Template,
  model: Pick<HookedModel, 'name' | 'architecture'>,
  tokenizer: TextTokenizer | null,
  bos?: string,
): TemplateTask {
  if (tokenizer === null)
    throw new InputError(`${model.name} has no tokenizer, and ${template.name} is a task of texts.`);
  const task = templateTask(
    template,
    languageOf(model.name, tokenizer, bos),
    sitesFor(template, model.architecture),
  );
  const { positions } = model.architecture;
  if (task.maxLength > positions)
    throw new InputError(
      `The longest text of ${template.name} has ${task.maxLength} tokens, and ${model.name} takes ${positions}.`,
    );
  return task;
}

/**
 * A model's tokens as a template task has them. Nothing is read behind a text, so that the token before it also ends it.
 * @throws InputError for a tokenizer that names no token before texts where none is chosen
 */
export function languageOf(
  model: string,
  tokenizer: TextTokenizer,
  choice: string | undefined,
): TaskLanguage {
  const bos = chooseBos(tokenizer, choice);
  if (bos === null)
    throw new InputError(
      `A task of texts needs a token before each, and ${choice === undefined ? `the files of ${model} name none: give one with --bos` : '--bos none gives none'}.`,
    );
  const { unknown } = tokenizer;
  return {
    tokenizer: {
      vocabulary: tokenizer.vocabulary,
      encode(text) {
        const ids = tokenizer.encode(text, { bos: null });
        if (unknown !== null && ids.includes(unknown))
          throw new InputError(
            `${model} has no token for a part of ${quote(text)}${partOf(text, tokenizer)}.`,
          );
        return ids;
      },
      decode: (ids) => tokenizer.decode(ids),
      tokens: (ids) => tokenizer.pieces(ids),
    },
    bos,
    eos: bos,
    pad: bos,
  };
}

/** Names the first word that a tokenizer has no token for, where that can be seen. */
function partOf(text: string, { encode, unknown }: TextTokenizer): string {
  const word = wordsOf(text).find((one) => encode(one).includes(unknown ?? -1));
  return word === undefined ? '' : `: ${quote(word.trim())}`;
}

/** The sites of a template: of a language model all that are vectors of the residual stream's width, unless it names some. */
export function sitesFor(template: Template, sizes: Parameters<typeof distinctSites>[0]): string[] {
  const all = distinctSites(sizes);
  return template.sites === null ? all : template.sites.map((site) => resolveSite(site, all));
}
