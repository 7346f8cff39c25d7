import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  float32Tensor,
  ggufFile,
  joined,
  text,
  u32,
  u64,
  type WrittenTensor,
  type WrittenValue,
} from '../../../test/fixtures/gguf-file.js';
import { InputError } from '../../input-error.js';
import { type ByteSource, memorySource } from './byte-source.js';
import { openGguf } from './gguf.js';
import { openSafetensors } from './safetensors.js';

const open = (bytes: Uint8Array) => openGguf(memorySource('m.gguf', bytes));
const fixture = (name: string) => readFile(new URL(`../../../test/fixtures/${name}`, import.meta.url));

const tensor = (name: string, ...data: number[]): WrittenTensor =>
  float32Tensor(name, [data.length], Float32Array.of(...data));

/** A head from pieces, and so many bytes of data. */
const pieces = (
  tensors: bigint | number,
  values: bigint | number,
  rest: Uint8Array[],
  data = 64,
): Uint8Array =>
  joined([
    new TextEncoder().encode('GGUF'),
    u32(3),
    u64(tensors),
    u64(values),
    ...rest,
    new Uint8Array(data),
  ]);

describe('openGguf', () => {
  it('gives the values of every element type bit for bit as the reference does', async () => {
    const file = await open(await fixture('gguf-blocks.gguf'));
    const reference = await openSafetensors(
      memorySource('reference', await fixture('gguf-blocks.safetensors')),
    );
    expect([...file.tensors.keys()]).toEqual(
      'F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q4_K Q5_K Q6_K'.split(' '),
    );
    for (const [name, { stored, dtype, shape }] of file.tensors) {
      expect(stored).toBe(name);
      expect(dtype).toBe(name.startsWith('Q') ? 'F32' : name);
      expect(shape).toEqual(reference.tensors.get(name)?.shape);
      expect(Buffer.from((await file.readFloat32(name)).buffer)).toEqual(
        Buffer.from(await reference.readBytes(name)),
      );
    }
    expect(file.values.get('tokens')).toEqual(['Ġt', '', '\0', '🙂']);
    expect(file.values.get('types')).toEqual(Int32Array.of(3, -1));
    expect(file.values.get('double')).toBe(0.1);
    expect(file.values.get('large')).toBe(2n ** 63n);
    expect(file.values.get('negative')).toBe(-(2 ** 40));
    expect(file.values.get('yes')).toBe(true);
  });

  it('reads every type of value', async () => {
    const values: Record<string, WrittenValue> = {
      a: ['u8', 255],
      b: ['i8', -1],
      c: ['u16', 65_535],
      d: ['i16', -1],
      e: ['u32', 2 ** 32 - 1],
      f: ['i32', -1],
      g: ['f32', 1.5],
      h: ['bool', false],
      i: ['text', 'é'],
      j: ['u64', 2n ** 53n],
      k: ['i64', -5],
      l: ['f64', Math.PI],
      m: ['list', 'u16', [1, 2]],
      n: ['list', 'f64', [0.5]],
      o: ['list', 'bool', [1, 0]],
      p: ['list', 'text', []],
      __proto__: ['u8', 1],
    };
    const { values: read } = await open(ggufFile(values, []));
    expect(Object.fromEntries(read)).toMatchObject({
      ...{ a: 255, b: -1, c: 65_535, d: -1, e: 2 ** 32 - 1, f: -1, g: 1.5, h: false, i: 'é' },
      ...{ j: 2n ** 53n, k: -5, l: Math.PI, m: Uint16Array.of(1, 2), n: Float64Array.of(0.5) },
      ...{ o: [true, false], p: [] },
    });
  });

  it('reads lists of lists', async () => {
    const list = joined([text('a'), u32(9), u32(9), u64(1), u32(8), u64(1), text('deep')]);
    expect((await open(pieces(0, 1, [list]))).values.get('a')).toEqual([['deep']]);
  });

  it('turns the order of sizes round, and takes version 2 and another alignment', async () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    const bytes = ggufFile(
      { 'general.alignment': ['u32', 8] },
      [tensor('first', 7), float32Tensor('second', [2, 3], data)],
      { alignment: 8, version: 2 },
    );
    const file = await open(bytes);
    expect(file.tensors.get('second')).toMatchObject({ shape: [2, 3], dtype: 'F32', stored: 'F32' });
    expect(await file.readFloat32('second')).toEqual(data);
    expect(await file.readFloat32('first')).toEqual(Float32Array.of(7));
  });

  it('reads a head longer than its first piece, and then only the tensor that is asked for', async () => {
    const bytes = ggufFile({ long: ['text', 'x'.repeat(3_000_000)] }, [tensor('a', 1, 2), tensor('b', 3)]);
    const source = memorySource('m', bytes);
    const reads: [number, number][] = [];
    const watched: ByteSource = {
      ...source,
      read: (offset, length) => {
        reads.push([offset, length]);
        return source.read(offset, length);
      },
    };
    const file = await openGguf(watched);
    expect(reads).toEqual([
      [0, 2 ** 21],
      [0, bytes.length],
    ]);
    expect(await file.readFloat32('b')).toEqual(Float32Array.of(3));
    expect(reads.slice(2)).toEqual([[bytes.length - 32, 4]]);
  });

  const list = (type: number, length: bigint | number, ...rest: Uint8Array[]): Uint8Array =>
    joined([text('a'), u32(9), u32(type), u64(length), ...rest]);
  const entry = (
    name: string,
    sizes: (bigint | number)[],
    type = 0,
    offset: bigint | number = 0,
  ): Uint8Array => joined([text(name), u32(sizes.length), ...sizes.map(u64), u32(type), u64(offset)]);
  const changed = (bytes: Uint8Array, at: number, ...to: number[]): Uint8Array => {
    const copy = bytes.slice();
    copy.set(to, at);
    return copy;
  };
  const good = ggufFile({}, [tensor('a', 1), tensor('b', 2)]);

  it.each<[string, Uint8Array, RegExp]>([
    ['is empty', new Uint8Array(0), /is not a GGUF file: it has 0 bytes/],
    ['has another sign', changed(good, 0, 0x50, 0x4b, 3, 4), /does not begin with "GGUF"/],
    ['is of before GGUF', changed(good, 0, 0x74, 0x6a, 0x67, 0x67), /of before GGUF: convert it/],
    ['is big-endian', changed(good, 4, 0, 0, 0, 3), /is a big-endian GGUF file/],
    ['is of version 1', changed(good, 4, 1), /is GGUF version 1, and 2 and 3 are read/],
    ['is of version 0', changed(good, 4, 0), /is GGUF version 0/],
    ['announces 2^60 tensors', pieces(2n ** 60n, 0, []), /announces 1152921504606846976 tensors/],
    ['announces 2^60 values', pieces(0, 2n ** 60n, []), /announces 1152921504606846976 named values/],
    ['announces 2^60 elements', pieces(0, 1, [list(4, 2n ** 60n)]), /1152921504606846976 elements of "a"/],
    ['announces 2^62 texts', pieces(0, 1, [list(8, 2n ** 62n)]), /4611686018427387904 elements of "a"/],
    [
      'announces a text longer than itself',
      pieces(0, 1, [u64(2n ** 63n)]),
      /9223372036854775808 bytes for the name of a value/,
    ],
    ['has a value of an unknown type', pieces(0, 1, [text('a'), u32(99)]), /has "a" of unknown type 99/],
    ['has elements of an unknown type', pieces(0, 1, [list(13, 1)]), /has "a" of unknown type 13/],
    ['has a truth of 2', pieces(0, 1, [text('a'), u32(7), Uint8Array.of(2)]), /neither true nor false/],
    [
      'has lists in lists in lists',
      pieces(0, 1, [list(9, 1, ...Array.from({ length: 9 }, () => joined([u32(9), u64(1)])))]),
      /"a" nested deeper than 4 levels/,
    ],
    [
      'has a text that is not UTF-8',
      pieces(0, 1, [text('a'), u32(8), u64(1), Uint8Array.of(0xff)]),
      /has "a" that is not valid UTF-8/,
    ],
    [
      'names a value twice',
      pieces(0, 2, [text('a'), u32(0), Uint8Array.of(1), text('a'), u32(0), Uint8Array.of(1)]),
      /names "a" twice/,
    ],
    ['names a tensor twice', ggufFile({}, [tensor('a', 1), tensor('a', 2)]), /names the tensor "a" twice/],
    [
      'has a name with control characters',
      ggufFile({}, [{ ...tensor('\u001b[2Ja\n\u009b', 1), type: 99 }]),
      /tensor "\\u001b\[2Ja\\n\\u009b" is of unknown type 99/,
    ],
    [
      'has a type that is not read',
      ggufFile({}, [{ ...tensor('a', 1), type: 10 }]),
      /tensor "a" is Q2_K; accepted are F32, F16, Q4_0,/,
    ],
    ['has five dimensions', pieces(1, 0, [entry('a', [1, 1, 1, 1, 1])]), /with 5 dimensions, and 4 are the/],
    [
      'has a shape beyond exact numbers',
      pieces(1, 0, [entry('a', [2n ** 40n, 2n ** 40n])]),
      /shape \[1099511627776, 1099511627776\], which no file can hold/,
    ],
    [
      'has a tensor larger than itself',
      pieces(1, 0, [entry('a', [2n ** 40n])]),
      /truncated or damaged: tens/,
    ],
    [
      'has an offset beyond itself',
      pieces(1, 0, [entry('a', [1], 0, 2n ** 40n)]),
      /truncated or damaged: ten/,
    ],
    [
      'has an offset beyond exact numbers',
      pieces(1, 0, [entry('a', [1], 0, 2n ** 63n)]),
      /truncated or damaged: tensor "a"/,
    ],
    ['lost its last data', good.slice(0, -30), /truncated or damaged: tensor "b" ends at byte/],
    ['ends in its head', good.slice(0, 80), /is truncated: it ends in its header/],
    [
      'has rows that blocks do not fill',
      pieces(1, 0, [entry('a', [33], 8)]),
      /tensor "a" is Q8_0 with rows of 33, which blocks of 32 do not fill/,
    ],
    [
      'has a tensor off its alignment',
      ggufFile({}, [{ ...tensor('a', 1), offset: 4n }]),
      /tensor "a" begins at byte 4 of the data, which is no multiple of 32/,
    ],
    [
      'has overlapping tensors',
      ggufFile({}, [tensor('a', 1), { ...tensor('b', 1), offset: 0n }]),
      /tensor "b" overlaps "a"/,
    ],
    [
      'has an alignment of 3',
      ggufFile({ 'general.alignment': ['u32', 3] }, []),
      /general.alignment that is not a power of two/,
    ],
    [
      'has an alignment that is a text',
      ggufFile({ 'general.alignment': ['text', '32'] }, []),
      /general.alignment that is not a power of two/,
    ],
    [
      'is one of several parts',
      ggufFile({ 'split.count': ['u16', 3] }, []),
      /is one of 3 parts of a model: join them/,
    ],
  ])('refuses a file that %s', async (_, bytes, message) => {
    const fault: unknown = await open(bytes).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(InputError);
    expect(String(fault)).toMatch(message);
    expect(String(fault)).toContain('m.gguf');
    expect(String(fault)).not.toMatch(/\p{Cc}/u);
  });

  it('refuses bytes between tensors that belong to none', async () => {
    const bytes = ggufFile({}, [tensor('a', 1), tensor('b', 1), tensor('c', 1)]);
    const gap = ggufFile({}, [tensor('a', 1), { ...tensor('b', 1), offset: 64n }]);
    await expect(open(joined([gap, new Uint8Array(64)]))).rejects.toThrow(
      /60 bytes before tensor "b" belong to no tensor/,
    );
    await expect(open(bytes)).resolves.toBeDefined();
  });

  it('refuses weights that are not finite', async () => {
    const scale = Uint8Array.of(0, 0x7c, ...new Uint8Array(32).fill(1));
    const file = await open(ggufFile({}, [{ name: 'a', type: 8, shape: [32], data: scale }]));
    await expect(file.readFloat32('a')).rejects.toThrow(/tensor "a" holds Infinity at element 0/);
    await expect(file.readFloat32('b')).rejects.toThrow(InputError);
  });

  it('closes the source when opening fails, and with the file', async () => {
    let closed = 0;
    const source = (bytes: Uint8Array): ByteSource => ({
      ...memorySource('m', bytes),
      close: () => {
        closed++;
        return Promise.resolve();
      },
    });
    await expect(openGguf(source(new Uint8Array(3)))).rejects.toThrow(InputError);
    expect(closed).toBe(1);
    await (await openGguf(source(good))).close();
    expect(closed).toBe(2);
  });

  it('survives damage: changed bytes and cut files give another file or an InputError', async () => {
    const bytes = ggufFile(
      { a: ['list', 'text', ['one', 'two']], b: ['u32', 3], c: ['list', 'f32', [1, 2]] },
      [tensor('weight', 1, 2, 3, 4), { name: 'q', type: 2, shape: [32], data: new Uint8Array(18).fill(5) }],
    );
    const change = fc.tuple(
      fc.nat(bytes.length - 1),
      fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 255)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 3 }),
        fc.oneof(fc.constant(bytes.length), fc.nat(bytes.length)),
        async (changes, length) => {
          const damaged = bytes.slice(0, length);
          for (const [at, value] of changes) if (at < length) damaged[at] = value;
          try {
            const file = await open(damaged);
            for (const name of file.tensors.keys()) await file.readFloat32(name);
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
            expect(String(error)).not.toMatch(/\p{Cc}/u);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
