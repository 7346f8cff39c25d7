/**
 * `inversionview task check`: what a template file becomes in a model.
 * @module
 */
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { quote } from '../printable.js';
import { randomFor } from '../random.js';
import { type TemplateTask, answersOf, isTemplateTask, tokensOf } from '../tasks/index.js';
import { openedTask, printJson, whole, withBos } from './options.js';

interface CheckOptions {
  readonly model: string;
  readonly bos?: string;
  readonly offline?: true;
  readonly samples: number;
  readonly seed: number;
  readonly json?: true;
}

/** How the fillers of a slot are cut into tokens. */
interface SlotRecord {
  readonly slot: string;
  readonly kind: string;
  /** Fillers of its own; 0 of a slot that is taken from others. */
  readonly fillers: number;
  /** Of its fillers in the middle of a text, fewest and most tokens; null without fillers. */
  readonly tokens: { readonly least: number; readonly most: number } | null;
}

interface CheckRecord {
  readonly name: string;
  readonly about: string;
  readonly patterns: readonly { readonly text: string; readonly fillings: number }[];
  readonly slots: readonly SlotRecord[];
  /** Texts there are; equal ones of several fillings are counted more than once. */
  readonly fillings: number;
  /** Tokens of the longest, BOS and EOS included. */
  readonly longest: number;
  /** Answers that texts can have; null where nothing is asked. */
  readonly answers: AnswersRecord | null;
  readonly samples: readonly {
    readonly text: string;
    readonly split: 'train' | 'test';
    readonly tokens: readonly string[];
    readonly places: Readonly<Record<string, number>>;
    /** Inputs of an exact preimage of it: those that vary in the parts named. */
    readonly exact: { readonly varying: readonly string[]; readonly inputs: number };
  }[];
}

/** How answers are cut into tokens. */
interface AnswersRecord {
  readonly different: number;
  /** Those of several tokens: a model is asked for the first. */
  readonly severalTokens: readonly string[];
  /** Those that begin with the token of another, so that the first token does not tell them apart. */
  readonly alike: readonly string[];
}

/** Adds the command. */
export function taskCommand(program: Command): void {
  const task = program.command('task').description('template tasks: studies of texts in a file of your own');
  withBos(
    task
      .command('check')
      .description('reads a template file for a model and prints samples, tokens, places and sizes')
      .argument('<file>', 'a .yaml or .json file, or the name of a shipped template')
      .requiredOption(
        '-m, --model <model>',
        'directory, .gguf file or name on the hub; its weights are not read',
      ),
  )
    .option('--samples <n>', 'texts shown', whole(1, 1000), 3)
    .option('--seed <n>', 'decides which', whole(0), 1)
    .option('--json', 'print the data')
    .addHelpText(
      'after',
      `
Examples:
  inversionview task check ioi --model openai-community/gpt2
  inversionview task check ./mine.yaml --model ./SmolLM2.gguf --bos "<|endoftext|>"

The format is described in docs/template-tasks.md. Every error names the file, the line and the slot.`,
    )
    .action(async (file: string, options: CheckOptions) => {
      const { task: opened } = await openedTask({ ...options, task: file });
      if (!isTemplateTask(opened))
        throw new InputError(`${opened.name} is no template task: there is nothing to check.`);
      const record = recordOf(opened, options);
      if (options.json === true) printJson(record);
      else process.stdout.write(`${rendered(record).join('\n')}\n`);
    });
}

