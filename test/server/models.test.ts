/**
 * Models before anything is run with them: which there are, what one is, and the tokens of a text.
 */
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/workbench/limits.js';
import {
  type ModelEvent,
  type ModelRequest,
  modelEventSchemas,
  modelListSchema,
} from '../../src/workbench/verbs/models.js';
import { type HubRequest, type HubServer, type Trouble, startHubServer } from '../fixtures/hub-server.js';
import { familyCheckpoint, wordedTokenizer, writeWordedModel } from '../fixtures/worded-model.js';
import { type TestServer, ask, gathered, json, problemIn, startTestServer } from './start.js';

const commit = '0123456789abcdef0123456789abcdef01234567';
const llama = familyCheckpoint('llama');
const files = {
  'config.json': readFileSync(join(llama, 'config.json')),
  'model.safetensors': readFileSync(join(llama, 'model.safetensors')),
  ...Object.fromEntries(Object.entries(wordedTokenizer).map(([file, text]) => [file, Buffer.from(text)])),
};

let trouble: Trouble = {};
let requests: HubRequest[] = [];
let hub: HubServer;
let server: TestServer;
beforeAll(async () => {
  hub = await startHubServer({
    commit,
    files,
    trouble: () => trouble,
    onRequest: (request) => requests.push(request),
  });
  server = await startTestServer();
  const settings = { endpoint: hub.endpoint, token: null, cache: join(server.folder, 'hub'), offline: false };
  server = await server.restart({ hub: settings });
  const { folder } = server;
  writeWordedModel(join(folder, 'models', 'words'));
  writeWordedModel(join(folder, 'elsewhere'));
  mkdirSync(join(folder, 'empty'));
  mkdirSync(join(folder, 'bert'));
  writeFileSync(join(folder, 'bert', 'config.json'), '{"model_type": "bert"}');
  writeFileSync(join(folder, 'broken.gguf'), 'GGUF');
  writeFileSync(join(folder, 'models', 'broken.gguf'), 'GGUF');
  symlinkSync(join(folder, 'broken.gguf'), join(folder, 'models', 'outside.gguf'));
});
afterAll(async () => {
  await server.dispose();
  await hub.close();
});
afterEach(() => {
  [trouble, requests] = [{}, []];
});

/** The events of a description, each of them as the contract has it. */
async function events(request: ModelRequest, from = server): Promise<ModelEvent[]> {
  const all = await gathered(from.client.describeModel(request));
  for (const { event, data } of all) modelEventSchemas[event].parse(data);
  return all;
}
const only = (all: readonly ModelEvent[], event: ModelEvent['event']): unknown[] =>
  all.filter((own) => own.event === event).map(({ data }) => data);

describe('GET /api/models', () => {
  it('lists the shipped models, those in the folders, and those in the cache of the hub', async () => {
    const named = async (): Promise<string[]> => {
      const { models } = modelListSchema.parse(await server.client.models());
      return models.map(({ name, origin, task }) => [name, origin, task].join(' '));
    };
    const here = [
      'shipped/addition shipped addition',
      'shipped/counting shipped counting',
      'models/addition-model models ',
      'models/counting-model models ',
      'models/words models ',
      'models/broken.gguf models ',
      'models/outside.gguf models ',
    ];
    expect(await named()).toEqual(here);
    expect(requests).toEqual([]);
    await events({ name: 'owner/name' });
    expect(await named()).toEqual([...here, 'owner/name hub ']);
    expect(await server.client.models()).toMatchObject({ paths: true, offline: false });
  });
});

