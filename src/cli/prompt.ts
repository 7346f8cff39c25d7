/**
 * The input of commands that need no task: any text for a model with a tokenizer, token ids for one without, or an
 * input of a task for a model of a task's size.
 * @module
 */
import { tokenCount, tokensOf } from '../tasks/tokens.js';
import { type Command } from 'commander';
import { type Prompt } from '../causal/index.js';
import { InputError } from '../input-error.js';
import { hubSettings } from '../jobs/hub/settings.js';
import { findModel, openFound } from '../jobs/open-model.js';
import { modelFor } from '../jobs/shipped.js';
import { type HookedModel } from '../models/hooked-model.js';
import { modelOf } from '../models/load-model.js';
import { type Checkpoint } from '../models/open-checkpoint.js';
import { chooseBos } from '../models/tokenizers/bos.js';
import { type TextTokenizer } from '../models/tokenizers/text-tokenizer.js';
import { sizeText } from '../report/wording.js';
import { type Task } from '../tasks/index.js';
import { taskNamed } from '../studies/index.js';
import { type ModelOptions, warnOfMalformed } from './options.js';
import { progress } from './terminal.js';

/** Options of {@link withPrompt}. */
export interface PromptOptions extends ModelOptions {
  readonly input?: string;
  readonly ids?: readonly number[];
  readonly bos?: string;
  readonly offline?: true;
}

/** Token ids as a person lists them. @throws InputError for anything else */
export function idList(text: string): number[] {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  const ids = parts.map(Number);
  if (ids.length === 0 || parts.some((part) => !/^\d+$/.test(part)))
    throw new InputError(`Token ids are numbers with commas between them, such as 5,9,12, not "${text}".`);
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

const fetched = progress('', sizeText);
/** Shows how a download goes. */
export const showFetching = (file: string, done: number, all: number): void =>
  fetched(done, all, `of ${file}`);

/** Opens a model by directory, `.gguf` file or name on the hub. */
export async function checkpointOf(name: string, offline: boolean): Promise<Checkpoint> {
  const found = await findModel(name, { hub: hubSettings(process.env, offline), onFile: showFetching });
  return openFound(found);
}

/** Text of a language model: what stands between a person's words and token ids. */
export interface Language {
  /** Ids of a text, with what stands before it. @throws InputError for none */
  encode(text: string): number[];
  /** One a token, for the eye. */
  pieces(ids: readonly number[]): readonly string[];
  /** A single token by its text, or by its id where there is no tokenizer. @throws InputError for several tokens */
  token(text: string): number;
}

/** A language model that is asked. */
export interface TextAsked {
  readonly kind: 'text';
  readonly model: HookedModel;
  readonly language: Language;
}

/** What the options name to be asked: a language model, or a task and its model. */
export type Asked = TextAsked | { readonly kind: 'task'; readonly task: Task };

/**
 * Whether `--model` is a language model, and then the model. Without `--model`, with `--task`, or for a model of a
 * task's size that has no tokenizer, it is the task that is asked. Language models are run as their weights are, unless
 * processing is asked for.
 * @throws InputError for a model that is not there, or has neither a tokenizer nor a task nor ids
 */
export async function askedOf(options: PromptOptions, command: Command): Promise<Asked> {
  const isDefault = (name: string): boolean => command.getOptionValueSource(name) === 'default';
  const task = taskNamed(options.task);
  if (options.model === undefined || !isDefault('task')) return { kind: 'task', task };
  const checkpoint = await checkpointOf(options.model, options.offline === true);
  try {
    const { tokenizer, noTokenizer, architecture } = checkpoint;
    if (tokenizer === null && options.ids === undefined) {
      // A model of a task's size has the task's own alphabet.
      if (architecture.vocabulary === tokenCount(task)) return { kind: 'task', task };
      throw new InputError(
        `${noTokenizer ?? 'There is no tokenizer.'} Its ${architecture.vocabulary} tokens are not the ${tokenCount(task)} of ${task.name}: give token ids with --ids, or name its task with --task.`,
      );
    }
    const language = languageOf(tokenizer, architecture.vocabulary, options);
    const model = await modelOf(checkpoint, isDefault('processing') ? 'none' : options.processing);
    return { kind: 'text', model, language };
  } finally {
    await checkpoint.tensors.close();
  }
}

function languageOf(
  tokenizer: TextTokenizer | null,
  vocabulary: number,
  { ids, bos }: PromptOptions,
): Language {
  const pieces = (own: readonly number[]): readonly string[] => tokenizer?.pieces(own) ?? own.map(String);
  if (tokenizer === null || ids !== undefined) {
    return {
      pieces,
      encode() {
        throw new InputError('With --ids everything is given as ids.');
      },
      token(text) {
        const id = Number(text);
        if (/^\d+$/.test(text) && id < vocabulary) return id;
        throw new InputError(`With --ids a token is an id from 0 to ${vocabulary - 1}, not "${text}".`);
      },
    };
  }
  const before = chooseBos(tokenizer, bos);
  return {
    pieces,
    encode(text) {
      const own = tokenizer.encode(text, { bos: before });
      if (own.length === 0)
        throw new InputError('The input is empty: give a text, or put a token before it with --bos.');
      return own;
    },
    token(text) {
      const own = tokenizer.encode(text, { bos: null });
      const [only] = own;
      if (only !== undefined && own.length === 1) return only;
      const spaced = tokenizer.encode(` ${text}`, { bos: null });
      const hint = spaced.length === 1 ? ` " ${text}", with a space before it, is one.` : '';
      throw new InputError(
        `"${text}" is ${own.length} tokens (${pieces(own).join(' ')}), and an answer is one.${hint}`,
      );
    },
  };
}

/** The ids of `--input` or `--ids`. @throws InputError for neither or both */
export function givenPrompt(language: Language, options: PromptOptions): Prompt {
  expectOne(options);
  return promptOf(language, options.ids ?? language.encode(options.input ?? ''));
}

function expectOne({ input, ids }: PromptOptions): void {
  if (ids === undefined && input === undefined) throw new InputError('Give an input with --input or --ids.');
  if (ids !== undefined && input !== undefined) throw new InputError('Give --input or --ids, not both.');
}

/** Ids with their tokens. */
export const promptOf = (language: Language, ids: readonly number[]): Prompt => ({
  ids,
  tokens: language.pieces(ids),
});

/** The model and the input that the options name. @throws InputError for an input that the model does not take */
export async function modelAndPrompt(
  options: PromptOptions,
  command: Command,
): Promise<Prompt & { readonly model: HookedModel }> {
  const { input, ids } = options;
  expectOne(options);
  const asked = await askedOf(options, command);
  if (asked.kind === 'text') return { model: asked.model, ...givenPrompt(asked.language, options) };
  const { task } = asked;
  const own = ids ?? task.encode(input ?? '');
  warnOfMalformed(task, own);
  const model = await modelFor(task, options.model, options.processing);
  return { model, ids: own, tokens: tokensOf(task, own) };
}
