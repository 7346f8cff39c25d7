/** Against a server on this machine that speaks the hub's file API. */
import { spawnSync } from 'node:child_process';
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
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type HubRequest,
  type HubServer,
  type Trouble,
  etagOf,
  startHubServer,
} from '../../../test/fixtures/hub-server.js';
import { InputError } from '../../input-error.js';
import { markOf, markText } from '../process-mark.js';
import { cachedModels } from './cached.js';
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
let trouble: Trouble = {};
let requests: HubRequest[] = [];
let hub: HubServer;
let cache = '';

beforeAll(async () => {
  hub = await startHubServer({
    commit,
    files,
    trouble: () => trouble,
    onRequest: (request) => requests.push(request),
  });
});
afterAll(() => hub.close());
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'inversionview-hub-'));
  [trouble, requests] = [{}, []];
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

const settings = (changes: Partial<HubSettings> = {}): HubSettings => ({
  endpoint: hub.endpoint,
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

describe('what is in the cache', () => {
  const names = async (): Promise<[string, boolean][]> =>
    (await cachedModels({ cache })).map(({ name, whole }) => [name, whole]);

  it('is listed by name, revision and file, without a request', async () => {
    expect(await cachedModels({ cache: join(cache, 'none') })).toEqual([]);
    await hubSnapshot({ ...name, file: 'tiny.Q4_0.gguf' }, settings());
    requests = [];
    expect(await names()).toEqual([['owner/name/tiny.Q4_0.gguf', true]]);
    await hubSnapshot({ ...name, revision: 'v1' }, settings());
    expect(await names()).toEqual([
      ['owner/name', true],
      ['owner/name/tiny.Q4_0.gguf', true],
    ]);
    // Under a branch alone, or under none, as a commit leaves it.
    rmSync(join(root(), 'refs', 'main'));
    expect((await names())[1]).toEqual(['owner/name@v1', true]);
    rmSync(join(root(), 'refs', 'v1'));
    expect((await names())[1]).toEqual([`owner/name@${commit}`, true]);
  });

  it('says of a config without its weights that it is not whole, and passes over all else', async () => {
    const directory = await hubSnapshot(name, settings());
    rmSync(join(directory, 'model.safetensors'));
    for (const other of ['datasets--owner--name', 'models--gpt2', 'models--a--b--c', 'models--owner--empty'])
      mkdirSync(join(cache, other, 'snapshots', commit), { recursive: true });
    writeFileSync(join(cache, 'models--a--b--c', 'snapshots', commit, 'config.json'), '{}');
    expect(await names()).toEqual([['owner/name', false]]);
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
