/**
 * The ε of sites and places, kept by model: `mine.epsilon.json` beside `mine.yaml`. For the templates that are shipped there
 * is such a file in the package, and what a person chooses for models of their own goes into the cache, where it comes first.
 * An ε counts for the weights, their processing and the texts of the template that it was chosen with, and for no others.
 * @module
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { z } from 'zod';
import { fieldProblem } from '../field-problem.js';
import { InputError } from '../input-error.js';
import { type SiteEpsilon } from '../interpret/site-epsilons.js';
import { type HookedModel } from '../models/hooked-model.js';
import { shortName } from '../models/hooks.js';
import { parseJson } from '../models/json-text.js';
import { type Task, type Template } from '../tasks/index.js';
import { cacheDirectory } from './cache.js';
import { codeOf, fileFault } from './file-fault.js';
import { makeDirectory, writeFileAtomic } from './files.js';
import { templateHash } from './model-provenance.js';
import { packageDirectory } from './package-directory.js';
import { isTemplateFile } from './templates.js';

const chosenSchema = z.object({
  /** Null where the curves have no plateau: the task's ε holds. */
  epsilon: z.number().positive().nullable(),
  /** Inputs inside, the geometric mean over the queries, and doublings of them for one of ε; null without ε. */
  inside: z.number().nullable(),
  growth: z.number().nullable(),
  queries: z.number().int(),
});

const entrySchema = z.object({
  model: z.string(),
  hash: z.string(),
  processing: z.enum(['transformerlens', 'none']),
  /** SHA-256 of what decides the texts of the template. */
  template: z.string(),
  metric: z.enum(['euclidean', 'cosine']),
  /** How they were chosen: the most fillers of a list (null for all), passes, queries of each, seed, parts that varied. */
  fillers: z.number().int().nullable(),
  passes: z.number().int(),
  queries: z.number().int(),
  seed: z.number().int(),
  vary: z.array(z.string()).nullable(),
  /** By `site@place`: `a16.0@S1+1`. */
  sites: z.record(z.string(), chosenSchema),
});

const fileSchema = z.object({ task: z.string(), models: z.array(entrySchema) });

/** What was chosen for one model. */
export type ModelEpsilons = z.infer<typeof entrySchema>;
type EpsilonFile = z.infer<typeof fileSchema>;

/** How an ε is found in a file. */
export const epsilonKey = (site: string, place: string): string => `${shortName(site)}@${place}`;

/** As the file has them. */
export const epsilonsBySite = (chosen: readonly SiteEpsilon[]): ModelEpsilons['sites'] =>
  Object.fromEntries(
    chosen.map(({ site, place, queries, chosen: own }) => [
      epsilonKey(site, place),
      {
        epsilon: own?.epsilon ?? null,
        inside: own === null ? null : Number(own.inside.toPrecision(3)),
        growth: own === null ? null : Number(own.growth.toFixed(2)),
        queries,
      },
    ]),
  );

/**
 * Where the ε of a template's sites are kept, those of a person's own first.
 * @param source the path of a template's file, or the name of a shipped one
 */
export function epsilonFiles(source: string): [own: string, ...shipped: string[]] {
  if (isTemplateFile(source)) {
    const path = resolve(source);
    return [join(dirname(path), `${basename(path, extname(path))}.epsilon.json`)];
  }
  const name = `${source}.epsilon.json`;
  return [join(cacheDirectory(), name), join(packageDirectory(), 'templates', name)];
}

/** @returns null where there is no such file @throws InputError for one that is wrong */
async function readEpsilons(path: string): Promise<EpsilonFile | null> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw fileFault(`${path} cannot be read`, error);
  }
  const value = parseJson(bytes, path);
  const parsed = fileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InputError(`${path}: ${fieldProblem(parsed.error, value)} Delete it, and choose ε anew.`);
}

const isOf =
  (template: string, { hash, processing }: Pick<HookedModel, 'hash' | 'processing'>) =>
  (one: ModelEpsilons): boolean =>
    one.template === template && one.hash === hash && one.processing === processing;

/**
 * The task with the ε that were chosen for a model; as it is where none were.
 * @param source as `openTask` takes it
 * @throws InputError for a file of ε that is wrong
 */
export async function withEpsilons<T extends Task>(
  task: T,
  template: Template,
  source: string,
  model: Pick<HookedModel, 'hash' | 'processing'>,
): Promise<T> {
  const own = isOf(await templateHash(template), model);
  const entries: ModelEpsilons[] = [];
  for (const path of epsilonFiles(source)) {
    const found = (await readEpsilons(path))?.models.find(own);
    if (found?.metric === task.metric) entries.push(found);
  }
  if (entries.length === 0) return task;
  // A person's own come first, whatever the package says of the same site and place.
  const sites = Object.assign({}, ...entries.toReversed().map((one) => one.sites)) as ModelEpsilons['sites'];
  const epsilons = task.sites.flatMap((site) =>
    Object.entries(sites).flatMap(([key, { epsilon }]) => {
      const [short = '', place = ''] = key.split(/@(.*)/s);
      return short === shortName(site) && epsilon !== null ? [{ site, place, epsilon }] : [];
    }),
  );
  return { ...task, epsilons };
}

/**
 * Puts what was chosen for a model into a file. What it has of other models stays; of this one, what was not asked for now.
 * @throws InputError for a file that is there and wrong, or of another task, or cannot be written
 */
export async function keepEpsilons(path: string, task: string, entry: ModelEpsilons): Promise<void> {
  const before = await readEpsilons(path);
  if (before !== null && before.task !== task)
    throw new InputError(`${path} has the ε of ${before.task}, not of ${task}: give another file.`);
  const own = isOf(entry.template, entry);
  const models = before?.models ?? [];
  const old = models.find((one) => own(one) && one.metric === entry.metric);
  const file: EpsilonFile = {
    task,
    models: [
      ...models.filter((one) => one !== old && !isSuperseded(one, entry)),
      { ...entry, sites: { ...old?.sites, ...entry.sites } },
    ],
  };
  await makeDirectory(dirname(path));
  await writeFileAtomic(path, new TextEncoder().encode(`${JSON.stringify(file, null, 2)}\n`));
}

/** Whether an entry is of the same model and an earlier text of the template. */
const isSuperseded = (one: ModelEpsilons, { hash, processing, template }: ModelEpsilons): boolean =>
  one.hash === hash && one.processing === processing && one.template !== template;
