/**
 * Commands to run next with a model, as lines for a shell.
 * @module
 */
import type { DescribedModel } from '../../../src/workbench/verbs/models.js';

/** A command. */
export interface NextCommand {
  readonly what: string;
  readonly line: string;
}

/** What was chosen beside the model. */
export interface Chosen {
  readonly text: string;
  readonly bos: string | null;
  readonly offline: boolean;
}

/** A task that the model is of, with inputs of it. */
export interface OfTask {
  readonly task: string;
  readonly examples: readonly string[];
}

/** A prompt and its contrast of as many tokens in most vocabularies. */
const [said, instead] = ['John', 'Mary'].map(
  (name) => `When Mary and John went to the store, ${name} gave a drink to`,
);

/** A word for a shell of POSIX; in double quotes, which other shells take too, where nothing in it is expanded. */
export function shellWord(text: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  return /["$`!\\]/.test(text) ? `'${text.replaceAll("'", `'\\''`)}'` : `"${text}"`;
}

/** The commands, easiest first. @param its null for a model of no task */
export function nextCommands(model: DescribedModel, chosen: Chosen, its: OfTask | null): NextCommand[] {
  const { which, input, contrast } = its === null ? ofTexts(model, chosen) : ofTask(model, its);
  const line = (name: string, ...words: readonly string[]): string =>
    ['npx inversionview', name, ...which, ...words].join(' ');
  return [
    {
      what: 'Its sites',
      line: its === null ? line('sites') : `npx inversionview sites ${its.task}`,
    },
    { what: 'Activations of an input', line: line('activations', ...input) },
    { what: 'What each site adds to a logit', line: line('attribute', ...input) },
    {
      what: 'What changes when activations come from another input',
      line: line('patch', ...input, ...contrast),
    },
  ];
}

interface Words {
  readonly which: readonly string[];
  readonly input: readonly string[];
  readonly contrast: readonly string[];
}

function ofTexts(model: DescribedModel, { text, bos, offline }: Chosen): Words {
  const which = ['--model', placeOf(model), ...(offline && model.source === 'hub' ? ['--offline'] : [])];
  if (model.tokenizer === null)
    return { which, input: ['--ids', '0,1,2'], contrast: ['--contrast-ids', '0,2,1'] };
  const before = bos === null ? [] : ['--bos', shellWord(bos)];
  const own = text === '' ? (said ?? '') : text;
  const other = text === '' ? shellWord(instead ?? '') : '"..."';
  return {
    which: [...which, ...before],
    input: ['--input', shellWord(own)],
    contrast: ['--contrast', other],
  };
}

function ofTask(model: DescribedModel, { task, examples }: OfTask): Words {
  const which = ['--task', task, ...(model.ref === '' ? [] : ['--model', placeOf(model)])];
  const [first = ''] = examples;
  // Inputs that are patched have as many tokens as each other.
  const second = examples.find((example) => example !== first && example.length === first.length);
  return {
    which,
    input: ['--input', shellWord(first)],
    contrast: ['--contrast', second === undefined ? '"..."' : shellWord(second)],
  };
}

/** How a command names it; a server that other machines reach does not say where its folders are. */
const placeOf = ({ source, name, path }: DescribedModel): string =>
  shellWord(source === 'hub' ? name : (path ?? `path/to/${name.slice(name.indexOf('/') + 1)}`));
