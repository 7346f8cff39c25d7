/**
 * What the commands that measure information have in common: the query, features, the cache of passes, progress.
 * @module
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Command } from 'commander';
import { type Runtime } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { type LoadedDecoder } from '../inversion/decoder-files.js';
import { type ExactPreimages, openExactPreimages } from '../inversion/enumerate/exact.js';
import { type PlacedInput, activationsOf } from '../interpret/queries.js';
import { type QueryRecord } from '../interpret/records.js';
import { cacheDirectory, storeIn } from '../jobs/cache.js';
import { decoderFor } from '../jobs/shipped.js';
import { type HookedModel, modelText } from '../models/hooked-model.js';
import { resolveSite, shortName } from '../models/hooks.js';
import { type Feature, featuresOf, readFeatures } from '../tasks/feature.js';
import {
  type HeldTask,
  heldTask,
  placeName,
  resolvePosition,
  type Task,
  thresholdAt,
} from '../tasks/index.js';
import {
  type ModelOptions,
  type ThresholdOptions,
  runtimeFor,
  whole,
  withModelOptions,
  withThreshold,
  openedTask,
} from './options.js';
import { progress } from './terminal.js';

/** Options of a query that is interpreted. */
export interface InterpretOptions extends ModelOptions, ThresholdOptions {
  readonly decoder?: string;
  readonly input?: string;
  readonly site?: string;
  readonly position?: string;
  readonly features?: string;
  readonly seed: number;
  readonly cache?: string | false;
  readonly vary?: string;
  readonly fillers?: number;
}

/** Adds the options of {@link InterpretOptions}. */
export function withInterpretOptions(command: Command): Command {
  return withThreshold(
    withModelOptions(command)
      .option('-d, --decoder <dir>', 'decoder directory (default: the shipped one)')
      .option('-i, --input <text>', 'the input, as the task writes it')
      .option('-s, --site <name>', 'where in the model: a0.3, x0.pre, x0.mid, x0.post, m0, or a hook name')
      .option('-p, --position <place>', 'which token: a place name (=, A1, query, :) or an index')
      .option(
        '-f, --features <list>',
        'comma-separated names of features, or .mjs files that export more of them (default: all of the task)',
      )
      .option('--seed <n>', 'decides everything that is drawn', whole(0), 1),
  )
    .option(
      '--vary <parts>',
      'template tasks: comma-separated slots (and "pattern") that vary in exact preimages, the rest being held as in ' +
        'the input (default: those that the contrast draws anew)',
    )
    .option(
      '--fillers <n>',
      'template tasks: most fillers of a list, those of the input and others taken evenly from it, so that fewer inputs are ' +
        'run; without a decoder (default: all)',
      whole(2),
    )
    .option('--cache <dir>', `where passes over all inputs are kept (default: ${cacheDirectory()})`)
    .option('--no-cache', 'keep nothing');
}

/** Task, model and what else a command was given, loaded. */
export interface Opened {
  readonly task: Task;
  readonly runtime: Runtime;
  readonly model: HookedModel;
  readonly features: readonly Feature[];
}

/** Loads what the options name. Features first: a wrong name should not wait for weights. */
export async function opened(options: InterpretOptions): Promise<Opened> {
  const open = await openedTask(options);
  const features = await chosenFeatures(open.task, options.features);
  return { ...(await open.whole()), features, runtime: runtimeFor(options) };
}

/**
 * The same, for a task whose inputs are too many to be run: of those that agree with the input in all parts but some.
 * @throws InputError as {@link heldTask} does
 */
export function heldAt(open: Opened, options: InterpretOptions): Opened & { readonly held: HeldTask | null } {
  const { task } = open;
  if (task.variation === undefined || options.input === undefined) {
    if (options.vary === undefined) return { ...open, held: null };
    throw new InputError(
      task.variation === undefined
        ? `--vary is for template tasks: ${task.name} has no parts that vary.`
        : 'What varies is said of an input: give --input.',
    );
  }
  const parts = options.vary?.split(',').map((part) => part.trim());
  const held = heldTask(task, task.encode(options.input), parts);
  return { ...open, task: held, held };
}

/** The decoder of the options. */
export const decoderOf = ({ task, model }: Opened, options: InterpretOptions): Promise<LoadedDecoder> =>
  decoderFor(task, options.decoder, model);

/** Features by name, and those that files export: any of the latter are taken whole. */
export async function chosenFeatures(task: Task, list: string | undefined): Promise<readonly Feature[]> {
  if (list === undefined) return task.features;
  const { names, added } = await listedFeatures(task, list);
  if (names.length === 0) return featuresOf(task, { added });
  return featuresOf(task, { names: [...names, ...added.map(({ name }) => name)], added });
}

