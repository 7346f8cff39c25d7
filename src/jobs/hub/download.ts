/**
 * One file of the hub into the blobs of the cache: resumed where it broke off, checked against the hash that the hub
 * names it by, and only then given its name.
 * @module
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InputError } from '../../input-error.js';
import { isThere, makeDirectory } from '../files.js';
import { lockFetch } from './fetch-lock.js';
import { type HubSettings } from './settings.js';

/** What the hub says of a file. */
export interface RemoteFile {
  readonly url: string;
  /** For messages: `config.json of openai-community/gpt2`. */
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 of the content (64 digits) or git's SHA-1 of it as a blob (40); other tags are not checked. */
  readonly etag: string;
}

/** Called as bytes come in, those of earlier tries included. */
export type OnBytes = (done: number, all: number) => void;

/** Milliseconds without a byte after which a connection counts as cut. */
const patience = 30_000;
/** Tries in a row that bring nothing. */
const fruitless = 5;

const wait = (milliseconds: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason instanceof Error ? signal.reason : new Error('stopped'));
    });
  });

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** The headers that a request to the hub carries; a token goes to the hub alone, never to where it redirects. */
export const hubHeaders = ({ token }: HubSettings): Record<string, string> =>
  token === null ? {} : { authorization: `Bearer ${token}` };

/** What an answer other than success means, in words a person can act on. */
export function answerFault(status: number, what: string, token: string | null): InputError {
  if (status === 401 || status === 403)
    return new InputError(
      token === null
        ? `${what} is not open to everybody, or there is no such thing: set HF_TOKEN to a token that may read it.`
        : `${what} may not be read with the token of HF_TOKEN: accept its terms on its page, or check the name.`,
    );
  if (status === 404) return new InputError(`${what} is not on the hub: check name and revision.`);
  return new InputError(`${what} cannot be fetched: the hub answered ${status}. Try again later.`);
}

/**
 * Fetches a file to `path`; what an earlier try left beside it is gone on with. Where another process, or another call
 * of this one, fetches it already, it is waited for.
 * @throws InputError for an answer that is no success, a wrong hash or size, or a connection that keeps breaking
 */
export async function download(
  remote: RemoteFile,
  path: string,
  settings: HubSettings,
  { onBytes, signal }: { readonly onBytes?: OnBytes; readonly signal?: AbortSignal } = {},
): Promise<void> {
  await makeDirectory(dirname(path));
  const partial = `${path}.incomplete`;
  const onWait = (): void => void sizeOf(partial).then((size) => onBytes?.(size, remote.bytes));
  const lock = await lockFetch(path, { onWait, ...(signal === undefined ? {} : { signal }) });
  try {
    if (await isThere(path)) return;
    await fetchWhole(remote, partial, settings, onBytes, signal);
    await expectContent(remote, partial);
    await rename(partial, path);
  } finally {
    await lock.release();
  }
}

async function fetchWhole(
  remote: RemoteFile,
  partial: string,
  settings: HubSettings,
  onBytes: OnBytes | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let failed = 0; (await sizeOf(partial)) < remote.bytes || remote.bytes === 0;) {
    const before = await sizeOf(partial);
    try {
      await fetchRest(remote, partial, settings, onBytes, signal);
      if (remote.bytes === 0) break;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof InputError) throw error;
      failed = (await sizeOf(partial)) > before ? 1 : failed + 1;
      if (failed > fruitless) {
        throw new InputError(
          `${remote.name} cannot be fetched: the connection broke ${failed} times in a row. What came is kept; the same command goes on with it.`,
        );
      }
      await wait(Math.min(8_000, 250 * 2 ** failed), signal);
    }
  }
}

async function fetchRest(
  { url, name, bytes }: RemoteFile,
  partial: string,
  settings: HubSettings,
  onBytes: OnBytes | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const stalled = new AbortController();
  const stop = (): void => stalled.abort();
  signal?.addEventListener('abort', stop);
  let timer = setTimeout(stop, patience);
  const there = await sizeOf(partial);
  const handle = await open(partial, there === 0 ? 'w' : 'r+');
  try {
    const range = there === 0 ? {} : { range: `bytes=${there}-` };
    const response = await fetch(url, {
      headers: { ...hubHeaders(settings), ...range },
      signal: stalled.signal,
    });
    if (!response.ok || response.body === null) {
      // A part longer than the file: it is no part of this one.
      if (response.status === 416) {
        await handle.truncate(0);
        throw new Error('the range is not there');
      }
      // The hub may be overloaded for a while.
      if (response.status === 429 || response.status >= 500) throw new Error(`answer ${response.status}`);
      throw answerFault(response.status, name, settings.token);
    }
    // A server that does not know ranges sends all of it again.
    let at = response.status === 206 ? there : 0;
    if (at === 0) await handle.truncate(0);
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      timer = setTimeout(stop, patience);
      await handle.write(chunk, 0, chunk.length, at);
      at += chunk.length;
      onBytes?.(at, bytes);
    }
    await handle.sync();
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
    await handle.close();
  }
}

/** @throws InputError where size or hash are not those that the hub named; what came is then removed */
async function expectContent({ name, bytes, etag }: RemoteFile, partial: string): Promise<void> {
  const size = await sizeOf(partial);
  const kind = /^[0-9a-f]{64}$/.test(etag) ? 'sha256' : /^[0-9a-f]{40}$/.test(etag) ? 'sha1' : null;
  let right = size === bytes;
  if (right && kind !== null) {
    const hash = createHash(kind);
    if (kind === 'sha1') hash.update(`blob ${size}\0`);
    for await (const chunk of createReadStream(partial)) hash.update(chunk as Uint8Array);
    right = hash.digest('hex') === etag;
  }
  if (right) return;
  await rm(partial, { force: true });
  throw new InputError(`${name} came damaged: its hash is not the one that the hub names. Try again.`);
}
