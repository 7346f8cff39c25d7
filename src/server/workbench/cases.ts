/**
 * Case studies: a task with a probed model and, where there is one, a decoder, loaded and kept.
 * @module
 */
import { tokenOf } from '../../tasks/tokens.js';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Case } from '../contract/index.js';
import { InputError } from '../../input-error.js';
import { type LoadedDecoder } from '../../inversion/decoder-files.js';
import { isThere, openDirectory } from '../../jobs/files.js';
import { decoderFor, modelFor, shippedDirectory } from '../../jobs/shipped.js';
import { type HookedModel } from '../../models/hooked-model.js';
import { describeSite, headOf, shortName } from '../../models/hooks.js';
import { readJson } from '../../models/read-json.js';
import { randomFor } from '../../random.js';
import { type Task } from '../../tasks/index.js';
import {
  decoderPresets,
  decoderRecipe,
  modelPresets,
  modelRecipe,
  taskNamed,
  tasks,
} from '../../studies/index.js';
import { type Folders, resolveRef } from './directories.js';

/** A case as it is worked with. */
export interface LoadedCase {
  readonly id: string;
  readonly task: Task;
  readonly model: HookedModel;
  /** Null when there is none: inputs can be looked at, not read. */
  readonly decoder: LoadedDecoder | null;
  readonly described: Case;
}

/** Words on tasks, and the inputs that their help shows. */
const words: Readonly<Record<string, { readonly about: string; readonly example: string }>> = {
  addition: {
    about: 'Three-digit addition: two numbers from 100 to 999 and their sum.',
    example: '535+861=1396',
  },
  counting: {
    about: 'Counting a letter: a string of three letters, the letter asked for, and how often it occurs.',
    example: 'vvzccvczvvvzvcvc|v:8',
  },
};

/** What an id is made of; an empty ref is the shipped model or decoder. */
export interface CaseParts {
  readonly task: Task;
  readonly model: string;
  readonly decoder: string;
}

/** Takes an id apart. @throws InputError for an unknown task or an id of another form */
export function partsOf(id: string): CaseParts {
  const [name = '', model = '', decoder = '', ...rest] = id.split('~');
  if (rest.length > 0)
    throw new InputError(`The case ${JSON.stringify(id)} is not of the form task or task~model~decoder.`);
  return { task: taskNamed(name), model, decoder };
}

/** Ids of the cases with the shipped models. */
export const shippedCases: readonly string[] = tasks.map(({ name }) => name);

/** Directories of a case; `undefined` for the shipped ones. */
export async function directoriesOf(
  folders: Folders,
  id: string,
): Promise<{ task: Task; model: string | undefined; decoder: string | undefined }> {
  const { task, model, decoder } = partsOf(id);
  return {
    task,
    model: model === '' ? undefined : await resolveRef(folders, model, 'model'),
    decoder: decoder === '' ? undefined : await resolveRef(folders, decoder, 'decoder'),
  };
}

/** A word that changes whenever the files of a case do. */
export async function stampOf(folders: Folders, id: string): Promise<string> {
  const { task, model, decoder } = await directoriesOf(folders, id);
  const directories = [
    model ?? shippedDirectory(task.name, 'model'),
    decoder ?? shippedDirectory(task.name, 'decoder'),
  ];
  const times = directories.flatMap((directory) =>
    ['config.json', 'model.safetensors', 'provenance.json'].map((file) =>
      stat(join(directory, file)).then(
        ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
        () => '-',
      ),
    ),
  );
  return (await Promise.all(times)).join(' ');
}

/**
 * Loads a case.
 * @throws InputError when the id is unknown or the model cannot be read; a decoder that cannot makes it `unavailable`
 */
export async function loadCase(folders: Folders, id: string): Promise<LoadedCase> {
  const directories = await directoriesOf(folders, id);
  const { task } = directories;
  const parts = partsOf(id);
  const loaded = await modelFor(task, directories.model, 'transformerlens');
  // Known by its ref: where it lies on the disk is not the page's business.
  const model = parts.model === '' ? loaded : { ...loaded, name: parts.model };
  let decoder: LoadedDecoder | null = null;
  let unavailable: string | null = null;
  try {
    const own = await decoderFor(task, directories.decoder, model);
    const hash = own.name.split(' ').at(-1) ?? '';
    decoder = parts.decoder === '' ? own : { ...own, name: `${parts.decoder} ${hash}` };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    unavailable = await reason(task, directories, error);
  }
  const accuracy = await accuracyOf(directories.model ?? shippedDirectory(task.name, 'model'));
  const described = describe(id, task, { model, accuracy }, decoder, unavailable);
  return { id, task, model, decoder, described };
}

