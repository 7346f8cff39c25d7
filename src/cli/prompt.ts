/**
 * The input of commands that need no task: any text for a model with a tokenizer, token ids for one without, or an
 * input of a task for a model of a task's size.
 * @module
 */
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { hubSettings } from '../jobs/hub/settings.js';
import { findModel, openFound } from '../jobs/open-model.js';
import { modelFor } from '../jobs/shipped.js';
import { type HookedModel } from '../models/hooked-model.js';
import { modelOf } from '../models/load-model.js';
import { type Checkpoint } from '../models/open-checkpoint.js';
import { chooseBos } from '../models/tokenizers/bos.js';
import { taskNamed } from '../tasks/index.js';
import { type ModelOptions, warnOfMalformed } from './options.js';

/** Options of {@link withPrompt}. */
export interface PromptOptions extends ModelOptions {
  readonly input?: string;
  readonly ids?: readonly number[];
  readonly bos?: string;
  readonly offline?: true;
}

/** A model and what it is given. */
export interface Prompt {
  readonly model: HookedModel;
  readonly ids: readonly number[];
  /** One a token, for the eye. */
  readonly tokens: readonly string[];
}

function idList(text: string): number[] {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  const ids = parts.map(Number);
  if (ids.length === 0 || parts.some((part) => !/^\d+$/.test(part)))
    throw new InputError(`--ids takes token ids with commas between them, such as 5,9,12, not "${text}".`);
  return ids;
}

/** Adds `--input`, `--ids`, `--bos` and `--offline`. */
export const withPrompt = (command: Command): Command =>
  command
    .option('-i, --input <text>', "the input: any text for a language model, else an input of the task's")
    .option('--ids <list>', 'token ids in place of a text, with commas; nothing is put before them', idList)
    .option(
      '--bos <token>',
      "what stands before the text: a token, an id, or none (default: what the model's files name)",
    )
    .option('--offline', 'make no request: models of the hub come from the cache alone');

/** Bytes as people read them. */
export const sizeText = (bytes: number): string =>
  bytes < 2 ** 20
    ? `${(bytes / 2 ** 10).toFixed(0)} KiB`
    : bytes < 2 ** 30
      ? `${(bytes / 2 ** 20).toFixed(0)} MiB`
      : `${(bytes / 2 ** 30).toFixed(2)} GiB`;

/** Says on a terminal how a download goes. */
export function showFetching(file: string, done: number, all: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(
    done < all ? `\r\u001b[K${file}: ${sizeText(done)} of ${sizeText(all)}` : '\r\u001b[K',
  );
}

/** Opens a model by directory, `.gguf` file or name on the hub. */
export async function checkpointOf(name: string, offline: boolean): Promise<Checkpoint> {
  const found = await findModel(name, { hub: hubSettings(process.env, offline), onFile: showFetching });
  return openFound(found);
}

/**
 * The model and the input that the options name. Language models are run as their weights are, unless processing is
 * asked for.
 * @throws InputError for an input that the model does not take
 */
export async function promptOf(options: PromptOptions, command: Command): Promise<Prompt> {
  const { input, ids } = options;
  if (ids === undefined && input === undefined) throw new InputError('Give an input with --input or --ids.');
  if (ids !== undefined && input !== undefined) throw new InputError('Give --input or --ids, not both.');
  const isDefault = (name: string): boolean => command.getOptionValueSource(name) === 'default';
  if (options.model === undefined || !isDefault('task')) return taskPrompt(options);
  const checkpoint = await checkpointOf(options.model, options.offline === true);
  try {
    const { tokenizer, noTokenizer, architecture } = checkpoint;
    const processing = isDefault('processing') ? 'none' : options.processing;
    if (ids !== undefined) {
      const model = await modelOf(checkpoint, processing);
      return { model, ids, tokens: tokenizer?.pieces(ids) ?? ids.map(String) };
    }
    if (tokenizer === null) {
      // A model of a task's size has the task's own alphabet.
      const task = taskNamed(options.task);
      if (architecture.vocabulary === task.vocabulary.length) return await taskPrompt(options);
      throw new InputError(
        `${noTokenizer ?? 'There is no tokenizer.'} Its ${architecture.vocabulary} tokens are not the ${task.vocabulary.length} of ${task.name}: give token ids with --ids, or name its task with --task.`,
      );
    }
    const own = tokenizer.encode(input ?? '', { bos: chooseBos(tokenizer, options.bos) });
    if (own.length === 0)
      throw new InputError('The input is empty: give a text, or put a token before it with --bos.');
    return { model: await modelOf(checkpoint, processing), ids: own, tokens: tokenizer.pieces(own) };
  } finally {
    await checkpoint.tensors.close();
  }
}

async function taskPrompt({
  task: name,
  model: directory,
  processing,
  input,
  ids,
}: PromptOptions): Promise<Prompt> {
  const task = taskNamed(name);
  const own = ids ?? task.encode(input ?? '');
  warnOfMalformed(task, own);
  const model = await modelFor(task, directory, processing);
  return { model, ids: own, tokens: own.map((id) => task.vocabulary[id] ?? '?') };
}
