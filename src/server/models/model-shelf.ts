/**
 * Models that are on this machine or can be fetched, and what one is.
 * @module
 */
import { InputError } from '../../input-error.js';
import { type DescribedModel, describeModel } from '../../jobs/describe-model.js';
import { cachedModels } from '../../jobs/hub/cached.js';
import { type HubName, hubName } from '../../jobs/hub/name.js';
import { type HubSettings, expanded, hubSettings } from '../../jobs/hub/settings.js';
import { type FoundModel, findOnHub, namedModel } from '../../jobs/open-model.js';
import { shippedDirectory } from '../../jobs/shipped.js';
import { chooseBos } from '../../models/tokenizers/bos.js';
import { tasks } from '../../studies/index.js';
import { type Call, type Emitted } from '../../workbench/verb.js';
import { type ListedModel, type ModelShelf, type modelEventSchemas } from '../../workbench/verbs/models.js';
import { type Folders, findDirectories, ggufFiles, insideOf, isGguf, resolveRef } from './directories.js';
import { stampOf, withoutPaths } from './files-of-models.js';

type Describing = Call<Emitted<typeof modelEventSchemas>>;

/** Where models may come from that no case is made of. */
export interface Reach {
  readonly hub: HubSettings;
  /** Whether a request may name directories and files: only where nobody but this machine reaches the server. */
  readonly paths: boolean;
}

/** A model that a request names. */
type Named =
  | {
      readonly kind: 'here';
      readonly found: FoundModel;
      readonly ref: string | null;
      readonly task: string | null;
    }
  | { readonly kind: 'hub'; readonly name: HubName };

/** Milliseconds between two words on a file that is being fetched. */
const reportEvery = 100;

/** The shelf of some folders, by default with the hub of the environment and without paths. */
export function createModelShelf(
  folders: Folders,
  { hub, paths }: Reach = { hub: hubSettings(), paths: false },
): ModelShelf {
  /** A tokenizer of a hundred thousand tokens takes a second to read, and texts are typed letter by letter. */
  let last: { readonly key: string; readonly described: DescribedModel } | null = null;

  /** The shipped ones and those in the server's folders. */
  async function own(): Promise<ListedModel[]> {
    const directories = await findDirectories(folders);
    const inFolder = (origin: 'models' | 'runs'): ListedModel[] =>
      directories
        .filter(({ ref, kind }) => kind === 'model' && ref.startsWith(`${origin}/`))
        .map(({ ref, task }) => ({ name: ref, origin, task, whole: true }));
    const files = (await ggufFiles(folders.models)).map((file) => `models/${file}`);
    return [
      ...tasks.map(({ name: task }) => listedAs('shipped', `shipped/${task}`, task)),
      ...inFolder('models'),
      ...files.map((name) => listedAs('models', name)),
      ...inFolder('runs'),
    ];
  }

  async function named(name: string): Promise<Named> {
    // A name of the list first, as a directory comes before a name on the hub.
    const known = (await own()).find((model) => model.name === name);
    if (known !== undefined) return { kind: 'here', ...(await placeOf(known, folders)) };
    if (paths) {
      const meant = await namedModel(expanded(name));
      return meant.kind === 'hub' ? meant : { ...meant, ref: null, task: null };
    }
    const onHub = hubName(name);
    if (onHub !== null) return { kind: 'hub', name: onHub };
    throw new InputError(
      'This server is reached from other machines and takes no paths: give a name of its list or one on the hub (owner/name), or start it without --host.',
    );
  }

  function fetched(name: HubName, offline: boolean, { emit, signal }: Describing): Promise<FoundModel> {
    let reported = { file: '', at: 0 };
    return findOnHub(name, {
      hub: { ...hub, offline: offline || hub.offline },
      signal,
      onFile(file, done, all) {
        const now = performance.now();
        if (done < all && file === reported.file && now - reported.at < reportEvery) return;
        reported = { file, at: now };
        emit({ event: 'fetching', data: { file, done, all } });
      },
    });
  }

  async function described(found: FoundModel): Promise<DescribedModel> {
    // What cannot be listed is refused in words where it is opened.
    const stamp = await stampOf(found.path).catch(() => null);
    const key = `${found.name}\n${stamp}`;
    if (stamp !== null && last?.key === key) return last.described;
    const fresh = await describeModel(found);
    last = { key, described: fresh };
    return fresh;
  }

  return {
    async list() {
      const onHub = (await cachedModels(hub)).map(({ name, whole }) => ({
        ...listedAs('hub', name),
        whole,
      }));
      return { models: [...(await own()), ...onHub], paths, offline: hub.offline };
    },
    async check({ name }) {
      await named(name);
    },
    async describe({ name, offline, text, bos }, call) {
      const meant = await named(name);
      const hidden = new Map<string, string>(paths ? [] : [[hub.cache, 'of the server']]);
      try {
        const found = meant.kind === 'here' ? meant.found : await fetched(meant.name, offline, call);
        if (!paths) hidden.set(found.path, found.name);
        const { record, family, tokenizer, noTokenizer } = await described(found);
        call.signal.throwIfAborted();
        const before = record.tokenizer?.bos ?? null;
        call.emit({
          event: 'model',
          data: {
            ...record,
            stored: [...record.stored],
            path: paths ? record.path : null,
            about: family.about,
            tokenizer: record.tokenizer && {
              ...record.tokenizer,
              specials: [...record.tokenizer.specials],
              bosToken: before === null ? null : (tokenizer?.vocabulary[before] ?? null),
            },
            noTokenizer: noTokenizer && withoutPaths(noTokenizer, hidden),
            ...(meant.kind === 'here' ? { ref: meant.ref, task: meant.task } : { ref: null, task: null }),
          },
        });
        if (text === undefined) return;
        if (tokenizer === null) {
          throw new InputError(
            `${noTokenizer ?? 'There is no tokenizer.'} A text has no tokens in it: commands take token ids with --ids.`,
          );
        }
        const ids = tokenizer.encode(text, { bos: chooseBos(tokenizer, bos) });
        call.emit({ event: 'tokens', data: { ids, pieces: tokenizer.pieces(ids) } });
      } catch (error) {
        if (error instanceof InputError) throw new InputError(withoutPaths(error.message, hidden));
        throw error;
      }
    },
  };
}

const listedAs = (origin: ListedModel['origin'], name: string, task: string | null = null): ListedModel => ({
  name,
  origin,
  task,
  whole: true,
});

/** Where a model of the list lies. */
async function placeOf(
  { name, origin, task }: ListedModel,
  folders: Folders,
): Promise<{ readonly found: FoundModel; readonly ref: string | null; readonly task: string | null }> {
  if (origin === 'shipped') {
    const path = shippedDirectory(task ?? '', 'model');
    return { found: { name, path, source: 'directory' }, ref: '', task };
  }
  if (isGguf(name) && folders.models !== null) {
    const path = await insideOf(folders.models, name);
    return { found: { name, path, source: 'file' }, ref: null, task };
  }
  const path = await resolveRef(folders, name, 'model');
  return { found: { name, path, source: 'directory' }, ref: name, task };
}