/** Says what a case without a decoder needs. */
async function reason(
  task: Task,
  { model, decoder }: { model: string | undefined; decoder: string | undefined },
  error: InputError,
): Promise<string> {
  const shipped = shippedDirectory(task.name, 'decoder');
  if (decoder !== undefined || model !== undefined || (await isThere(shipped))) return error.message;
  return `No decoder is shipped for ${task.name}: train one, and open it with the model.`;
}

/** Describes a case whose model could not be loaded: what the task alone tells. */
export const describeUnloaded = (id: string, task: Task, unavailable: string): Case =>
  describe(id, task, null, null, unavailable);

function describe(
  id: string,
  task: Task,
  probed: { readonly model: HookedModel; readonly accuracy: number | null } | null,
  decoder: LoadedDecoder | null,
  unavailable: string | null,
): Case {
  const figures = decoder?.provenance.figures ?? null;
  const rates = new Map(figures?.sites.map(({ site, rate }) => [site, rate]));
  const token = (tokenId: number): string => tokenOf(task, tokenId);
  const own = words[task.name];
  const sizes = probed?.model.architecture ?? task.model ?? { layers: 0, heads: 0, width: 0 };
  return {
    id,
    task: task.name,
    about: own?.about ?? task.name,
    examples: [
      ...(own === undefined ? [] : [own.example]),
      ...[1, 2].map((seed) => task.draw(randomFor(seed, 'example'))),
    ],
    unavailable,
    layers: sizes.layers,
    heads: sizes.heads,
    width: sizes.width,
    sites: (decoder?.config.sites ?? task.sites).map((site) => ({
      site,
      short: shortName(site),
      what: describeSite(site),
      kind: kindOf(site),
      layer: Number(/\d+/.exec(site)?.[0] ?? 0),
      head: headOf(site)?.head ?? null,
      rate: rates.get(site) ?? null,
    })),
    vocabulary: [...task.tokenizer.vocabulary],
    bos: token(task.bos),
    eos: token(task.eos),
    pad: token(task.pad),
    maxLength: task.maxLength,
    epsilon: task.epsilon,
    metric: task.metric,
    enumerated: task.enumeration?.kind === 'all' ? (task.data?.size ?? null) : null,
    rounds: task.rounds.map((round) => ({ ...round })),
    candidates: task.rounds.reduce((sum, { candidates }) => sum + candidates, 0),
    model:
      probed === null
        ? null
        : {
            name: probed.model.name,
            hash: probed.model.hash,
            processing: probed.model.processing,
            heldOut: probed.model.trainedOn === task.name,
            accuracy: probed.accuracy,
          },
    decoder:
      decoder === null
        ? null
        : {
            name: decoder.name,
            steps: decoder.provenance.steps,
            seconds: decoder.provenance.seconds,
            rate: figures?.average ?? null,
            queries: figures?.queries ?? 0,
          },
    trainings: {
      model: modelPresets(task.name).map((name) => ({
        name,
        steps: modelRecipe(task.name, name).schedule.steps,
      })),
      decoder: decoderPresets(task.name).map((name) => ({
        name,
        steps: decoderRecipe(task.name, name).schedule.steps,
      })),
    },
  };
}

function kindOf(site: string): Case['sites'][number]['kind'] {
  if (headOf(site) !== null) return 'head';
  if (site.endsWith('resid_pre')) return 'pre';
  if (site.endsWith('resid_mid')) return 'mid';
  return site.endsWith('mlp_out') ? 'mlp' : 'post';
}

/** What a probed model's provenance says of its accuracy. */
async function accuracyOf(directory: string): Promise<number | null> {
  const schema = z.object({ figures: z.object({ accuracy: z.number() }) });
  try {
    const parsed = schema.safeParse(await readJson(await openDirectory(directory), 'provenance.json'));
    return parsed.data?.figures.accuracy ?? null;
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}
