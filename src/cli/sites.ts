/**
 * `inversionview sites`: where and at which tokens an input can be read.
 * @module
 */
import { tokensOf } from '../tasks/tokens.js';
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { describeSite, distinctSites, headOf, hookNames, shortName } from '../models/hooks.js';
import { type Checkpoint } from '../models/open-checkpoint.js';
import { chooseBos } from '../models/tokenizers/bos.js';
import { taskNames, taskNamed, tasks } from '../studies/index.js';
import { randomFor } from '../random.js';
import { printJson } from './options.js';
import { checkpointOf } from './prompt.js';

interface SitesOptions {
  readonly model?: string;
  readonly input?: string;
  readonly bos?: string;
  readonly offline?: true;
  readonly json?: true;
}

/** Adds the command. */
export function sitesCommand(program: Command): void {
  program
    .command('sites')
    .argument('[task]', `one of ${taskNames.join(', ')} (default: all)`)
    .option(
      '-m, --model <model>',
      'the sites of a language model in place of a task: path, .gguf or hub name',
    )
    .option('-i, --input <text>', 'show the places of this input instead of an example')
    .option('--bos <token>', "what stands before a text: a token, an id, or none (default: the model's own)")
    .option('--offline', 'make no request: models of the hub come from the cache alone')
    .option('--json', 'print the data')
    .addHelpText(
      'after',
      `
Examples:
  inversionview sites addition
  inversionview sites counting --input "abbc|b:2"
  inversionview sites --model openai-community/gpt2 --input "When Mary and John went"

A site is where in the model an activation is taken, a place which token it belongs to: read takes one of
each. activations takes every other hook of TransformerLens too, such as hook_pattern.`,
    )
    .action(async (name: string | undefined, options: SitesOptions) => {
      if (options.model !== undefined) {
        if (name !== undefined) throw new InputError('Give a task or --model, not both.');
        await sitesOfModel(options.model, options);
      } else sitesOfTasks(name, options);
    });
}

async function sitesOfModel(name: string, { input, bos, offline, json }: SitesOptions): Promise<void> {
  const checkpoint = await checkpointOf(name, offline === true);
  await checkpoint.tensors.close();
  const { architecture, family } = checkpoint;
  const { layers, heads } = architecture;
  const tokens = input === undefined ? null : tokensOfText(checkpoint, input, bos);
  const sites = distinctSites(architecture);
  if (json === true) {
    printJson({
      model: checkpoint.name,
      sites: sites.map((site) => ({ short: shortName(site), site, what: describeSite(site) })),
      hooks: hookNames(architecture),
      ...(tokens === null ? {} : { tokens }),
    });
    return;
  }
  process.stdout.write(`${checkpoint.name} (${family.type}, ${layers} layers of ${heads} heads)\n`);
  // One layer stands for all: hundreds of lines would say no more.
  const ofFirst = sites.filter((site) => site.startsWith('blocks.0.') && (headOf(site)?.head ?? 0) === 0);
  for (const site of ofFirst) {
    const only = site.endsWith('resid_pre');
    const short = only ? shortName(site) : shortName(site).replace('0', 'L').replace('.0', '.H');
    const full = only ? site : site.replace('.0.', '.L.').replace(/\.0$/, '.H');
    const what = only
      ? describeSite(site)
      : describeSite(site).replace('head 0', 'head H').replace('layer 0', 'layer L');
    process.stdout.write(`  ${short.padEnd(8)} ${what.padEnd(46)} ${full}\n`);
  }
  process.stdout.write(`  L is 0 to ${layers - 1}, H 0 to ${heads - 1}; --json lists all, and every hook\n`);
  if (tokens !== null)
    process.stdout.write(
      `  tokens, with their index: ${tokens.map((token, at) => `${at} ${token}`).join('  ')}\n`,
    );
}

function tokensOfText(
  { tokenizer, noTokenizer }: Checkpoint,
  input: string,
  bos: string | undefined,
): string[] {
  if (tokenizer === null)
    throw new InputError(`${noTokenizer ?? 'There is no tokenizer.'} Leave out --input.`);
  return tokenizer.pieces(tokenizer.encode(input, { bos: chooseBos(tokenizer, bos) }));
}

function sitesOfTasks(name: string | undefined, options: SitesOptions): void {
  if (name === undefined && options.input !== undefined)
    throw new InputError(`Which task is the input of? Give one of ${taskNames.join(', ')}, or --model.`);
  const chosen = name === undefined ? tasks : [taskNamed(name)];
  const lists = chosen.map((task) => {
    const ids = task.encode(options.input ?? task.draw(randomFor(1, 'example')));
    return {
      task: task.name,
      epsilon: task.epsilon,
      metric: task.metric,
      sites: task.sites.map((site) => ({ short: shortName(site), site, what: describeSite(site) })),
      input: task.decode(ids),
      tokens: tokensOf(task, ids),
      places: task.places(ids),
    };
  });
  if (options.json) {
    printJson(name === undefined ? lists : lists[0]);
    return;
  }
  for (const list of lists) {
    process.stdout.write(`${list.task} (ε ${list.epsilon}, ${list.metric} distance)\n`);
    for (const { short, site, what } of list.sites)
      process.stdout.write(`  ${short.padEnd(8)} ${what.padEnd(46)} ${site}\n`);
    const places = list.places.map(({ name: place, index }) => `${index} ${place}`);
    process.stdout.write(`  places of ${list.input}, with their index: ${places.join('  ')}\n\n`);
  }
  process.stdout.write(
    'Read one: inversionview read --task addition --input "535+861=1396" --site a0.0 --position "="\n',
  );
}