/** Names of a list, and the features that its files export. */
async function listedFeatures(
  task: Task,
  list: string,
): Promise<{ readonly names: readonly string[]; readonly added: readonly Feature[] }> {
  // Names of features may hold commas: {F1,S1}.
  const items = list.split(/,(?![^{]*\})/).map((item) => item.trim());
  const isFile = (item: string): boolean => /\.[cm]?[jt]s$/.test(item);
  const added: Feature[] = [];
  for (const file of items.filter(isFile)) added.push(...(await featuresIn(task, file)));
  return { names: items.filter((item) => !isFile(item)), added };
}

/**
 * Features of the task and of files, for options that name some of them.
 * @throws InputError for a name in the list: features of the task are known without it
 */
export async function knownFeatures(task: Task, files: string | undefined): Promise<readonly Feature[]> {
  if (files === undefined) return task.features;
  const { names, added } = await listedFeatures(task, files);
  const [name] = names;
  if (name === undefined) return featuresOf(task, { added });
  throw new InputError(
    `"${name}" is no file: --features takes .mjs files here, and features are named elsewhere.`,
  );
}

/**
 * The one feature that is named, or that a file exports, and all that can be named beside it.
 * @param known features that can be named without the file
 * @throws InputError for none or several
 */
export async function oneFeature(
  task: Task,
  text: string,
  known: readonly Feature[],
): Promise<{ readonly feature: Feature; readonly known: readonly Feature[] }> {
  const { names, added } = await listedFeatures(task, text);
  const own = known.filter((feature) => !task.features.includes(feature));
  const all = featuresOf(task, { added: [...own, ...added] });
  const named = featuresOf(task, { names, added: own });
  const [feature, ...more] = [...named, ...added];
  if (feature === undefined) throw new InputError(`${text} exports no feature: a profile is by one.`);
  if (more.length > 0) throw new InputError('A profile is by one feature: give one name with --by.');
  return { feature, known: all };
}

async function featuresIn(task: Task, file: string): Promise<readonly Feature[]> {
  const path = resolve(file);
  if (!existsSync(path)) throw new InputError(`${file} does not exist.`);
  let exported: unknown;
  try {
    const loaded: unknown = await import(pathToFileURL(path).href);
    exported =
      typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined;
  } catch (error) {
    throw new InputError(
      `${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return readFeatures(exported, task, file);
}

/** The pass of a site, made or taken from the cache, with its progress on a terminal. */
export function exactAt(
  { task, model, runtime }: Opened,
  site: string,
  options: Pick<InterpretOptions, 'cache'>,
): Promise<ExactPreimages> {
  const directory = options.cache === undefined ? cacheDirectory() : options.cache;
  return openExactPreimages(runtime, model, task, site, {
    ...(directory === false ? {} : { store: storeIn(directory) }),
    onNotSaved: (reason) => process.stderr.write(`Not kept for the next time: ${reason}\n`),
    onProgress: progress(`inputs run at ${shortName(site)}`),
  });
}

/** The site of the options. */
export function siteOf(task: Task, { site }: InterpretOptions): string {
  if (site === undefined)
    throw new InputError(`Which site? Give --site with one of ${task.sites.map(shortName).join(', ')}.`);
  return resolveSite(site, task.sites);
}

/** The query of the options: input, place and activation. */
export async function queryOf(
  { task, model, runtime }: Opened,
  options: InterpretOptions,
): Promise<PlacedInput & { readonly site: string; readonly z: Float32Array }> {
  const site = siteOf(task, options);
  if (options.input === undefined) throw new InputError('Which input? Give --input, as the task writes it.');
  const ids = task.encode(options.input);
  if (options.position === undefined) {
    const names = task.places(ids).map(({ name }) => name);
    throw new InputError(
      `Which position? Give --position with ${names.join(', ')}, or an index from 0 to ${ids.length - 1}.`,
    );
  }
  const position = resolvePosition(task, ids, options.position);
  const [z = new Float32Array(0)] = await activationsOf(runtime, model, task, site, [{ ids, position }]);
  return { ids, position, site, z };
}

/** What is recorded of a query. */
export function recordOf(
  { task, model }: Opened,
  options: InterpretOptions,
  { ids, position, site }: PlacedInput & { readonly site: string },
  decoder: string | null,
): QueryRecord {
  const problem = task.check(ids);
  const place = placeName(task, ids, position);
  return {
    task: task.name,
    input: task.decode(ids),
    position,
    place,
    site,
    ...thresholdAt(task, site, place, options),
    seed: options.seed,
    model: modelText(model),
    decoder,
    warnings: problem === null ? [] : [`The input is not one of the task's: ${problem}.`],
  };
}