describe('POST /api/models/describe', () => {
  it('says of a shipped model what the command says, and which cases it is of', async () => {
    const [own] = only(await events({ name: 'shipped/counting' }), 'model');
    expect(own).toMatchObject({
      family: 'gpt2',
      source: 'directory',
      layers: 2,
      heads: 1,
      vocabulary: 40,
      stored: ['F32'],
      tokenizer: null,
      noTokenizer: expect.stringMatching(/has no tokenizer\.$/),
      task: 'counting',
      ref: '',
    });
  });

  it('takes a name of the list, a directory and a relative one, and knows what cases are made of', async () => {
    const [listed] = only(await events({ name: 'models/words' }), 'model');
    expect(listed).toMatchObject({ ref: 'models/words', task: null, family: 'llama' });
    const path = join(server.folder, 'elsewhere');
    const [given] = only(await events({ name: path }), 'model');
    expect(given).toMatchObject({ ref: null, task: null, name: path, path });
    const [relative] = only(await events({ name: './test/fixtures/families/llama-biased' }), 'model');
    expect(relative).toMatchObject({ heads: 4, keyValueHeads: 1 });
  });

  it('gives the tokens of a text with what stands before it, which can be chosen', async () => {
    const name = 'models/words';
    const [own, tokens, ...more] = await events({ name, text: 'When Mary went' });
    expect(own?.data).toMatchObject({ tokenizer: { tokens: 17, bos: 15, bosToken: '<|endoftext|>' } });
    expect(tokens?.data).toEqual({
      ids: [15, 0, 1, 4],
      pieces: ['<|endoftext|>', 'When', '␣Mary', '␣went'],
    });
    expect(more).toEqual([]);
    const chosen = async (bos: string): Promise<unknown> =>
      only(await events({ name, text: ' Mary', bos }), 'tokens');
    expect(await chosen('none')).toEqual([{ ids: [1], pieces: ['␣Mary'] }]);
    expect(await chosen('When')).toEqual([{ ids: [0, 1], pieces: ['When', '␣Mary'] }]);
    expect(await chosen('5')).toEqual([{ ids: [5, 1], pieces: [',', '␣Mary'] }]);
    expect(only(await events({ name, text: '' }), 'tokens')).toEqual([
      { ids: [15], pieces: ['<|endoftext|>'] },
    ]);
  });

  it('sees files that were changed since', async () => {
    const directory = join(server.folder, 'models', 'changing');
    writeWordedModel(directory);
    const before = async (): Promise<unknown> => only(await events({ name: directory }), 'model')[0];
    expect(await before()).toMatchObject({ tokenizer: { bosToken: '<|endoftext|>' } });
    writeFileSync(join(directory, 'tokenizer_config.json'), JSON.stringify({ bos_token: 'When' }));
    expect(await before()).toMatchObject({ tokenizer: { bosToken: 'When' } });
  });

  it('fetches a model of the hub and says how far it is; afterwards it is there without a request', async () => {
    const name = 'owner/name@v1';
    const all = await events({ name, text: 'When' });
    const names = all.map(({ event }) => event);
    expect(names.slice(-2)).toEqual(['model', 'tokens']);
    const bytes = files['model.safetensors'].length;
    const fetching = only(all, 'fetching');
    // Whatever of it an earlier test has fetched.
    if (fetching.length > 0)
      expect(fetching).toContainEqual({ file: 'model.safetensors', done: bytes, all: bytes });
    requests = [];
    const again = await events({ name, offline: true });
    expect(again.map(({ event }) => event)).toEqual(['model']);
    expect(again[0]?.data).toMatchObject({ source: 'hub', name, ref: null });
    expect(requests).toEqual([]);
  });

  it('stops a fetch when nobody waits for it, and goes on with it for who asks next', async () => {
    const own = await startTestServer({
      hub: { endpoint: hub.endpoint, token: null, cache: join(server.folder, 'stopped'), offline: false },
    });
    try {
      trouble = { stall: 1000 };
      const leaving = new AbortController();
      const stream = own.client.describeModel({ name: 'owner/name' }, leaving.signal);
      for await (const { event, data } of stream)
        if (event === 'fetching' && data.file === 'model.safetensors') break;
      leaving.abort();
      trouble = {};
      const all = await events({ name: 'owner/name' }, own);
      expect(all.at(-1)?.event).toBe('model');
      const blobs = readdirSync(join(server.folder, 'stopped', 'models--owner--name', 'blobs'));
      expect(blobs.filter((file) => file.endsWith('.incomplete'))).toEqual([]);
      expect(requests.filter(({ range }) => range === 'bytes=1000-')).toHaveLength(1);
    } finally {
      await own.dispose();
    }
  });

  it.each<[string, () => ModelRequest, RegExp]>([
    ['a path that is not there', () => ({ name: '/nowhere/at/all' }), /no directory or file "\/nowhere/],
    [
      'what is no name',
      () => ({ name: 'gpt2' }),
      /^There is no directory or file "gpt2".*\(owner\/name\)\.$/,
    ],
    [
      'a link that leads out of its folder',
      () => ({ name: 'models/outside.gguf' }),
      /leads out of its folder/,
    ],
    ['a name with a zero in it', () => ({ name: 'a\u0000b' }), /^There is no directory or file "a\\u0000b"/],
  ])('refuses %s before a stream begins', async (_, request, message) => {
    const refused = gathered(server.client.describeModel(request()));
    await expect(refused).rejects.toMatchObject({
      status: 400,
      code: 'input',
      message: expect.stringMatching(message),
    });
  });

  it.each<[string, () => ModelRequest, RegExp]>([
    ['a directory without config', () => ({ name: join(server.folder, 'empty') }), /config\.json/],
    ['a family that is not read', () => ({ name: join(server.folder, 'bert') }), /bert.*gpt2.*llama/],
    ['a file that is no .gguf', () => ({ name: join(llama, 'config.json') }), /is a file and not a \.gguf/],
    ['a broken .gguf', () => ({ name: join(server.folder, 'broken.gguf') }), /broken\.gguf/],
    [
      'a name on the hub, offline',
      () => ({ name: 'owner/other', offline: true }),
      /^owner\/other is not in the cache .*no request is made offline/,
    ],
    ['a name that the hub does not know', () => ({ name: 'owner/other' }), /is not on the hub: check name/],
    [
      'a text for a model without tokenizer',
      () => ({ name: llama, text: 'When' }),
      /has no tokenizer\. .*--ids\.$/,
    ],
    [
      'a token before a text that is none',
      () => ({ name: 'models/words', text: 'When', bos: '<|endofext|>' }),
      /^No token is "<\|endofext\|>".*Did you mean "<\|endoftext\|>"\?$/,
    ],
    [
      'an id before a text that is none',
      () => ({ name: 'models/words', text: 'When', bos: '17' }),
      /ids are 0 to 16\.$/,
    ],
  ])('refuses %s in one sentence', async (_, request, message) => {
    const last = (await events(request())).at(-1);
    expect(last).toMatchObject({
      event: 'error',
      data: { code: 'input', message: expect.stringMatching(message) },
    });
  });

  it('makes no request for a name that is asked offline', async () => {
    await events({ name: 'owner/other', offline: true });
    expect(requests).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['without a name', {}],
    ['with an empty one', { name: '' }],
    ['with a number for one', { name: 5 }],
    ['with one that is too long', { name: 'x'.repeat(limits.model + 1) }],
    ['with a word for offline', { name: 'owner/name', offline: 'yes' }],
    ['with a text that is too long', { name: 'owner/name', text: 'x'.repeat(limits.text + 1) }],
    ['with a field of its own', { name: 'owner/name', path: '/' }],
    ['that is no object', null],
  ])('refuses a body %s', async (_, body) => {
    const answer = await ask(server, 'POST', '/api/models/describe', json, JSON.stringify(body));
    expect([answer.status, problemIn(answer).code]).toEqual([400, 'input']);
  });
});

describe('a server that other machines reach', () => {
  let open: TestServer;
  beforeAll(async () => {
    const cache = join(server.folder, 'hub');
    open = await startTestServer({
      host: '0.0.0.0',
      names: [hostname()],
      hub: { endpoint: hub.endpoint, token: null, cache, offline: false },
    });
    writeWordedModel(join(open.folder, 'models', 'words'));
    mkdirSync(join(open.folder, 'models', 'bad'));
    writeFileSync(join(open.folder, 'models', 'bad', 'config.json'), '{"model_type": "bert"}');
    writeFileSync(join(open.folder, 'models', 'bad', 'model.safetensors'), '');
  });
  afterAll(() => open.dispose());

  it.each(['/etc', './weights/addition/model', '~', '../x', '/etc/passwd'])(
    'takes no path, whether there is something or not: %s',
    async (name) => {
      await expect(gathered(open.client.describeModel({ name }))).rejects.toMatchObject({
        status: 400,
        message: expect.stringMatching(/^This server is reached from other machines and takes no paths/),
      });
    },
  );

  it('takes what looks like a name for one on the hub, though a directory is called so', async () => {
    const all = await events({ name: 'weights/addition', offline: true }, open);
    expect(all.at(-1)?.data).toMatchObject({
      message: expect.stringMatching(/^weights\/addition is not in/),
    });
  });

  it('describes its list and the hub, and says nowhere where they lie', async () => {
    const names = ['shipped/addition', 'models/words', 'models/bad', 'owner/name', 'owner/none'];
    const all = await Promise.all(names.map((name) => events({ name, text: 'When' }, open)));
    expect(all.map((own) => own.at(-1)?.event)).toEqual(['error', 'tokens', 'error', 'tokens', 'error']);
    expect(only(all[1] ?? [], 'model')).toMatchObject([{ path: null, ref: 'models/words' }]);
    const offline = await events({ name: 'owner/none', offline: true }, open);
    const said = JSON.stringify([all, offline, await open.client.models()]);
    expect(said).not.toContain(open.folder);
    expect(said).not.toContain(server.folder);
    expect(said).not.toContain(process.cwd());
    expect(await open.client.models()).toMatchObject({ paths: false });
  });
});
