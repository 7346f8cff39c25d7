import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuTime } from '../../test/fixtures/cpu-time.js';
import { gpt2ParameterShapes, randomIds, smallConfig, smallWeights } from '../../test/fixtures/small-gpt2.js';
import { dict, pickle, storage, tensor, text, torchArchive } from '../../test/fixtures/torch-archive.js';
import { floatsOf } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { type Gpt2Config } from './families/gpt2-config.js';
import { type HookedModel, runWithCache } from './hooked-model.js';
import { gpt2Files } from './gpt2-files.js';
import { loadModel } from './load-model.js';
import { type Directory, memoryDirectory } from './weights/byte-source.js';
import { type ParameterSet } from './weights/fingerprint.js';
import { decodeBfloat16, decodeFloat16, encodeFloat16 } from './weights/float16.js';
import { encodeSafetensors } from './weights/safetensors.js';
import { type TensorToWrite } from './weights/safetensors-encode.js';

const runtime = nodeRuntime({ threads: 1 });
const config = smallConfig();
const weights = smallWeights(config);

const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);
const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value));

type Stored = Map<string, { shape: readonly number[]; data: Float32Array }>;
const stored = (set: ParameterSet, prefix = ''): Stored =>
  new Map([...set].map(([name, p]) => [prefix + name, p]));

const tensors = (set: ParameterSet): TensorToWrite[] =>
  [...set].map(([name, { shape, data }]) => ({ name, dtype: 'F32', shape, data }));
const safetensors = (set: ParameterSet): Uint8Array => encodeSafetensors(tensors(set));

const directory = (files: Readonly<Record<string, Uint8Array>>, of: unknown = config): Directory =>
  memoryDirectory('mine', { 'config.json': json(of), ...files });
const withWeights = (set: ParameterSet, of: unknown = config): Directory =>
  directory({ 'model.safetensors': safetensors(set) }, of);

/** The file that `torch.save` writes: a storage of its own for each tensor, `shared` ones under a second name. */
function pytorch(set: ParameterSet, shared: Readonly<Record<string, string>> = {}): Uint8Array {
  const keys = [...set.keys()];
  const strides = (shape: readonly number[]): number[] =>
    shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
  const entry = (name: string, from: string): number[] => {
    const own = set.get(from);
    if (own === undefined) throw new Error(from);
    const { shape, data } = own;
    return [
      ...text(name),
      ...tensor(storage(String(keys.indexOf(from)), data.length), 0, shape, strides(shape)),
    ];
  };
  const entries = [
    ...keys.map((name) => entry(name, name)),
    ...Object.entries(shared).map(([name, from]) => entry(name, from)),
  ];
  const bytes = Object.fromEntries(
    keys.map((name, at) => [
      String(at),
      new Uint8Array(set.get(name)?.data.slice().buffer ?? new ArrayBuffer(0)),
    ]),
  );
  return torchArchive(pickle(dict(...entries)), bytes);
}

/** Half of the tensors in each of two files, and their index. */
function sharded(set: ParameterSet): Record<string, Uint8Array> {
  const names = [...set.keys()];
  const half = (own: number): Stored => new Map([...set].filter((_, at) => (at % 2 === 0 ? 0 : 1) === own));
  const file = (own: number): string => `model-0000${own + 1}-of-00002.safetensors`;
  return {
    [file(0)]: safetensors(half(0)),
    [file(1)]: safetensors(half(1)),
    'model.safetensors.index.json': json({
      metadata: { total_size: 1 },
      weight_map: Object.fromEntries(names.map((name, at) => [name, file(at % 2)])),
    }),
  };
}

const original = await loadModel(withWeights(weights), 'none');

