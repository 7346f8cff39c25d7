import { describe, expect, it } from 'vitest';
import {
  dict,
  floats,
  pickle,
  storage,
  tensor,
  text,
  torchArchive,
} from '../../../test/fixtures/torch-archive.js';
import { InputError } from '../../input-error.js';
import { type Directory, memoryDirectory } from './byte-source.js';
import { openWeights } from './open-weights.js';
import { encodeSafetensors } from './safetensors.js';

const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);

const tensors = (values: Readonly<Record<string, number>>, metadata = {}): Uint8Array =>
  encodeSafetensors(
    Object.entries(values).map(([name, value]) => ({
      name,
      dtype: 'F32',
      shape: [1],
      data: Float32Array.of(value),
    })),
    metadata,
  );

const bin = (name: string, value: number): Uint8Array =>
  torchArchive(pickle(dict(text(name), tensor(storage('0', 1), 0, [1], [1]))), { 0: floats(value) });

const index = (map: unknown): Uint8Array =>
  utf8(JSON.stringify({ metadata: { total_size: 8 }, weight_map: map }));

/** Every value in a directory's weights. */
async function read(
  files: Readonly<Record<string, Uint8Array>>,
): Promise<Record<string, number | undefined>> {
  const opened = await openWeights(memoryDirectory('mine', files));
  const values: Record<string, number | undefined> = {};
  for (const name of opened.tensors.keys()) values[name] = (await opened.readFloat32(name))[0];
  await opened.close();
  return values;
}

