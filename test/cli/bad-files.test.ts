/**
 * Checkpoint directories that are damaged, hostile or for something else: one line that names the file and what is
 * wrong with it, exit code 2. What the readers refuse is tested beside them; here it is how the commands say it.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decoderFiles } from '../../src/inversion/decoder-files.js';
import { type Decoder } from '../../src/inversion/decoder.js';
import { gpt2Files } from '../../src/models/gpt2-files.js';
import { fingerprint } from '../../src/models/weights/fingerprint.js';
import { addition, counting } from '../../src/studies/index.js';
import { probedModelConfig } from '../../src/training/model-training.js';
import { smallWeights } from '../fixtures/small-gpt2.js';
import { smallDecoder } from '../fixtures/task-models.js';
import {
  type Code,
  call,
  concat,
  dict,
  floats,
  global,
  pickle,
  storage,
  tensor,
  text,
  torchArchive,
} from '../fixtures/torch-archive.js';
import { bundledCommand, type Command, refusal } from './command.js';

let command: Command;
beforeAll(async () => {
  command = await bundledCommand();
});
afterAll(() => command.dispose());

const config = probedModelConfig(addition);
const weights = smallWeights(config);
const sound = gpt2Files(config, weights);
const soundBytes = sound.get('model.safetensors') ?? new Uint8Array(0);
const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);

type Files = ReadonlyMap<string, Uint8Array>;

/** The files of a sound checkpoint, some of them changed or, as null, left out. */
function changed(changes: Readonly<Record<string, Uint8Array | string | null>>, files: Files = sound): Files {
  const out = new Map(files);
  for (const [name, content] of Object.entries(changes)) {
    if (content === null) out.delete(name);
    else out.set(name, typeof content === 'string' ? utf8(content) : content);
  }
  return out;
}

let made = 0;

/** Writes files into a directory of their own. @returns its name */
function directoryOf(files: Files): string {
  const name = `d${made++}`;
  mkdirSync(join(command.folder, name));
  for (const [file, content] of files) writeFileSync(join(command.folder, name, file), content);
  return name;
}

const activations = (model: string): Promise<string> =>
  command.ask(['activations', '--input', '615+861=1476', '--json', '--model', model]).then(refusal);

/** A safetensors file, part by part. */
function parts(header: string, data = new Uint8Array(0), length = BigInt(utf8(header).length)): Uint8Array {
  const start = new Uint8Array(8);
  new DataView(start.buffer).setBigUint64(0, length, true);
  return concat([start, utf8(header), data]);
}
const entry = (dtype: string, shape: readonly number[], from: number, to: number): unknown => ({
  dtype,
  shape,
  data_offsets: [from, to],
});
const listing = (entries: Readonly<Record<string, unknown>>): string => JSON.stringify(entries);
const eight = new Uint8Array(8);

/** The sound weights, one of them changed. */
function withTensor(name: string, data: (values: Float32Array) => Float32Array): Uint8Array {
  const own = new Map([...weights].map(([key, tensor]) => [key, { ...tensor }]));
  const before = own.get(name);
  if (before === undefined) throw new Error(`no tensor ${name}`);
  own.set(name, { ...before, data: data(before.data.slice()) });
  return gpt2Files(config, own).get('model.safetensors') ?? new Uint8Array(0);
}

/** Finite weights whose product with the gain before them is beyond float32. */
function overflowing(): Uint8Array {
  const own = new Map([...weights].map(([key, tensor]) => [key, { ...tensor }]));
  for (const name of ['h.0.ln_1.weight', 'h.0.attn.c_attn.weight']) {
    const { shape = [], data = new Float32Array() } = weights.get(name) ?? {};
    own.set(name, { shape, data: data.map((value) => Math.sign(value) * 1e30) });
  }
  return gpt2Files(config, own).get('model.safetensors') ?? new Uint8Array(0);
}

const bin = (code: Code): Files =>
  changed({
    'model.safetensors': null,
    'pytorch_model.bin': torchArchive(pickle(code), { 0: floats(1, 2) }),
  });
const oneTensor = dict(text('wte.weight'), tensor(storage('0', 2), 0, [2], [1]));