describe('loadModel', () => {
  it('reads the weights bit by bit', () => {
    expect(original).toMatchObject({ name: 'mine', processing: 'none' });
    expect(original.architecture).toMatchObject({ layers: 2, heads: 3, width: 12, inner: 20, positions: 7 });
    expect([...original.parameters.keys()]).toEqual([...gpt2ParameterShapes(config).keys()]);
    for (const [name, { shape, data }] of weights)
      expect(original.parameters.get(name)).toEqual({ shape, data });
  });

  const withHead = stored(weights, 'transformer.');
  withHead.set('lm_head.weight', weights.get('wte.weight') ?? { shape: [], data: new Float32Array() });
  const withBuffers = stored(weights, 'transformer.');
  for (const layer of [0, 1]) {
    withBuffers.set(`transformer.h.${layer}.attn.bias`, { shape: [1, 1, 7, 7], data: new Float32Array(49) });
    withBuffers.set(`transformer.h.${layer}.attn.masked_bias`, { shape: [], data: Float32Array.of(-1e4) });
  }
  const bareBuffers = new Map([
    ...weights,
    ['h.0.attn.bias', { shape: [1, 1, 7, 7], data: new Float32Array(49).fill(NaN) }] as const,
  ]);

  it.each([
    ['names under transformer.', { 'model.safetensors': safetensors(stored(weights, 'transformer.')) }],
    ['tensors in another order', { 'model.safetensors': safetensors(new Map([...weights].reverse())) }],
    ['the tied unembedding written out', { 'model.safetensors': safetensors(withHead) }],
    ['the masks of older versions', { 'model.safetensors': safetensors(withBuffers) }],
    ['masks without a prefix', { 'model.safetensors': safetensors(bareBuffers) }],
    ['shards and their index', sharded(stored(weights, 'transformer.'))],
    ["PyTorch's own file", { 'pytorch_model.bin': pytorch(stored(weights, 'transformer.')) }],
    [
      "PyTorch's own file, the unembedding sharing the embedding's storage",
      {
        'pytorch_model.bin': pytorch(stored(weights, 'transformer.'), {
          'lm_head.weight': 'transformer.wte.weight',
        }),
      },
    ],
  ])('gives the same model from %s', async (_, files) => {
    const model = await loadModel(directory(files), 'none');
    expect(model.hash).toBe(original.hash);
    for (const [name, { data }] of weights) expect(model.parameters.get(name)?.data, name).toEqual(data);
  });

  it('processes weights when asked, under the same hash', async () => {
    const model = await loadModel(withWeights(weights), 'transformerlens');
    expect(model.processing).toBe('transformerlens');
    expect(model.hash).toBe(original.hash);
    expect(model.parameters.has('lm_head.bias')).toBe(true);
  });

  it('closes what it opened, also when it fails', async () => {
    let open = 0;
    const counted = (inner: Directory): Directory => ({
      ...inner,
      open: async (file) => {
        const source = await inner.open(file);
        open += 1;
        const close = async (): Promise<void> => {
          open -= 1;
          await source.close();
        };
        return { ...source, close };
      },
    });
    await loadModel(counted(withWeights(weights)), 'none');
    expect(open).toBe(0);
    const broken = new Map(weights);
    broken.delete('ln_f.bias');
    await expect(loadModel(counted(withWeights(broken)), 'none')).rejects.toThrow(InputError);
    await expect(loadModel(counted(withWeights(weights, { ...config, n_head: 5 })), 'none')).rejects.toThrow(
      InputError,
    );
    expect(open).toBe(0);
  });
});

