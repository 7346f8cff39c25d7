/**
 * Models of the hub that are on this machine: the snapshots in Hugging Face's cache, whoever fetched them. No request is
 * made.
 * @module
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hubName, hubNameText } from './name.js';
import { type HubSettings } from './settings.js';
import { cachedCommit } from './snapshot.js';

/** A model in the cache. */
export interface CachedModel {
  /** As a person calls it: `owner/name`, `owner/name@revision`, `owner/name/file.gguf`. */
  readonly name: string;
  /** Whether its weights are all there; another program may have fetched the config alone. */
  readonly whole: boolean;
}

const listed = (directory: string): Promise<string[]> => readdir(directory).catch(() => []);
const below = (directory: string): Promise<string[]> =>
  readdir(directory, { recursive: true }).catch(() => []);

/** Snapshots that have a `config.json`, and the `.gguf` files of all, by name. */
export async function cachedModels({ cache }: Pick<HubSettings, 'cache'>): Promise<CachedModel[]> {
  const found: CachedModel[] = [];
  for (const entry of await listed(cache)) {
    const [kind, owner, name, ...rest] = entry.split('--');
    // Of datasets there are others; names without an owner are those of before 2023.
    if (kind !== 'models' || owner === undefined || name === undefined || rest.length > 0) continue;
    found.push(...(await modelsOf(join(cache, entry), `${owner}/${name}`)));
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function modelsOf(root: string, repository: string): Promise<CachedModel[]> {
  const found: CachedModel[] = [];
  const revisions = await revisionsOf(root);
  for (const commit of await listed(join(root, 'snapshots'))) {
    const revision = revisions.get(commit) ?? commit;
    const files = await below(join(root, 'snapshots', commit));
    for (const file of [...(files.includes('config.json') ? [null] : []), ...files.filter(isGguf)]) {
      const name = { repository, revision, file };
      // What cannot be named cannot be asked for.
      if (hubName(hubNameText(name)) === null) continue;
      const whole = (await cachedCommit(root, name)) !== null;
      if (file === null || whole) found.push({ name: hubNameText(name), whole });
    }
  }
  return found;
}

const isGguf = (file: string): boolean => file.endsWith('.gguf');

/** The branch or tag that a commit is known by; `main` before others. */
async function revisionsOf(root: string): Promise<Map<string, string>> {
  const revisions = new Map<string, string>();
  for (const revision of await below(join(root, 'refs'))) {
    // Branches may have folders before their names.
    const commit = (await readFile(join(root, 'refs', revision), 'utf8').catch(() => '')).trim();
    if (commit === '') continue;
    if (revision === 'main' || !revisions.has(commit)) revisions.set(commit, revision);
  }
  return revisions;
}