function recordOf(task: TemplateTask, { samples, seed }: CheckOptions): CheckRecord {
  const { texts, tokenizer } = task;
  const { template } = texts;
  return {
    name: task.name,
    about: task.about,
    patterns: texts.patterns.map(({ pattern, size }) => ({ text: pattern.text, fillings: size })),
    slots: [...template.slots].map(([slot, { kind, ...source }]) => {
      const fillers = 'fillers' in source ? source.fillers : [];
      const counts = fillers.map(({ text }) => tokenizer.encode(` ${text}`).length);
      const tokens = counts.length === 0 ? null : { least: Math.min(...counts), most: Math.max(...counts) };
      return { slot, kind, fillers: fillers.length, tokens };
    }),
    fillings: texts.size,
    longest: task.maxLength,
    answers: answersRecord(task),
    samples: Array.from({ length: samples }, (_, at) => {
      const split = at % 3 === 2 ? 'test' : 'train';
      const ids = task.sample(randomFor(seed, 'check', at), split);
      const varying = task.variation.usual(ids);
      return {
        text: task.decode(ids),
        split,
        tokens: tokensOf(task, ids),
        places: Object.fromEntries(task.places(ids).map(({ name, index }) => [name, index])),
        exact: { varying, inputs: task.variation.varying(ids, varying).size },
      };
    }),
  };
}

function answersRecord({ texts, tokenizer }: TemplateTask): AnswersRecord | null {
  const answers = answersOf(texts);
  if (answers.length === 0) return null;
  const cut = answers.map((text) => ({ text, ids: tokenizer.encode(text) }));
  const first = new Map<number, number>();
  for (const { ids } of cut) first.set(ids[0] ?? -1, (first.get(ids[0] ?? -1) ?? 0) + 1);
  return {
    different: answers.length,
    severalTokens: cut.flatMap(({ text, ids }) => (ids.length > 1 ? [text] : [])),
    alike: cut.flatMap(({ text, ids }) => ((first.get(ids[0] ?? -1) ?? 0) > 1 ? [text] : [])),
  };
}

/** A few of some texts, quoted. */
const some = (texts: readonly string[]): string =>
  `${texts
    .slice(0, 3)
    .map((text) => quote(text.trim()))
    .join(', ')}${texts.length > 3 ? ', …' : ''}`;

function answerLines(answers: AnswersRecord | null): string[] {
  if (answers === null) return [];
  const { different, severalTokens, alike } = answers;
  return [
    '',
    `  answers: ${different} different ${different === 1 ? 'one' : 'ones'}`,
    ...(severalTokens.length === 0
      ? []
      : [
          `  ${severalTokens.length} of several tokens, of which the first is asked for: ${some(severalTokens)}`,
        ]),
    ...(alike.length === 0
      ? []
      : [
          `  ${alike.length} that begin with the token of another and count as right with it: ${some(alike)}`,
        ]),
  ];
}

function rendered({
  name,
  about,
  patterns,
  slots,
  fillings,
  longest,
  answers,
  samples,
}: CheckRecord): string[] {
  const count = (value: number): string => value.toLocaleString('en');
  return [
    `${name}: ${about}`,
    `${count(fillings)} fillings of ${count(patterns.length)} ${patterns.length === 1 ? 'pattern' : 'patterns'}; ${longest} tokens at most, BOS and EOS included`,
    '',
    ...slots.map(({ slot, kind, fillers, tokens }) => {
      const cut =
        tokens === null
          ? kind
          : `${count(fillers)} ${fillers === 1 ? 'filler' : 'fillers'} of ${tokens.least === tokens.most ? tokens.most : `${tokens.least} to ${tokens.most}`} ${tokens.most === 1 ? 'token' : 'tokens'}`;
      return `  ${slot}: ${cut}`;
    }),
    ...answerLines(answers),
    ...samples.flatMap(({ text, split, tokens, places, exact }) => [
      '',
      `${quote(text)} (${split})`,
      `  ${tokens.map((token, at) => `${at}:${token}`).join(' ')}`,
      `  places: ${Object.entries(places)
        .map(([place, at]) => `${place} ${at}`)
        .join(', ')}`,
      ...(exact.varying.length === 0
        ? []
        : [`  exact preimages: ${count(exact.inputs)} inputs that vary in ${exact.varying.join(', ')}`]),
    ]),
  ];
}