describe('checkpoints as people have them', () => {
  const prefixed = (prefix: string): Stored => {
    const inner = stored(weights, 'transformer.');
    inner.set('lm_head.weight', weights.get('wte.weight') ?? { shape: [], data: new Float32Array() });
    inner.set('transformer.h.0.attn.bias', { shape: [1, 1, 7, 7], data: new Float32Array(49) });
    return stored(inner, prefix);
  };
  const onlyHead = stored(weights, 'transformer.');
  onlyHead.delete('transformer.wte.weight');
  onlyHead.set('lm_head.weight', weights.get('wte.weight') ?? { shape: [], data: new Float32Array() });
  const { n_layer, n_head, n_embd, n_positions, ...rest } = config;
  const renamed = {
    ...rest,
    num_hidden_layers: n_layer,
    num_attention_heads: n_head,
    hidden_size: n_embd,
    max_position_embeddings: n_positions,
  };
  const masked = encodeSafetensors([
    ...tensors(weights),
    { name: 'h.0.attn.bias', dtype: 'BOOL', shape: [1, 1, 7, 7], data: new Uint8Array(49) },
  ]);
  const half = new TextDecoder('latin1').decode(masked).replace('"BOOL"', '"F4XX"');

  it.each<[string, Directory]>([
    ...['module.', '_orig_mod.', 'model.', 'module._orig_mod.', 'net.gpt.', 'a.b.c.d.e.f.g.h.'].map(
      (prefix): [string, Directory] => [`names behind ${prefix}`, withWeights(prefixed(prefix))],
    ),
    ['bare names behind a prefix', withWeights(stored(weights, '_orig_mod.'))],
    ['tied embeddings under the name of the unembedding alone', withWeights(onlyHead)],
    ['both, behind a prefix', withWeights(stored(onlyHead, 'module.'))],
    [
      'the unembedding alone, bare',
      withWeights(
        new Map([...weights].map(([name, p]) => [name === 'wte.weight' ? 'lm_head.weight' : name, p])),
      ),
    ],
    ['a config with other names of its fields', withWeights(weights, renamed)],
    [
      'masks in a type that no weight has',
      directory({ 'model.safetensors': Uint8Array.from(half, (c) => c.charCodeAt(0)) }),
    ],
    [
      'a config as Windows saves it',
      memoryDirectory('mine', {
        'config.json': utf8(`\ufeff${JSON.stringify(config, null, 2).replaceAll('\n', '\r\n')}`),
        'model.safetensors': safetensors(weights),
      }),
    ],
  ])('give the same model: %s', async (_, source) => {
    const model = await loadModel(source, 'none');
    expect(model.hash).toBe(original.hash);
    expect([...model.parameters.keys()]).toEqual([...original.parameters.keys()]);
    expect(model.architecture).toMatchObject({ layers: 2, heads: 3, width: 12 });
    for (const [name, { data }] of weights) expect(model.parameters.get(name)?.data, name).toEqual(data);
  });

  it('still lack the embedding where config.json does not tie it to the unembedding', async () => {
    await expect(
      loadModel(withWeights(onlyHead, { ...config, tie_word_embeddings: false }), 'none'),
    ).rejects.toThrow(
      new InputError('mine: config.json asks for "wte.weight", which the weights do not hold'),
    );
  });

  it('are refused when the unembedding that stands for both has another shape', async () => {
    const wrong = new Map(onlyHead).set('lm_head.weight', { shape: [3], data: new Float32Array(3) });
    await expect(loadModel(withWeights(wrong), 'none')).rejects.toThrow(
      'mine: "wte.weight" is [3] in the weights and [11, 12] by config.json',
    );
  });

  it('are never half loaded: a prefix that some names lack is said to be one', async () => {
    const names = [...prefixed('_orig_mod.').keys()].filter((name) => !name.includes('attn.bias'));
    await fc.assert(
      fc.asyncProperty(fc.subarray(names, { minLength: 1, maxLength: names.length - 1 }), async (bare) => {
        const mixed = new Map(
          [...prefixed('_orig_mod.')].map(([name, p]) => [
            bare.includes(name) ? name.slice('_orig_mod.'.length) : name,
            p,
          ]),
        );
        await expect(loadModel(withWeights(mixed), 'none')).rejects.toThrow(
          /^mine: the weights hold "_orig_mod\.[\w.]+", which a GPT-2 of this config does not have: "_orig_mod\." comes from torch\.compile; take it out of all names before saving$/,
        );
      }),
      { numRuns: 30 },
    );
  });

  it('that share a prefix name what does not belong by its whole name', async () => {
    const extra = prefixed('module.').set('module.score.weight', { shape: [2], data: new Float32Array(2) });
    await expect(loadModel(withWeights(extra), 'none')).rejects.toThrow(
      new InputError(
        'mine: the weights hold "module.score.weight", which a GPT-2 of this config does not have',
      ),
    );
  });

  it.each([
    ['layers', { n_layer: 1_000_000 }, /asks for "h\.2\.ln_1\.weight", which the weights do not hold$/],
    ['tokens', { vocab_size: 1_000_000 }, /"wte\.weight" is \[11, 12\] in the weights and \[1000000, 12\]/],
    ['places', { n_positions: 1_000_000 }, /"wpe\.weight" is \[7, 12\] in the weights and \[1000000, 12\]/],
    [
      'width',
      { n_embd: 999_999, n_head: 3 },
      /"wte\.weight" is \[11, 12\] in the weights and \[11, 999999\]/,
    ],
    ['heads', { n_embd: 1_000_000, n_head: 1_000_000 }, /"wte\.weight" is/],
    ['hidden units', { n_inner: 1_000_000 }, /"h\.0\.mlp\.c_fc\.weight" is \[12, 20\]/],
  ])(
    'are refused at once, before a weight is read, for a config with a million %s',
    async (_, change, message) => {
      let read = 0;
      const inner = withWeights(weights, { ...config, ...change });
      const counting: Directory = {
        ...inner,
        open: async (file) => {
          const source = await inner.open(file);
          return { ...source, read: (from, size) => ((read += size), source.read(from, size)) };
        },
      };
      const start = cpuTime();
      await expect(loadModel(counting, 'none')).rejects.toThrow(message);
      expect(cpuTime() - start).toBeLessThan(1000);
      // The config, the header's length and the header.
      expect(read).toBeLessThan(5000);
    },
  );

  it('are refused for finite weights that processing takes beyond float32, by the name of the parameter', async () => {
    const large = (
      name: string,
      value: number,
    ): [string, { shape: readonly number[]; data: Float32Array }] => {
      const { shape, data } = weights.get(name) ?? { shape: [], data: new Float32Array() };
      return [name, { shape, data: data.map((own) => Math.sign(own) * value) }];
    };
    for (const [changes, name] of [
      [[large('h.1.ln_1.weight', 1e30), large('h.1.attn.c_attn.weight', 1e30)], 'h.1.attn.c_attn.weight'],
      [[large('h.0.ln_2.bias', -1e30), large('h.0.mlp.c_fc.weight', 1e30)], 'h.0.mlp.c_fc.bias'],
      [[large('h.0.attn.c_attn.bias', 3e38), large('h.0.attn.c_proj.weight', 3)], 'h.0.attn.c_proj.bias'],
    ] as const) {
      const source = withWeights(new Map([...weights, ...changes]));
      const loading = loadModel(source, 'transformerlens');
      await expect(loading).rejects.toThrow(InputError);
      await expect(loading).rejects.toThrow(
        new RegExp(
          `^mine: "${name.replaceAll('.', '\\.')}" is not finite after weight processing \\(-?(Infinity|NaN) at element \\d+\\): .*--processing none runs them as they are$`,
        ),
      );
      expect((await loadModel(source, 'none')).processing).toBe('none');
    }
  });
});

