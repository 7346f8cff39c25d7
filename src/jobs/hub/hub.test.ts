/** Against a server on this machine that speaks the hub's file API. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '../../input-error.js';
import { markOf, markText } from '../process-mark.js';
import { hubName, hubNameText } from './name.js';
import { type HubSettings, hubSettings } from './settings.js';
import { hubSnapshot, neededFiles } from './snapshot.js';

const commit = '0123456789abcdef0123456789abcdef01234567';
const weights = Buffer.alloc(300_000, 'weights of a model ');
const files: Readonly<Record<string, Buffer>> = {
  'config.json': Buffer.from('{"model_type": "gpt2"}'),
  'README.md': Buffer.from('# a model'),
  'model.safetensors': weights,
  'pytorch_model.bin': Buffer.from('not fetched'),
  'tiny.Q4_0.gguf': Buffer.from('GGUF'),
};
const isLarge = (file: string): boolean => /safetensors|bin|gguf/.test(file);
const etagOf = (file: string, content: Buffer): string =>
  isLarge(file)
    ? createHash('sha256').update(content).digest('hex')
    : createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');

/** What the next requests meet. */
interface Trouble {
  /** Bytes after which a connection breaks, one a request. */
  cuts?: number[];
  damaged?: boolean;
  status?: number;
  noRanges?: boolean;
}
let trouble: Trouble = {};
let requests: { method: string; url: string; range: string | null; token: string | null }[] = [];
let server: Server;
let endpoint = '';
let cache = '';

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { method = '', url = '', headers } = request;
  requests.push({ method, url, range: headers.range ?? null, token: headers.authorization ?? null });
  if (trouble.status !== undefined) {
    response.writeHead(trouble.status).end();
    return;
  }
  if (/^\/api\/models\/owner\/name\/revision\/(main|v1|0123\w+)$/.test(url)) {
    response.end(
      JSON.stringify({ sha: commit, siblings: Object.keys(files).map((rfilename) => ({ rfilename })) }),
    );
    return;
  }
  const file = new RegExp(`^/owner/name/resolve/${commit}/(.*)$`).exec(url)?.[1] ?? '';
  const content = Object.hasOwn(files, file) ? files[file] : undefined;
  if (content === undefined) {
    response.writeHead(404).end();
    return;
  }
  const etag = `"${etagOf(file, content)}"`;
  if (method === 'HEAD') {
    const linked = {
      'x-linked-etag': etag,
      'x-linked-size': content.length,
      etag: '"other"',
      location: '/cdn',
    };
    response.writeHead(
      isLarge(file) ? 302 : 200,
      isLarge(file) ? linked : { etag, 'content-length': content.length },
    );
    response.end();
    return;
  }
  const from = trouble.noRanges === true ? 0 : Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
  const body = Buffer.from(content.subarray(from));
  if (trouble.damaged === true) body[0] = 0;
  response.writeHead(from === 0 ? 200 : 206, { 'content-length': body.length });
  const cut = isLarge(file) ? trouble.cuts?.shift() : undefined;
  if (cut === undefined) response.end(body);
  else response.write(body.subarray(0, cut), () => response.destroy());
}

beforeAll(async () => {
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'inversionview-hub-'));
  [trouble, requests] = [{}, []];
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

const settings = (changes: Partial<HubSettings> = {}): HubSettings => ({
  endpoint,
  token: null,
  cache,
  offline: false,
  ...changes,
});
const name = { repository: 'owner/name', revision: 'main', file: null };
const root = (): string => join(cache, 'models--owner--name');
const fetchedBytes = (): number =>
  requests.filter(({ method, url }) => method === 'GET' && url.includes('/resolve/')).length;

