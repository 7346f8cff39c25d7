import { describe, expect, it } from 'vitest';
import { probedModel, smallDecoder } from '../../test/fixtures/task-models.js';
import { InputError } from '../input-error.js';
import { decoderParameters } from '../models/decoder-config.js';
import { memoryDirectory } from '../models/weights/byte-source.js';
import { decodeFloat16, encodeFloat16 } from '../models/weights/float16.js';
import { fingerprint } from '../models/weights/fingerprint.js';
import { type TensorToWrite, encodeSafetensors } from '../models/weights/safetensors-encode.js';
import { addition } from '../studies/index.js';
import { type Provenance, decoderFiles, expectTrainedOn, loadDecoder } from './decoder-files.js';

const decoder = smallDecoder(addition);
const provenance: Provenance = {
  task: 'addition',
  model: { name: 'mine', hash: 'f'.repeat(64), processing: 'transformerlens' },
  recipe: { preset: 'fast', seed: 3, schedule: { steps: 10 } },
  steps: 10,
  seconds: 2,
  versions: { inversionview: '0.1.0' },
  figures: { queries: 4, average: 0.5, sites: [{ site: addition.sites[0] ?? '', rate: 0.5, valid: 1 }] },
};
const files = (dtype: 'F16' | 'F32' = 'F32', own: Provenance = provenance): Record<string, Uint8Array> =>
  Object.fromEntries(decoderFiles(decoder, own, '# A card\n', dtype));
const load = (changed: Readonly<Record<string, Uint8Array>>) => loadDecoder(memoryDirectory('dir', changed));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const json = (value: unknown): Uint8Array => text(JSON.stringify(value));

/** The weights with some exchanged, added or left out. */
function weights(change: (tensors: Map<string, TensorToWrite>) => void): Uint8Array {
  const tensors = new Map<string, TensorToWrite>();
  for (const [name, { shape, data }] of decoder.parameters)
    tensors.set(name, { name, dtype: 'F32', shape, data });
  change(tensors);
  return encodeSafetensors([...tensors.values()]);
}

async function refused(changed: Readonly<Record<string, Uint8Array>>, message: RegExp): Promise<void> {
  const loading = load(changed);
  await expect(loading).rejects.toThrow(InputError);
  await expect(loading).rejects.toThrow(message);
  await expect(loading).rejects.toThrow(/^[^\n]*$/);
}

describe("a decoder's directory", () => {
  it('has config, weights, provenance and card', () => {
    expect(Object.keys(files()).sort()).toEqual([
      'README.md',
      'config.json',
      'model.safetensors',
      'provenance.json',
    ]);
    expect(new TextDecoder().decode(files()['README.md'])).toBe('# A card\n');
  });

  it('gives back what was written: float32 to the bit, float16 to its rounding', async () => {
    const whole = await load(files('F32'));
    expect(whole.config).toEqual(decoder.config);
    expect(whole.provenance).toEqual(provenance);
    expect(new Map(whole.parameters)).toEqual(new Map(decoder.parameters));
    expect(whole.name).toBe(`dir ${(await fingerprint(decoder.parameters)).slice(0, 12)}`);

    const half = await load(files('F16'));
    expect([...half.parameters.keys()]).toEqual([...decoderParameters(decoder.config).keys()]);
    for (const [name, { shape, data }] of decoder.parameters) {
      expect(half.parameters.get(name)).toEqual({ shape, data: decodeFloat16(encodeFloat16(data)) });
    }
    const [small, large] = [files('F16'), files('F32')].map((all) => all['model.safetensors']?.length ?? 0);
    const values = [...decoder.parameters.values()].reduce((sum, { data }) => sum + data.length, 0);
    expect((large ?? 0) - (small ?? 0)).toBeGreaterThan(2 * values - 64);
  });

  it('is itself whatever number type it was stored in', async () => {
    const half = await load(files('F16'));
    const again = Object.fromEntries(decoderFiles(half, provenance, '', 'F32'));
    expect((await load(again)).name).toBe(half.name);
  });

  it('says nothing of figures that were not measured', async () => {
    const { provenance: read } = await load(files('F32', { ...provenance, figures: null }));
    expect(read.figures).toBeNull();
  });
});