describe('weights in other floats', () => {
  const parameters = [...weights];
  const bfloat = (values: Float32Array): Uint16Array =>
    new Uint16Array(new Uint32Array(values.slice().buffer).map((bits) => bits >>> 16));

  it.each([
    ['float16', 'F16', encodeFloat16, decodeFloat16],
    ['bfloat16', 'BF16', bfloat, decodeBfloat16],
  ] as const)('%s is widened exactly', async (_, dtype, encode, decode) => {
    const file = encodeSafetensors(
      parameters.map(([name, { shape, data }]) => ({ name, dtype, shape, data: encode(data) })),
    );
    const model = await loadModel(directory({ 'model.safetensors': file }), 'none');
    for (const [name, { data }] of parameters) {
      expect(model.parameters.get(name)?.data, name).toEqual(decode(encode(data)));
    }
    const ids = randomIds(config, 2, 5);
    const [given, wanted] = await Promise.all(
      [model, original].map(async (own) =>
        floatsOf(await runWithCache(runtime, own, ids, { names: ['logits'] }), 'logits'),
      ),
    );
    given?.forEach((value, at) => expect(value).toBeCloseTo(wanted?.[at] ?? NaN, 0));
  });

  it('float64 is rounded', async () => {
    const file = encodeSafetensors(
      parameters.map(([name, { shape, data }]) => ({
        name,
        dtype: 'F64',
        shape,
        data: Float64Array.from(data),
      })),
    );
    expect((await loadModel(directory({ 'model.safetensors': file }), 'none')).hash).toBe(original.hash);
  });

  it('integers are refused', async () => {
    const file = encodeSafetensors(
      parameters.map(([name, { shape, data }]) =>
        name === 'wpe.weight'
          ? { name, dtype: 'I32', shape, data: Int32Array.from(data) }
          : { name, dtype: 'F32', shape, data },
      ),
    );
    await expect(loadModel(directory({ 'model.safetensors': file }), 'none')).rejects.toThrow(
      /"wpe\.weight" holds I32/,
    );
  });
});