describe('openWeights', () => {
  it('reads each layout', async () => {
    expect(await read({ 'model.safetensors': tensors({ a: 1, b: 2 }) })).toEqual({ a: 1, b: 2 });
    expect(await read({ 'pytorch_model.bin': bin('a', 3) })).toEqual({ a: 3 });
    expect(
      await read({
        'model.safetensors.index.json': index({ a: 'x.safetensors', b: 'y.safetensors' }),
        'x.safetensors': tensors({ a: 4 }),
        'y.safetensors': tensors({ b: 5, extra: 6 }),
      }),
    ).toEqual({ a: 4, b: 5 });
    expect(
      await read({
        'pytorch_model.bin.index.json': index({ a: 'x.bin', b: 'y.bin' }),
        'x.bin': bin('a', 7),
        'y.bin': bin('b', 8),
      }),
    ).toEqual({ a: 7, b: 8 });
  });

  it('reads an index with a byte order mark', async () => {
    const marked = utf8(
      `\ufeff${JSON.stringify({ weight_map: { a: 'x.safetensors' } }, null, 2).replaceAll('\n', '\r\n')}`,
    );
    expect(
      await read({ 'model.safetensors.index.json': marked, 'x.safetensors': tensors({ a: 4 }) }),
    ).toEqual({ a: 4 });
  });

  it('leaves out what nobody will read, in shards too', async () => {
    const files = {
      'model.safetensors.index.json': index({ a: 'x.safetensors', mask: 'x.safetensors' }),
      'x.safetensors': tensors({ a: 4, mask: 5 }),
    };
    const opened = await openWeights(memoryDirectory('mine', files), (name) => name === 'mask');
    expect([...opened.tensors.keys()]).toEqual(['a']);
  });

  it('prefers safetensors', async () => {
    expect(await read({ 'pytorch_model.bin': bin('a', 3), 'model.safetensors': tensors({ a: 1 }) })).toEqual({
      a: 1,
    });
  });

  it('keeps the metadata, of all shards', async () => {
    const opened = await openWeights(
      memoryDirectory('mine', {
        'model.safetensors.index.json': index({ a: 'x', b: 'y' }),
        x: tensors({ a: 4 }, { format: 'pt' }),
        y: tensors({ b: 5 }, { seed: '1' }),
      }),
    );
    expect(opened.metadata).toEqual({ format: 'pt', seed: '1' });
    expect(opened.tensors.get('b')).toMatchObject({ dtype: 'F32', shape: [1] });
    expect(await opened.readBytes('b')).toEqual(floats(5));
    await expect(opened.readFloat32('c')).rejects.toThrow(/mine has no tensor "c"/);
  });

  const named = 'model.safetensors.index.json';
  it.each<[string, Record<string, Uint8Array>, RegExp]>([
    [
      'nothing',
      {},
      /mine has no weights: looked for model\.safetensors, model\.safetensors\.index\.json, pytorch_model\.bin, pytorch_model\.bin\.index\.json; found nothing\./,
    ],
    [
      'other files',
      { 'config.json': utf8('{}'), 'tf_model.h5': utf8('') },
      /found config\.json, tf_model\.h5\./,
    ],
    [
      'many other files',
      Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`f${i}`, utf8('')])),
      /f7 and 2 more\./,
    ],
    [
      'a Git LFS pointer',
      { 'model.safetensors': utf8('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n') },
      /mine\/model\.safetensors is a Git LFS pointer, not the weights/,
    ],
    ['an index that is not JSON', { [named]: utf8('{') }, /index\.json is not JSON/],
    ['an index without a map', { [named]: utf8('{}') }, /has no weight_map/],
    ['an index with an empty map', { [named]: index({}) }, /has no weight_map/],
    [
      'an index with a tensor twice',
      { [named]: utf8('{"weight_map":{"a":"x","a":"y"}}') },
      /names "a" twice/,
    ],
    [
      'a shard outside the directory',
      { [named]: index({ a: '../other/model.safetensors' }) },
      /"\.\.\/other\/model\.safetensors" is not accepted as a file name/,
    ],
    [
      'a shard at an absolute path',
      { [named]: index({ a: '/etc/passwd' }) },
      /"\/etc\/passwd" is not accepted as a file name/,
    ],
    ['a shard on a Windows path', { [named]: index({ a: '..\\x' }) }, /is not accepted as a file name/],
    ['a shard called ..', { [named]: index({ a: '..' }) }, /is not accepted as a file name/],
    ['a shard that is a number', { [named]: index({ a: 3 }) }, /is not accepted as a file name/],
    [
      'a missing shard',
      { [named]: index({ a: 'x', b: 'y' }), x: tensors({ a: 1 }) },
      /mine lacks y, which model\.safetensors\.index\.json names/,
    ],
    [
      'a shard without its tensor',
      { [named]: index({ a: 'x', b: 'x' }), x: tensors({ a: 1 }) },
      /mine\/x has no tensor "b", which model\.safetensors\.index\.json places there/,
    ],
    [
      'a broken shard',
      { [named]: index({ a: 'x' }), x: utf8('broken') },
      /mine\/x is not a safetensors file/,
    ],
  ])('refuses %s', async (_, files, message) => {
    await expect(read(files)).rejects.toThrow(InputError);
    await expect(read(files)).rejects.toThrow(message);
  });

  it('closes what it opened when a later shard fails', async () => {
    const files = { [named]: index({ a: 'x', b: 'y' }), x: tensors({ a: 1 }), y: utf8('broken') };
    const memory = memoryDirectory('mine', files);
    let open = 0;
    const counting: Directory = {
      ...memory,
      async open(file) {
        const source = await memory.open(file);
        open++;
        return {
          ...source,
          close: () => {
            open--;
            return Promise.resolve();
          },
        };
      },
    };
    await expect(openWeights(counting)).rejects.toThrow(InputError);
    expect(open).toBe(0);
  });
});

describe('memoryDirectory', () => {
  it('refuses a missing file, one of Object, and a path', async () => {
    const memory = memoryDirectory('mine', { a: utf8('x') });
    await expect(memory.open('b')).rejects.toThrow(/mine has no file b/);
    await expect(memory.open('constructor')).rejects.toThrow(InputError);
    await expect(memory.open('../a')).rejects.toThrow(/is not accepted as a file name/);
    const source = await memory.open('a');
    for (const [offset, length] of [
      [0, 2],
      [-1, 1],
      [2, 0],
      [0, -1],
      [0.5, 0],
      [0, NaN],
      [0, Infinity],
    ] as const) {
      await expect(source.read(offset, length)).rejects.toThrow(InputError);
    }
  });
});