const checkpoints: readonly (readonly [string, () => Files, RegExp])[] = [
  [
    'a directory without a config',
    () => changed({ 'config.json': null }),
    /config\.json cannot be read: no such file/,
  ],
  ['an empty config', () => changed({ 'config.json': '' }), /config\.json: not JSON: /],
  [
    'a config that is no JSON',
    () => changed({ 'config.json': '{"n_layer": \n' }),
    /config\.json: not JSON: /,
  ],
  [
    'a config of another family',
    () => changed({ 'config.json': '{"model_type":"llama"}' }),
    /config\.json: /,
  ],
  [
    'a directory without weights',
    () => changed({ 'model.safetensors': null }),
    /has no weights: looked for model\.safetensors, .*; found config\.json\.$/,
  ],
  [
    'empty weights',
    () => changed({ 'model.safetensors': '' }),
    /is not a safetensors file: it has 0 bytes\.$/,
  ],
  [
    'truncated weights',
    () => changed({ 'model.safetensors': soundBytes.slice(0, -5000) }),
    /is truncated or damaged: tensor "[^"]+" ends at byte/,
  ],
  [
    'weights cut in the header',
    () => changed({ 'model.safetensors': soundBytes.slice(0, 100) }),
    /is truncated: its header is \d+ bytes long, and the file has 92/,
  ],
  [
    'weights with bytes at the end',
    () => changed({ 'model.safetensors': concat([soundBytes, eight]) }),
    /the last 8 bytes belong to no tensor\.$/,
  ],
  [
    'a header longer than any',
    () => changed({ 'model.safetensors': parts('{}', eight, 2n ** 63n) }),
    /is not a safetensors file: its header would be 9223372036854775808 bytes long, and 100000000 is the most\.$/,
  ],
  [
    'a header that is no JSON',
    () => changed({ 'model.safetensors': parts('{"a":') }),
    /its safetensors header/,
  ],
  [
    'a header that is a list',
    () => changed({ 'model.safetensors': parts('[]') }),
    /its header does not begin with "\{"\.$/,
  ],
  [
    'overlapping tensors',
    () =>
      changed({
        'model.safetensors': parts(
          listing({ a: entry('F32', [2], 0, 8), b: entry('F32', [1], 4, 8) }),
          eight,
        ),
      }),
    /tensor "b" overlaps "a"\.$/,
  ],
  [
    'a gap between tensors',
    () => changed({ 'model.safetensors': parts(listing({ a: entry('F32', [1], 4, 8) }), eight) }),
    /4 bytes before tensor "a" belong to no tensor\.$/,
  ],
  [
    'offsets that do not hold the shape',
    () => changed({ 'model.safetensors': parts(listing({ a: entry('F32', [3], 0, 8) }), eight) }),
    /tensor "a" is F32 \[3\], which takes 12 bytes, and data_offsets 0 to 8 hold 8\.$/,
  ],
  [
    'offsets before the start',
    () => changed({ 'model.safetensors': parts(listing({ a: entry('F32', [2], -8, 0) }), eight) }),
    /data_offsets that are not two whole numbers from 0\.$/,
  ],
  [
    'a type that is none',
    () => changed({ 'model.safetensors': parts(listing({ a: entry('F31', [2], 0, 8) }), eight) }),
    /tensor "a" has dtype "F31"; accepted are F64, F32/,
  ],
  [
    'weights that are not numbers',
    () => changed({ 'model.safetensors': withTensor('wte.weight', (values) => values.fill(NaN, 7, 8)) }),
    /tensor "transformer\.wte\.weight" holds NaN at element 7; weights must be finite in float32\.$/,
  ],
  [
    'infinite weights',
    () => changed({ 'model.safetensors': withTensor('ln_f.bias', (values) => values.fill(-Infinity, 0, 1)) }),
    /holds -Infinity at element 0/,
  ],
  [
    'weights that overflow when LayerNorm is folded into them',
    () => changed({ 'model.safetensors': overflowing() }),
    /: "h\.0\.attn\.c_attn\.weight" is not finite after weight processing \(.*\): .*; --processing none runs them as they are$/,
  ],
  [
    'a name of 40 KB that steers the terminal',
    () =>
      changed({
        'model.safetensors': parts(
          listing({ [`a\u001b[31mRED\u001b]0;title\u0007\n${'x'.repeat(40_000)}`]: entry('F32', [2], 0, 8) }),
          eight,
        ),
      }),
    /^.{0,40}: the weights hold "a\\u001b\[31mRED\\u001b\]0;title\\u0007\\nx{1,60}…", which a GPT-2 of this config does not have$/,
  ],
  [
    'a config of a million layers',
    () => changed({ 'config.json': JSON.stringify({ ...config, n_layer: 1_000_000 }) }),
    /config\.json asks for "h\.2\.ln_1\.weight", which the weights do not hold$/,
  ],
  [
    'a config without a field',
    () => changed({ 'config.json': '{"n_head": 4, "n_embd": 32, "vocab_size": 15}' }),
    /config\.json: "n_layer" is missing$/,
  ],
  [
    'a checkpoint of before PyTorch 1.6',
    () =>
      changed({
        'model.safetensors': null,
        'pytorch_model.bin': Uint8Array.of(
          0x80,
          2,
          0x8a,
          10,
          0x6c,
          0xfc,
          0x9c,
          0x46,
          0xf9,
          0x20,
          0x6a,
          0xa8,
          0x50,
          0x19,
          0x2e,
        ),
      }),
    /is in PyTorch's format of before 1\.6, which is not accepted: write it anew with python -c "import torch; f = 'pytorch_model\.bin'; torch\.save\(.*, f\)"\.$/,
  ],
  [
    'weights of fewer layers than the config',
    () => changed({ 'config.json': JSON.stringify({ ...config, n_layer: 3 }) }),
    /config\.json asks for "h\.2\.[\w.]+", which the weights do not hold/,
  ],
  [
    'weights of more layers than the config',
    () => changed({ 'config.json': JSON.stringify({ ...config, n_layer: 1 }) }),
    /the weights hold "h\.1\.[\w.]+|"transformer\.h\.1\.[\w.]+"/,
  ],
  [
    'weights of another width than the config',
    () => changed({ 'config.json': JSON.stringify({ ...config, n_embd: 64 }) }),
    /"[\w.]+" is \[[\d, ]+\] in the weights and \[[\d, ]+\] by config\.json/,
  ],
  [
    'heads that do not divide the width',
    () => changed({ 'config.json': JSON.stringify({ ...config, n_head: 5 }) }),
    /config\.json: .*5/,
  ],
  [
    'a pickle that calls os.system',
    () => bin(dict(text('a'), call(global('os', 'system'), text('touch hacked')))),
    /refers to "os\.system", which is not accepted: only dictionaries of tensors are read, and no code is run/,
  ],
  [
    'a pickle that evaluates',
    () => bin([...text('builtins'), ...text('eval'), 0x93]),
    /refers to "builtins\.eval"/,
  ],
  [
    'a pickle with a forbidden opcode',
    () => bin([0x28, 0x69, ...utf8('os\nsystem\n')]),
    /uses opcode INST, which is not accepted/,
  ],
  [
    'a pickle that ends too soon',
    () =>
      changed({
        'model.safetensors': null,
        'pytorch_model.bin': torchArchive(new Uint8Array([0x80, 2]), {}),
      }),
    /pytorch_model\.bin: its pickle/,
  ],
  [
    'a bare pickle',
    () => changed({ 'model.safetensors': null, 'pytorch_model.bin': pickle(dict()) }),
    /is in PyTorch's format of before 1\.6, which is not accepted/,
  ],
  [
    'a zip bomb',
    () =>
      changed({
        'model.safetensors': null,
        'pytorch_model.bin': torchArchive(pickle(oneTensor), { 0: floats(1, 2) }, [
          { name: 'model/data/1', data: new Uint8Array(1e6), method: 8, declares: 2 ** 31 },
        ]),
      }),
    /declares 2147\d{6} bytes and more in a file of \d+, and 268435456 are accepted/,
  ],
  [
    'a Git LFS pointer',
    () =>
      changed({ 'model.safetensors': 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n' }),
    /is a Git LFS pointer, not the weights: fetch them with "git lfs pull"\.$/,
  ],
  [
    'an index of shards that leaves the directory',
    () =>
      changed({ 'model.safetensors': null, 'model.safetensors.index.json': '{"weight_map":{"a":"../x"}}' }),
    /"\.\.\/x" is not accepted as a file name/,
  ],
  [
    'an index of shards that are missing',
    () =>
      changed({
        'model.safetensors': null,
        'model.safetensors.index.json': '{"weight_map":{"a":"1.safetensors"}}',
      }),
    /lacks 1\.safetensors, which model\.safetensors\.index\.json names\.$/,
  ],
  [
    'a model of another task',
    () => gpt2Files(probedModelConfig(counting), smallWeights(probedModelConfig(counting))),
    /has no tokenizer\. Its 40 tokens are not the 15 of addition: give token ids with --ids, or name its task with --task\.$/,
  ],
];

describe('a checkpoint', () => {
  it.concurrent.each(checkpoints)('refuses %s', async (_, files, message) => {
    const name = directoryOf(files());
    const line = await activations(name);
    expect(line).toContain(name);
    expect(line).toMatch(message);
  });

  it('is taken when it is sound, as safetensors and as the very same weights without their prefix', async () => {
    const { code, stdout } = await command.run([
      'activations',
      '--input',
      '615+861=1476',
      '--sites',
      'x1.post',
      '--json',
      '--model',
      directoryOf(sound),
    ]);
    expect(code).toBe(0);
    expect(Object.keys(JSON.parse(stdout) as object)).toEqual(['tokens', 'sites', 'logits']);
  });

  it('says when a directory is missing, a file, or in a file’s place', async () => {
    writeFileSync(join(command.folder, 'plain'), 'x');
    expect(await activations('none')).toBe(
      'There is no directory or file "none", and it is no name of a model on the hub (owner/name).',
    );
    expect(await activations('plain')).toBe(
      'plain is a file and not a .gguf: give the directory of a checkpoint (.).',
    );
    const inPlace = directoryOf(changed({ 'model.safetensors': null }));
    mkdirSync(join(command.folder, inPlace, 'model.safetensors'));
    expect(await activations(inPlace)).toBe(`${inPlace}/model.safetensors is not a file.`);
  });

  it.skipIf(process.getuid?.() === 0)('says when a file may not be read', async () => {
    const name = directoryOf(sound);
    chmodSync(join(command.folder, name, 'model.safetensors'), 0);
    expect(await activations(name)).toMatch(/model\.safetensors cannot be read: permission denied\.$/);
  });
});

describe('a model whose finite weights overflow when they are run', () => {
  const query = ['--input', '615+861=1476'];
  const place = ['--site', 'a0.0', '--position', '='];
  it.concurrent.each<[string, readonly string[]]>([
    ['activations', query],
    ['activations', [...query, '--sites', 'hook_attn_scores', '--json']],
    ['preimage', ['--exact', '--no-cache', ...query, ...place]],
    ['bits', ['--no-cache', '--json', ...query, ...place]],
    ['profile', ['--sites', 'a0.0', '--positions', 'A1', '--inputs', '50', '--json']],
    ['attribute', ['--inputs', '5', '--json']],
    ['patch', ['--experiment', 'A1-from-F1S1', '--inputs', '5', '--json']],
    ['profile', ['--sites', 'a0.0', '--positions', 'A1', '--by', 'F1', '--inputs', '50', '--json']],
    ['evaluate', ['--what', 'model', '--queries', '5']],
  ])('is refused by %s %j, and no number is printed', async (name, args) => {
    const model = directoryOf(changed({ 'model.safetensors': overflowing() }));
    expect(refusal(await command.run([name, ...args, '--model', model, '--processing', 'none']))).toMatch(
      /^The model cannot be read: its activation [\w.' ]+ is -?(NaN|Infinity), as its weights are too large to be run in float32\.$/,
    );
  });
});

describe('a decoder', () => {
  const decoder = smallDecoder(addition);

  /** A decoder's files, trained on the sound checkpoint unless said otherwise. */
  const filesOf = async (
    changes: Readonly<Record<string, unknown>> = {},
    own: Decoder = decoder,
  ): Promise<Files> =>
    decoderFiles(
      own,
      {
        task: 'addition',
        model: { name: 'mine', hash: await fingerprint(weights), processing: 'transformerlens' },
        recipe: {},
        steps: 1,
        seconds: 1,
        versions: {},
        figures: null,
        ...changes,
      },
      '',
      'F32',
    );
  const read = async (files: Files, ...more: readonly string[]): Promise<string> => {
    const query = ['read', '--input', '615+861=1476', '--site', 'a0.0', '--position', '=', '--json'];
    const model = directoryOf(sound);
    const { stdout, ...rest } = await command.run([
      ...query,
      '--model',
      model,
      '--decoder',
      directoryOf(files),
      ...more,
    ]);
    return refusal({ ...rest, stdout });
  };

  it('refuses one that was trained on another model, naming both', async () => {
    const other = { name: 'theirs', hash: 'f'.repeat(64), processing: 'transformerlens' };
    expect(await read(await filesOf({ model: other }))).toMatch(
      /^The decoder d\d+ [0-9a-f]{12} was trained on theirs \(f{12}\), not on d\d+ \([0-9a-f]{12}\)\. Train one for this model: inversionview train-decoder\.$/,
    );
  });

  it('refuses one for other weights of the same model', async () => {
    expect(await read(await filesOf(), '--processing', 'none')).toMatch(
      /was trained with --processing transformerlens, the model is run with none\.$/,
    );
  });

  it('refuses one for another task', async () => {
    expect(await read(await filesOf({ task: 'counting' }))).toMatch(
      /was trained for counting, not for addition\.$/,
    );
  });

  it('refuses a site that it does not know, with a suggestion and those it knows', async () => {
    const line = await read(await filesOf(), '--site', 'a0.7');
    expect(line).toMatch(
      /^Unknown site "a0\.7"\. Did you mean "a0\.\d"\? Sites: x0\.pre, a0\.0, .*, x1\.post\.$/,
    );
    expect(await read(await filesOf(), '--site', 'blocks.5.hook_resid_post')).toMatch(
      /^Unknown site "blocks\.5\.hook_resid_post"\. Did you mean "blocks\.[01]\.hook_resid_post"\? Sites: /,
    );
  });

  it('refuses a model in its place, damaged weights, and a config that disagrees with them', async () => {
    expect(await read(sound)).toMatch(/config\.json: .*"layers"/);
    const files = await filesOf();
    const bytes = files.get('model.safetensors') ?? new Uint8Array(0);
    expect(await read(changed({ 'model.safetensors': bytes.slice(0, -4) }, files))).toMatch(
      /is truncated or damaged/,
    );
    const wider = JSON.stringify({ ...decoder.config, inner: 99 });
    expect(await read(changed({ 'config.json': wider }, files))).toMatch(
      /config\.json asks for "[\w.]+" \[8, 99\], the weights hold \[8, 12\]/,
    );
    expect(await read(changed({ 'provenance.json': '{}' }, files))).toMatch(
      /provenance\.json: "task" is missing$/,
    );
    expect(await read(changed({ 'provenance.json': null }, files))).toMatch(
      /provenance\.json cannot be read: no such file/,
    );
  });

  it('is asked for in the same words by the other commands', async () => {
    const other = { name: 'theirs', hash: 'f'.repeat(64), processing: 'transformerlens' };
    const decoderDirectory = directoryOf(await filesOf({ model: other }));
    const model = directoryOf(sound);
    const common = ['--model', model, '--decoder', decoderDirectory];
    expect(refusal(await command.ask(['evaluate', '--queries', '1', '--json', ...common]))).toContain(
      'was trained on theirs',
    );
    const exported = ['export', '--input', '615+861=1476', '--out', 'never', ...common];
    expect(refusal(await command.ask(exported))).toContain('was trained on theirs');
    expect(
      refusal(
        await command.run([
          'evaluate',
          '--queries',
          '20001',
          '--json',
          '--model',
          model,
          '--decoder',
          directoryOf(await filesOf()),
        ]),
      ),
    ).toBe('20001 queries are too many for a decoder: give 20000 at most.');
  });
});