describe('an unembedding', () => {
  const untied = smallConfig({ tie_word_embeddings: false });
  const own = smallWeights(untied);
  const head = own.get('lm_head.weight') ?? { shape: [], data: new Float32Array() };

  it('of its own is read and used', async () => {
    const model = await loadModel(withWeights(own, untied), 'none');
    expect(model.parameters.get('lm_head.weight')?.data).toEqual(head.data);
    const logits = async (of: HookedModel): Promise<Float32Array> =>
      floatsOf(await runWithCache(runtime, of, [[1, 2]], { names: ['logits'] }), 'logits');
    const tied = await loadModel(
      withWeights(new Map([...own].filter(([name]) => name !== 'lm_head.weight'))),
      'none',
    );
    expect(await logits(model)).not.toEqual(await logits(tied));
    expect(model.hash).not.toBe(tied.hash);
  });

  it('of its own must be there', async () => {
    await expect(loadModel(withWeights(weights, untied), 'none')).rejects.toThrow(
      'config.json asks for "lm_head.weight", which the weights do not hold',
    );
  });

  it.each([
    ['another value', { ...head, data: head.data }],
    ['another shape', { shape: [3], data: new Float32Array(3) }],
    [
      'one value apart',
      {
        ...head,
        data: (weights.get('wte.weight')?.data ?? head.data).map((v, i) => (i === 131 ? v + 1 : v)),
      },
    ],
  ])('that config.json ties must be the embedding: refused with %s', async (_, copy) => {
    const loaded = loadModel(withWeights(new Map([...weights, ['lm_head.weight', copy] as const])), 'none');
    await expect(loaded).rejects.toThrow(InputError);
    await expect(loaded).rejects.toThrow(
      /^mine: "lm_head.weight" differs from "wte.weight".*"tie_word_embeddings": false$/,
    );
  });
});

describe('config and weights that disagree', () => {
  const changed = (change: (set: Stored) => void): Directory => {
    const set = new Map(weights);
    change(set);
    return withWeights(set);
  };
  const zeros = (...shape: number[]): { shape: number[]; data: Float32Array } => ({
    shape,
    data: new Float32Array(shape.reduce((product, length) => product * length, 1)),
  });

  it.each([
    [
      'a missing tensor',
      changed((set) => set.delete('h.1.mlp.c_fc.bias')),
      'asks for "h.1.mlp.c_fc.bias", which the weights do not hold',
    ],
    [
      'a superfluous tensor',
      changed((set) => set.set('h.2.ln_1.weight', zeros(12))),
      'hold "h.2.ln_1.weight", which a GPT-2 of this config does not have',
    ],
    [
      'cross-attention',
      changed((set) => set.set('h.0.crossattention.c_attn.weight', zeros(12, 24))),
      'h.0.crossattention.c_attn.weight',
    ],
    [
      'a wrong shape',
      changed((set) => set.set('wpe.weight', zeros(8, 12))),
      '"wpe.weight" is [8, 12] in the weights and [7, 12] by config.json',
    ],
    [
      'a matrix the other way round',
      changed((set) => set.set('h.0.mlp.c_fc.weight', zeros(20, 12))),
      '"h.0.mlp.c_fc.weight" is [20, 12] in the weights and [12, 20] by config.json',
    ],
    [
      'a name twice',
      changed((set) => set.set('transformer.ln_f.bias', zeros(12))),
      'hold both "ln_f.bias" and "transformer.ln_f.bias"',
    ],
    [
      'more layers by the config',
      withWeights(weights, { ...config, n_layer: 3 }),
      'asks for "h.2.ln_1.weight"',
    ],
    ['fewer layers by the config', withWeights(weights, { ...config, n_layer: 1 }), 'hold "h.1.'],
    [
      'another vocabulary',
      withWeights(weights, { ...config, vocab_size: 12 }),
      '"wte.weight" is [11, 12] in the weights and [12, 12] by config.json',
    ],
  ])('are refused: %s', async (_, source, message) => {
    const loaded = loadModel(source, 'none');
    await expect(loaded).rejects.toThrow(InputError);
    await expect(loaded).rejects.toThrow(message);
    await expect(loaded).rejects.toThrow(/^mine: [^\n]+$/);
  });

  it.each([NaN, Infinity, -Infinity])('are refused with %s among the weights', async (value) => {
    const broken = changed((set) => {
      const { shape, data } = set.get('h.0.attn.c_attn.weight') ?? zeros();
      set.set('h.0.attn.c_attn.weight', { shape, data: data.map((v, i) => (i === 5 ? value : v)) });
    });
    await expect(loadModel(broken, 'none')).rejects.toThrow(
      new RegExp(`"h\\.0\\.attn\\.c_attn\\.weight" holds ${value} at element 5; weights must be finite`),
    );
  });
});