describe('a directory that is no decoder', () => {
  it.each(['config.json', 'provenance.json', 'model.safetensors'])(
    'is refused without %s',
    async (missing) => {
      const rest = Object.fromEntries(Object.entries(files()).filter(([name]) => name !== missing));
      await refused(rest, new RegExp(`dir has no file ${missing.replace('.', '\\.')}`));
    },
  );

  it('is refused when its JSON is broken or says something else', async () => {
    await refused({ ...files(), 'config.json': text('{') }, /^dir\/config\.json: not JSON/);
    await refused(
      { ...files(), 'config.json': json({ ...decoder.config, layers: 0 }) },
      /^dir\/config\.json: "layers": /,
    );
    await refused(
      { ...files(), 'config.json': json({ ...decoder.config, heads: 3 }) },
      /width 8 is not a multiple of heads 3/,
    );
    await refused({ ...files(), 'provenance.json': text('') }, /^dir\/provenance\.json: not JSON/);
    await refused({ ...files(), 'provenance.json': json([]) }, /^dir\/provenance\.json: /);
    await refused(
      { ...files(), 'provenance.json': json(null) },
      /^dir\/provenance\.json: it is not a JSON object$/,
    );
    await refused(
      { ...files(), 'config.json': json({ ...decoder.config, sites: ['a\u001b[31m'] }) },
      /^dir\/config\.json: "sites\.0": not the name of a hook$/,
    );
    for (const [field, value] of [
      ['model.processing', { ...provenance, model: { ...provenance.model, processing: 'half' } }],
      ['model.hash', { ...provenance, model: { name: 'mine', processing: 'none' } }],
      ['steps', { ...provenance, steps: 1.5 }],
      [
        'figures.sites.0.rate',
        { ...provenance, figures: { queries: 1, average: 1, sites: [{ site: 'x', valid: 1 }] } },
      ],
    ] as const) {
      await refused(
        { ...files(), 'provenance.json': json(value) },
        new RegExp(`^dir/provenance\\.json: "${field}"(: | is missing$)`),
      );
    }
  });

  it('is refused when config and weights disagree', async () => {
    const config = (changes: object) => ({
      ...files(),
      'config.json': json({ ...decoder.config, ...changes }),
    });
    await refused(
      config({ width: 16 }),
      /config\.json asks for "\S+" \[\d+, 16\], the weights hold \[\d+, 8\]/,
    );
    await refused(config({ vocabulary: 40 }), /asks for "wte\.weight" \[40, 8\], the weights hold \[15, 8\]/);
    await refused(
      config({ layers: 2 }),
      /asks for "h\.1\.prefix\.weight" \[45, 8\], the weights hold no such tensor/,
    );
    await refused(
      config({ conditioning: { kind: 'residual-mlp', blocks: 2, hidden: 6 } }),
      /asks for "condition\.1\.ln\.weight" \[45\], the weights hold no such tensor/,
    );
    // Fewer layers than the weights have: they would be left out in silence.
    const two = smallDecoder(addition, { layers: 2 });
    const weightsOfTwo = Object.fromEntries(decoderFiles(two, provenance, '', 'F32'));
    await refused(
      { ...weightsOfTwo, 'config.json': json({ ...two.config, layers: 1 }) },
      /^dir: the weights hold "h\.1\.\S+", which a decoder of this config\.json does not have/,
    );
  });

  it('is refused at once when its config claims more than any file has', async () => {
    const residual = { kind: 'residual-mlp', blocks: 100_000, hidden: 6 } as const;
    for (const changes of [{ layers: 100_000 }, { conditioning: residual }]) {
      const start = performance.now();
      const config = json({ ...decoder.config, ...changes });
      await refused(
        { ...files(), 'config.json': config },
        /asks for "[\w.]+" \[.*\], the weights hold no such tensor$/,
      );
      // Making the names of so many parameters takes seconds.
      expect(performance.now() - start).toBeLessThan(1000);
    }
  });

  it('is refused in one short line for a tensor whose name steers a terminal', async () => {
    const name = `a\u001b[31mRED\u001b]0;title\u0007\n${'x'.repeat(40_000)}`;
    const bytes = encodeSafetensors([
      ...[...decoder.parameters].map(([key, { shape, data }]) => ({
        name: key,
        dtype: 'F32' as const,
        shape,
        data,
      })),
      { name, dtype: 'F32', shape: [1], data: Float32Array.of(1) },
    ]);
    await refused(
      { ...files(), 'model.safetensors': bytes },
      /^dir: the weights hold "a\\u001b\[31mRED\\u001b\]0;title\\u0007\\nx{1,60}…", which a decoder of this config\.json does not have$/,
    );
  });

  it('is refused when weights are damaged', async () => {
    const whole = files()['model.safetensors'] ?? new Uint8Array();
    const broken = (bytes: Uint8Array) => ({ ...files(), 'model.safetensors': bytes });
    await refused(broken(whole.slice(0, -1)), /model\.safetensors is truncated or damaged/);
    await refused(broken(whole.slice(0, 5)), /model\.safetensors is not a safetensors file/);
    await refused(broken(weights((all) => all.delete('ln_f.bias'))), /asks for "ln_f\.bias" \[8\]/);
    const nan = weights((all) =>
      all.set('ln_f.bias', {
        name: 'ln_f.bias',
        dtype: 'F32',
        shape: [8],
        data: new Float32Array(8).fill(NaN),
      }),
    );
    await refused(broken(nan), /"ln_f\.bias".*not finite|"ln_f\.bias".*NaN/);
    const whole32 = weights((all) =>
      all.set('ln_f.bias', { name: 'ln_f.bias', dtype: 'I32', shape: [8], data: new Int32Array(8) }),
    );
    await refused(broken(whole32), /"ln_f\.bias".*I32/);
  });
});

describe('expectTrainedOn', () => {
  it('takes the very model alone, processed as it was', async () => {
    const model = await probedModel(addition);
    const own = { ...provenance, model: { name: 'mine', hash: model.hash, processing: model.processing } };
    const loaded = await load(files('F16', own));
    expect(() => expectTrainedOn(loaded, model)).not.toThrow();

    const other = await probedModel(addition, 2);
    expect(other.hash).not.toBe(model.hash);
    expect(() => expectTrainedOn(loaded, other)).toThrow(InputError);
    expect(() => expectTrainedOn(loaded, other)).toThrow(
      new RegExp(
        `was trained on mine \\(${model.hash.slice(0, 12)}\\), not on a small model \\(${other.hash.slice(0, 12)}\\)`,
      ),
    );
    const raw = { ...model, processing: 'none' as const };
    expect(() => expectTrainedOn(loaded, raw)).toThrow(InputError);
    expect(() => expectTrainedOn(loaded, raw)).toThrow(
      /was trained with --processing transformerlens, the model is run with none\.$/,
    );
  });
});
