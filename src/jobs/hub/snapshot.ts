/**
 * A model of the hub as a directory: what is there already is used, the rest is fetched into Hugging Face's cache
 * (`models--owner--name/{blobs,refs,snapshots}`), where Python finds it too.
 * @module
 */
import { readFile, readdir, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { InputError } from '../../input-error.js';
import { isThere, makeDirectory, writeFileAtomic } from '../files.js';
import { type OnBytes, type RemoteFile, answerFault, download, hubHeaders } from './download.js';
import { type HubName, hubNameText } from './name.js';
import { type HubSettings } from './settings.js';

/** What is reported while files come in. */
export interface SnapshotOptions {
  /** A file begins or goes on. */
  readonly onFile?: (file: string, done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

/** Files of a checkpoint beside its weights. */
const accompanying = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'vocab.json',
  'merges.txt',
];

/** The files that reading a model takes: config, tokenizer and weights, safetensors before others. */
export function neededFiles(files: readonly string[], file: string | null): string[] {
  if (file !== null) return files.includes(file) ? [file] : [];
  const weights = [
    /^model(-\d+-of-\d+)?\.safetensors$|^model\.safetensors\.index\.json$/,
    /^pytorch_model(-\d+-of-\d+)?\.bin$|^pytorch_model\.bin\.index\.json$/,
  ]
    .map((pattern) => files.filter((name) => pattern.test(name)))
    .find((found) => found.length > 0);
  return weights === undefined ? [] : [...accompanying.filter((name) => files.includes(name)), ...weights];
}

/** Where the cache has a repository. */
export const repositoryDirectory = (
  { cache }: Pick<HubSettings, 'cache'>,
  { repository }: Pick<HubName, 'repository'>,
): string => join(cache, `models--${repository.replace('/', '--')}`);

/**
 * The directory of a model's files, or the path of the one file that was named.
 * @throws InputError where it is not there and cannot be fetched, with what to do
 */
export async function hubSnapshot(
  name: HubName,
  settings: HubSettings,
  options: SnapshotOptions = {},
): Promise<string> {
  const root = repositoryDirectory(settings, name);
  const text = hubNameText(name);
  const place = (commit: string): string => join(root, 'snapshots', commit, name.file ?? '');
  const cached = await cachedCommit(root, name);
  if (cached !== null && (settings.offline || cached === name.revision)) return place(cached);
  if (settings.offline) {
    throw new InputError(
      `${text} is not in the cache (${settings.cache}), and no request is made offline: fetch it once without --offline and HF_HUB_OFFLINE.`,
    );
  }
  const answer = await asked(
    `${settings.endpoint}/api/models/${name.repository}/revision/${encodeURIComponent(name.revision)}`,
    settings,
    options.signal,
  ).catch((error: unknown) => {
    options.signal?.throwIfAborted();
    return error instanceof Error ? error : new Error(String(error));
  });
  if (answer instanceof Error) {
    // No connection: what is there is better than nothing, as in Python.
    if (cached !== null) return place(cached);
    throw new InputError(
      `${text} cannot be fetched: ${settings.endpoint} is not reached. Give a directory instead, or set HF_ENDPOINT to a mirror.`,
    );
  }
  if (!answer.ok) throw answerFault(answer.status, text, settings.token);
  const { commit, files } = await revisionOf(answer, text);
  const needed = neededFiles(files, name.file);
  if (needed.length === 0) {
    throw new InputError(
      name.file === null
        ? `${name.repository} has no weights that are read: model.safetensors or pytorch_model.bin is expected, or name one of its .gguf files after it.`
        : `${name.repository} has no file ${name.file}.`,
    );
  }
  for (const file of needed) await fetchFile(root, name, commit, file, settings, options);
  if (commit !== name.revision) {
    const ref = join(root, 'refs', name.revision);
    await makeDirectory(dirname(ref));
    await writeFileAtomic(ref, new TextEncoder().encode(commit));
  }
  return place(commit);
}

/** The commit of a revision whose files are all there, from the cache alone; null where some are not. */
export async function cachedCommit(root: string, { revision, file }: HubName): Promise<string | null> {
  const commit = /^[0-9a-f]{40}$/.test(revision)
    ? revision
    : await readFile(join(root, 'refs', revision), 'utf8').then(
        (content) => content.trim(),
        () => null,
      );
  if (commit === null || !/^[0-9a-f]{7,64}$/.test(commit)) return null;
  const directory = join(root, 'snapshots', commit);
  if (file !== null) return (await isThere(join(directory, file))) ? commit : null;
  const files: string[] = await readdir(directory).catch(() => []);
  const weights = neededFiles(files, null).filter((one) => !accompanying.includes(one));
  const last = weights.map((one) => /-of-(\d+)\./.exec(one)?.[1]).find((one) => one !== undefined);
  const shards = weights.filter((one) => /-of-\d+\./.test(one)).length;
  const whole =
    files.includes('config.json') && weights.length > 0 && (last === undefined || shards === Number(last));
  if (!whole) return null;
  for (const one of weights) if (!(await isThere(join(directory, one)))) return null;
  return commit;
}

const asked = (
  url: string,
  settings: HubSettings,
  signal?: AbortSignal,
  init: RequestInit = {},
): Promise<Response> =>
  fetch(url, {
    ...init,
    headers: hubHeaders(settings),
    signal: AbortSignal.any([AbortSignal.timeout(30_000), ...(signal === undefined ? [] : [signal])]),
  });

async function revisionOf(answer: Response, text: string): Promise<{ commit: string; files: string[] }> {
  const body: unknown = await answer.json().catch(() => null);
  const { sha, siblings } = (body ?? {}) as { sha?: unknown; siblings?: unknown };
  const files = Array.isArray(siblings)
    ? siblings.map((one: unknown) => (one as { rfilename?: unknown } | null)?.rfilename)
    : [];
  const sound = files.every(
    (one): one is string => typeof one === 'string' && !one.split('/').includes('..'),
  );
  if (typeof sha !== 'string' || !/^[0-9a-f]{40,64}$/.test(sha) || !sound)
    throw new InputError(`${text}: the answer of the hub cannot be read; is HF_ENDPOINT right?`);
  return { commit: sha, files };
}

/** Fetches one file of a commit, unless its content is there, and links it into the snapshot. */
async function fetchFile(
  root: string,
  name: HubName,
  commit: string,
  file: string,
  settings: HubSettings,
  { onFile, signal }: SnapshotOptions,
): Promise<void> {
  const link = join(root, 'snapshots', commit, file);
  if (await isThere(link)) return;
  const url = `${settings.endpoint}/${name.repository}/resolve/${commit}/${file.split('/').map(encodeURIComponent).join('/')}`;
  // The hub's own answer carries size and hash; where it redirects to, they may be others.
  const head = await asked(url, settings, signal, { method: 'HEAD', redirect: 'manual' });
  if (head.status >= 400) throw answerFault(head.status, `${file} of ${name.repository}`, settings.token);
  const header = (one: string): string | null => head.headers.get(one);
  const etag = (header('x-linked-etag') ?? header('etag') ?? '').replace(/^W\//, '').replaceAll('"', '');
  const bytes = Number(header('x-linked-size') ?? header('content-length') ?? NaN);
  if (!/^[A-Za-z0-9._-]{1,128}$/.test(etag) || !Number.isSafeInteger(bytes))
    throw new InputError(`${file} of ${name.repository}: the hub names neither its size nor its hash.`);
  const remote: RemoteFile = { url, name: `${file} of ${name.repository}`, bytes, etag };
  const blob = join(root, 'blobs', etag);
  if (!(await isThere(blob))) {
    const onBytes: OnBytes | undefined = onFile && ((done, all) => onFile(file, done, all));
    await download(remote, blob, settings, {
      ...(onBytes === undefined ? {} : { onBytes }),
      ...(signal === undefined ? {} : { signal }),
    });
  }
  await makeDirectory(dirname(link));
  await rm(link, { force: true });
  await symlink(relative(dirname(link), blob), link);
}