describe('a directory that is no checkpoint', () => {
  it.each([
    [
      'no config',
      memoryDirectory('mine', { 'model.safetensors': safetensors(weights) }),
      'mine has no file config.json',
    ],
    ['no weights', directory({}), 'mine has no weights: looked for model.safetensors'],
    [
      'a config that is not JSON',
      memoryDirectory('mine', { 'config.json': utf8('{"n_layer": 2') }),
      'mine/config.json: not JSON',
    ],
    ['a config of something else', directory({}, { hidden_size: 12 }), 'mine/config.json: "n_layer"'],
    [
      'an activation that is not computed',
      withWeights(weights, { ...config, activation_function: 'mish' }),
      'mine/config.json: "activation_function"',
    ],
  ])('is refused: %s', async (_, source, message) => {
    await expect(loadModel(source, 'none')).rejects.toThrow(InputError);
    await expect(loadModel(source, 'none')).rejects.toThrow(message);
  });

  it('is refused wherever its weights are cut off', async () => {
    const file = safetensors(weights);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: file.length - 1 }), async (length) => {
        const cut = directory({ 'model.safetensors': file.slice(0, length) });
        await expect(loadModel(cut, 'none')).rejects.toThrow(InputError);
      }),
      { numRuns: 30 },
    );
  });
});

describe('gpt2Files', () => {
  it.each([
    ['tied', config],
    [
      'untied',
      smallConfig({ tie_word_embeddings: false, n_inner: null, scale_attn_by_inverse_layer_idx: true }),
    ],
  ])('are read again bit by bit, %s', async (_, own: Gpt2Config) => {
    const raw = smallWeights(own, 3);
    const files = gpt2Files(own, raw, { seed: '3' });
    expect([...files.keys()]).toEqual(['config.json', 'model.safetensors']);
    const model = await loadModel(memoryDirectory('again', Object.fromEntries(files)), 'none');
    expect([...model.parameters.keys()].sort()).toEqual([...raw.keys()].sort());
    for (const [name, { shape, data }] of raw) expect(model.parameters.get(name)).toEqual({ shape, data });
    const direct = await loadModel(withWeights(raw, own), 'none');
    expect(model.hash).toBe(direct.hash);
    expect(gpt2Files(own, model.parameters, { seed: '3' })).toEqual(files);
  });

  it('carry the names and metadata that transformers expects', async () => {
    const untied = smallConfig({ tie_word_embeddings: false });
    const files = gpt2Files(untied, smallWeights(untied), { hash: 'abc' });
    const { openSafetensors } = await import('./weights/safetensors.js');
    const { memorySource } = await import('./weights/byte-source.js');
    const opened = await openSafetensors(
      memorySource('file', files.get('model.safetensors') ?? new Uint8Array()),
    );
    expect(opened.metadata).toEqual({ format: 'pt', hash: 'abc' });
    const names = [...opened.tensors.keys()];
    expect(names.filter((name) => !name.startsWith('transformer.'))).toEqual(['lm_head.weight']);
    expect(JSON.parse(new TextDecoder().decode(files.get('config.json')))).toMatchObject({
      model_type: 'gpt2',
      n_layer: 2,
    });
  });
});