describe('a model of the hub', () => {
  it('lands in the layout of Hugging Face’s cache: blobs by hash, links by name, the commit of the branch', async () => {
    const directory = await hubSnapshot(name, settings());
    expect(directory).toBe(join(root(), 'snapshots', commit));
    expect(readdirSync(directory).sort()).toEqual(['config.json', 'model.safetensors']);
    expect(readFileSync(join(directory, 'model.safetensors'))).toEqual(weights);
    expect(lstatSync(join(directory, 'model.safetensors')).isSymbolicLink()).toBe(true);
    expect(readlinkSync(join(directory, 'model.safetensors'))).toBe(
      `../../blobs/${etagOf('model.safetensors', weights)}`,
    );
    expect(readFileSync(join(root(), 'refs', 'main'), 'utf8')).toBe(commit);
  });

  it('is not fetched again, and offline without any request', async () => {
    await hubSnapshot(name, settings());
    const before = fetchedBytes();
    await hubSnapshot(name, settings());
    expect(fetchedBytes()).toBe(before);
    requests = [];
    expect(await hubSnapshot(name, settings({ offline: true }))).toBe(join(root(), 'snapshots', commit));
    // A commit never changes.
    await hubSnapshot({ ...name, revision: commit }, settings());
    expect(requests).toEqual([]);
  });

  it('goes on where a connection broke, and where a killed process left off', async () => {
    trouble = { cuts: [100_000, 50_000] };
    const directory = await hubSnapshot(name, settings());
    expect(readFileSync(join(directory, 'model.safetensors'))).toEqual(weights);
    expect(requests.filter(({ range }) => range !== null).length).toBeGreaterThanOrEqual(2);

    rmSync(cache, { recursive: true });
    [trouble, requests] = [{}, []];
    await hubSnapshot({ ...name, file: 'tiny.Q4_0.gguf' }, settings());
    const blob = join(root(), 'blobs', etagOf('model.safetensors', weights));
    writeFileSync(`${blob}.incomplete`, weights.subarray(0, 200_000));
    await hubSnapshot(name, settings());
    expect(requests.find(({ range }) => range !== null)?.range).toBe('bytes=200000-');
    expect(readFileSync(blob)).toEqual(weights);
  });

  it('is fetched once by several who ask at the same time', async () => {
    // Cut connections draw the fetch out.
    trouble = { cuts: [100_000, 100_000] };
    const places = await Promise.all([1, 2, 3].map(() => hubSnapshot(name, settings())));
    expect(new Set(places)).toEqual(new Set([join(root(), 'snapshots', commit)]));
    const ranges = requests.filter(({ method, url }) => method === 'GET' && url.endsWith('.safetensors'));
    // What of a cut connection arrives is not certain; that each goes on from where the last one was is.
    const starts = ranges.map(({ range }) => Number(/\d+/.exec(range ?? '0')?.[0]));
    expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
    expect(starts[0]).toBe(0);
    expect(readFileSync(join(places[0] ?? '', 'model.safetensors'))).toEqual(weights);
    expect(readdirSync(join(root(), 'blobs')).filter((file) => /lock|incomplete/.test(file))).toEqual([]);
  });

  it('is fetched though a process that was killed left its lock, and waits for one that lives', async () => {
    const blob = join(root(), 'blobs', etagOf('model.safetensors', weights));
    mkdirSync(join(root(), 'blobs'), { recursive: true });
    const ended = spawnSync(process.execPath, ['-e', '']).pid;
    writeFileSync(`${blob}.lock`, markText({ ...markOf(), pid: ended, started: '1' }));
    await hubSnapshot(name, settings());
    rmSync(blob);
    rmSync(join(root(), 'snapshots'), { recursive: true });
    writeFileSync(`${blob}.lock`, markText(markOf()));
    let done = false;
    const waiting = hubSnapshot(name, settings()).then(() => (done = true));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(done).toBe(false);
    rmSync(`${blob}.lock`);
    await waiting;
    const stopped = new AbortController();
    rmSync(blob);
    rmSync(join(root(), 'snapshots'), { recursive: true });
    writeFileSync(`${blob}.lock`, markText(markOf()));
    const stopping = hubSnapshot(name, settings(), { signal: stopped.signal });
    stopped.abort(new Error('enough'));
    await expect(stopping).rejects.toThrow('enough');
  });

  it('begins again where the server knows no ranges', async () => {
    trouble = { cuts: [100_000], noRanges: true };
    const directory = await hubSnapshot(name, settings());
    expect(readFileSync(join(directory, 'model.safetensors'))).toEqual(weights);
  });

  it('is refused when its hash is wrong, and leaves nothing that would be taken for it', async () => {
    trouble = { damaged: true };
    await expect(hubSnapshot(name, settings())).rejects.toThrow(/came damaged: its hash/);
    expect(readdirSync(join(root(), 'blobs'))).toEqual([]);
  });

  it('is one file where one is named', async () => {
    const path = await hubSnapshot({ ...name, file: 'tiny.Q4_0.gguf' }, settings());
    expect(readFileSync(path, 'utf8')).toBe('GGUF');
    await expect(hubSnapshot({ ...name, file: 'other.gguf' }, settings())).rejects.toThrow(
      'has no file other.gguf',
    );
  });

  it('is asked for with the token, which goes to the hub', async () => {
    await hubSnapshot(name, settings({ token: 'secret' }));
    expect(requests.every(({ token }) => token === 'Bearer secret')).toBe(true);
  });

  it.each([
    [401, null, /not open to everybody.*HF_TOKEN/],
    [403, 'secret', /with the token of HF_TOKEN/],
    [404, null, /is not on the hub: check name and revision/],
    [500, null, /the hub answered 500/],
  ])('is refused in words a person can act on: %s', async (status, token, message) => {
    trouble = { status };
    const refused = hubSnapshot(name, settings({ token }));
    await expect(refused).rejects.toThrow(InputError);
    await expect(hubSnapshot(name, settings({ token }))).rejects.toThrow(message);
  });

  it('is taken from the cache where the hub is not reached, else refused', async () => {
    const away = settings({ endpoint: 'http://127.0.0.1:9' });
    await expect(hubSnapshot(name, away)).rejects.toThrow(/is not reached.*HF_ENDPOINT/);
    await expect(hubSnapshot(name, settings({ offline: true }))).rejects.toThrow(
      /not in the cache.*without --offline/,
    );
    const directory = await hubSnapshot(name, settings());
    expect(await hubSnapshot(name, away)).toBe(directory);
  });

  it('is not taken from a cache in which a file is missing', async () => {
    const directory = await hubSnapshot(name, settings());
    rmSync(join(directory, 'model.safetensors'));
    await expect(hubSnapshot(name, settings({ offline: true }))).rejects.toThrow(/not in the cache/);
  });
});

describe('which files are needed', () => {
  it('safetensors before others, whole or in shards, with config and tokenizer', () => {
    expect(neededFiles(['a.bin', 'config.json', 'merges.txt', 'pytorch_model.bin'], null)).toEqual([
      'config.json',
      'merges.txt',
      'pytorch_model.bin',
    ]);
    const shards = [
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
    ];
    expect(neededFiles([...shards, 'config.json', 'pytorch_model.bin'], null)).toEqual([
      'config.json',
      ...shards,
    ]);
    expect(neededFiles(['config.json'], null)).toEqual([]);
  });
});

describe('hubName', () => {
  it.each([
    ['openai-community/gpt2', 'openai-community/gpt2', 'main', null],
    ['EleutherAI/pythia-70m@step3000', 'EleutherAI/pythia-70m', 'step3000', null],
    ['a/b-GGUF/b.Q4_K_M.gguf@refs/pr/1', 'a/b-GGUF', 'refs/pr/1', 'b.Q4_K_M.gguf'],
  ])('reads %s', (text, repository, revision, file) => {
    expect(hubName(text)).toEqual({ repository, revision, file });
    expect(hubNameText({ repository, revision, file })).toBe(text);
  });

  it.each(['gpt2', 'a/b/c', '../b', 'a/..', 'a/b@../../x', '/a/b', 'a b/c', 'a/b/../c.gguf', ''])(
    'refuses %j',
    (text) => {
      expect(hubName(text)).toBeNull();
    },
  );
});

describe('hubSettings', () => {
  it('heeds the variables that Python heeds', () => {
    const set = hubSettings({
      HF_HOME: '/h',
      HF_ENDPOINT: 'http://mirror/',
      HF_TOKEN: 't',
      HF_HUB_OFFLINE: '1',
    });
    expect(set).toEqual({ endpoint: 'http://mirror', token: 't', cache: '/h/hub', offline: true });
    expect(hubSettings({ HF_HUB_CACHE: '/c', HF_HOME: '/nowhere' })).toMatchObject({
      cache: '/c',
      token: null,
      offline: false,
    });
    expect(hubSettings({ HF_HOME: '/nowhere' }, true).offline).toBe(true);
  });
});
