import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../input-error.js';
import { type ByteSource, memorySource } from './byte-source.js';
import { encodeSafetensors, openSafetensors, safetensorsChunks, type TensorToWrite } from './safetensors.js';
import { bytesPerElement, type WeightDType } from './tensor-file.js';

const open = (bytes: Uint8Array) => openSafetensors(memorySource('m.safetensors', bytes));

/** A file from a header's text, whatever it says, and a number of data bytes. */
function file(header: string, data: Uint8Array | number = 0, length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(header);
  const rest = typeof data === 'number' ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + json.length + rest.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(rest, 8 + json.length);
  return bytes;
}

const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32'): string =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

describe('openSafetensors', () => {
  it('reads what the format describes', async () => {
    const data = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
    const opened = await open(
      file(`{"__metadata__":{"format":"pt"},"b":${entry(8, 24, [2, 2])},"a":${entry(0, 8)}}   `, data),
    );
    expect(opened.metadata).toEqual({ format: 'pt' });
    expect([...opened.tensors.values()].map(({ name, dtype, shape }) => ({ name, dtype, shape }))).toEqual([
      { name: 'b', dtype: 'F32', shape: [2, 2] },
      { name: 'a', dtype: 'F32', shape: [2] },
    ]);
    expect(await opened.readFloat32('b')).toEqual(Float32Array.of(3, 4, 5, 6));
    expect(await opened.readFloat32('a')).toEqual(Float32Array.of(1, 2));
  });

  it('reads a scalar, an empty tensor, and a file without tensors', async () => {
    const header = `{"none":${entry(4, 4, [0, 3])},"one":${entry(0, 4, [])}}`;
    const opened = await open(file(header, new Uint8Array(Float32Array.of(7).buffer)));
    expect(await opened.readFloat32('one')).toEqual(Float32Array.of(7));
    expect(await opened.readFloat32('none')).toEqual(new Float32Array(0));
    expect((await open(file('{}'))).tensors.size).toBe(0);
  });

  it('takes metadata that are null for none, as the reference reader does', async () => {
    const opened = await open(file(`{"__metadata__":null,"a":${entry(0, 4)}}`, 4));
    expect(opened.metadata).toEqual({});
    expect(await opened.readFloat32('a')).toEqual(Float32Array.of(0));
  });

  it('takes a name that objects have a use for', async () => {
    const opened = await open(file(`{"__proto__":${entry(0, 4)},"constructor":${entry(4, 8)}}`, 8));
    expect([...opened.tensors.keys()]).toEqual(['__proto__', 'constructor']);
  });

  it('reads only the header and the bytes of the tensor that is asked for', async () => {
    const bytes = encodeSafetensors([
      { name: 'a', dtype: 'F32', shape: [1000], data: new Float32Array(1000) },
      { name: 'b', dtype: 'F32', shape: [3], data: Float32Array.of(1, 2, 3) },
    ]);
    const source = memorySource('m', bytes);
    const reads: [number, number][] = [];
    const watched: ByteSource = {
      ...source,
      read: (offset, length) => {
        reads.push([offset, length]);
        return source.read(offset, length);
      },
    };
    const opened = await openSafetensors(watched);
    const headerEnd = bytes.length - 4012;
    expect(reads).toEqual([
      [0, 8],
      [8, headerEnd - 8],
    ]);
    expect(await opened.readFloat32('b')).toEqual(Float32Array.of(1, 2, 3));
    expect(reads.slice(2)).toEqual([[bytes.length - 12, 12]]);
  });

  it('gives memory that the caller may change', async () => {
    const opened = await open(file(`{"a":${entry(0, 4)}}`, 4));
    (await opened.readFloat32('a')).fill(9);
    expect(await opened.readFloat32('a')).toEqual(Float32Array.of(0));
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['is empty', new Uint8Array(0), /is not a safetensors file: it has 0 bytes/],
    ['is shorter than a length', new Uint8Array(7), /it has 7 bytes/],
    [
      'has a header length beyond the format',
      file('{}', 0, 2n ** 62n),
      /its header would be 4611686018427387904 bytes/,
    ],
    [
      'has a header length beyond the file',
      file('{}', 0, 1000n),
      /truncated: its header is 1000 bytes long, and the file has 2/,
    ],
    ['has no header', file('', 10), /does not begin with "\{"/],
    ['is a pickle', Uint8Array.of(0x80, 2, 0, 0, 0, 0, 0, 0, 0x2e, 1), /header would be|truncated/],
    ['has a header that is not JSON', file('{"a":'), /header is not JSON\./],
    ['has a header that is not UTF-8', file('{', Uint8Array.of(0xff, 0x7d), 3n), /not valid UTF-8/],
    ['has a header that is a list', file('["a"]'), /does not begin with "\{"/],
    ['has a deep header', file(`{"a":${'['.repeat(10_000)}`), /nested deeper than 3 levels/],
    ['names a tensor twice', file(`{"a":${entry(0, 4)},"a":${entry(4, 8)}}`, 8), /names "a" twice/],
    [
      'names a tensor twice in disguise',
      file(`{"a":${entry(0, 4)},"\\u0061":${entry(4, 8)}}`, 8),
      /names "a" twice/,
    ],
    [
      'names a field twice',
      file('{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}', 4),
      /names "dtype" twice/,
    ],
    ['has a tensor that is no object', file('{"a":3}'), /tensor "a" is not described by a JSON object/],
    [
      'has an unknown dtype',
      file(`{"a":${entry(0, 4, [4], 'F8_E4M3')}}`, 4),
      /tensor "a" has dtype "F8_E4M3"; accepted are F64, F32,/,
    ],
    [
      'has a dtype that objects have a use for',
      file(`{"a":${entry(0, 4, [1], 'constructor')}}`, 4),
      /dtype "constructor"/,
    ],
    ['has no dtype', file('{"a":{"shape":[1],"data_offsets":[0,4]}}', 4), /has dtype no text/],
    [
      'has a negative size',
      file(`{"a":${entry(0, 4, [-1])}}`, 4),
      /a shape that is not a list of whole numbers/,
    ],
    [
      'has a fractional size',
      file(`{"a":${entry(0, 4, [1.5])}}`, 4),
      /a shape that is not a list of whole numbers/,
    ],
    [
      'has a size beyond exact numbers',
      file(`{"a":${entry(0, 4, [2 ** 40, 2 ** 40])}}`, 4),
      /a shape that is not/,
    ],
    [
      'has a shape that is a text',
      file('{"a":{"dtype":"F32","shape":"1","data_offsets":[0,4]}}', 4),
      /a shape that is not/,
    ],
    [
      'has one offset',
      file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}', 4),
      /data_offsets that are not two/,
    ],
    ['has a negative offset', file(`{"a":${entry(-4, 0)}}`, 4), /data_offsets that are not two/],
    [
      'has offsets in reverse',
      file(`{"a":${entry(4, 0, [1])}}`, 4),
      /takes 4 bytes, and data_offsets 4 to 0 hold -4/,
    ],
    [
      'has a shape that its bytes do not fill',
      file(`{"a":${entry(0, 8, [3])}}`, 8),
      /F32 \[3\], which takes 12 bytes, and data_offsets 0 to 8 hold 8/,
    ],
    [
      'claims a tensor larger than itself',
      file(`{"a":${entry(0, 4 * 2 ** 40)}}`, 8),
      /truncated or damaged: tensor "a" ends at byte 4398046511104 of the data, which has 8/,
    ],
    ['lost its last byte', file(`{"a":${entry(0, 8)}}`, 7), /ends at byte 8 of the data, which has 7/],
    ['has one byte more', file(`{"a":${entry(0, 8)}}`, 9), /last 1 bytes belong to no tensor/],
    [
      'has overlapping tensors',
      file(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12),
      /tensor "b" overlaps "a"/,
    ],
    [
      'has a tensor twice under two names',
      file(`{"a":${entry(0, 8)},"b":${entry(0, 8)}}`, 8),
      /tensor "b" overlaps "a"/,
    ],
    [
      'has a gap',
      file(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12),
      /4 bytes before tensor "b" belong to no tensor/,
    ],
    ['has metadata that is a list', file('{"__metadata__":[]}'), /__metadata__ is not a JSON object/],
    ['has metadata that is a number', file('{"__metadata__":0}'), /__metadata__ is not a JSON object/],
    ['has metadata that is false', file('{"__metadata__":false}'), /__metadata__ is not a JSON object/],
    ['has nested metadata', file('{"__metadata__":{"a":{}}}'), /__metadata__ has "a", which is not a text/],
    [
      'has null among its metadata',
      file('{"__metadata__":{"a":null}}'),
      /__metadata__ has "a", which is not/,
    ],
    ['has a byte order mark', file('\ufeff{}'), /header does not begin with "\{"/],
    [
      'has metadata that is no text',
      file('{"__metadata__":{"epoch":3}}'),
      /__metadata__ has "epoch", which is not a text/,
    ],
  ])('refuses a file that %s', async (_, bytes, message) => {
    const fault: unknown = await open(bytes).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(InputError);
    expect(String(fault)).toMatch(message);
    expect(String(fault)).toContain('m.safetensors');
    expect(String(fault)).not.toContain('\n');
  });

  it.each([
    ['a type that no weight has', '"dtype":"U16","shape":[2],'],
    ['a type of the format’s future', '"dtype":"F2","shape":[16],'],
    ['a type that is no text', '"dtype":7,"shape":[2],'],
    ['a shape that its bytes do not fill', '"dtype":"F32","shape":[9,9],'],
    ['neither', ''],
  ])('leaves out a tensor of %s where nobody will read it', async (_, described) => {
    const bytes = file(`{"mask":{${described}"data_offsets":[0,4]},"w":${entry(4, 8)}}`, 8);
    await expect(open(bytes)).rejects.toThrow(/tensor "mask" /);
    const opened = await openSafetensors(memorySource('m.safetensors', bytes), (name) => name === 'mask');
    expect([...opened.tensors.keys()]).toEqual(['w']);
    expect(await opened.readFloat32('w')).toEqual(Float32Array.of(0));
  });

  it.each([
    ['overlaps', '[0,8]', /overlaps/],
    ['leaves a gap', '[0,3]', /1 bytes before tensor "w" belong to no tensor/],
    ['ends before it begins', '[4,0]', /tensor "mask" has data_offsets that end before they begin/],
    ['has no offsets', '[]', /tensor "mask" has data_offsets that are not two/],
    ['lies beyond the end', '[0,80]', /tensor "mask" ends at byte 80/],
  ])('refuses one that %s all the same', async (_, offsets, message) => {
    const bytes = file(`{"mask":{"data_offsets":${offsets}},"w":${entry(4, 8)}}`, 8);
    const opening = openSafetensors(memorySource('m.safetensors', bytes), (name) => name === 'mask');
    await expect(opening).rejects.toThrow(InputError);
    await expect(opening).rejects.toThrow(message);
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
    await expect(openSafetensors(source(new Uint8Array(3)))).rejects.toThrow(InputError);
    expect(closed).toBe(1);
    await (await openSafetensors(source(file('{}')))).close();
    expect(closed).toBe(2);
  });
});

describe('readFloat32', () => {
  const written = encodeSafetensors([
    { name: 'good', dtype: 'F32', shape: [2], data: Float32Array.of(1, -2) },
    { name: 'half', dtype: 'F16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) },
    { name: 'brain', dtype: 'BF16', shape: [2], data: Uint16Array.of(0x3f80, 0xc000) },
    { name: 'double', dtype: 'F64', shape: [2], data: Float64Array.of(1, 0.1) },
    { name: 'bad', dtype: 'F32', shape: [3], data: Float32Array.of(0, 1, NaN) },
    { name: 'worse', dtype: 'F16', shape: [1], data: Uint16Array.of(0xfc00) },
    { name: 'large', dtype: 'F64', shape: [1], data: Float64Array.of(1e300) },
    { name: 'mask', dtype: 'BOOL', shape: [1], data: Uint8Array.of(1) },
    { name: 'ids', dtype: 'I64', shape: [1], data: BigInt64Array.of(-5n) },
  ]);

  it('widens and rounds to float32', async () => {
    const opened = await open(written);
    expect([...(await opened.readFloat32('good'))]).toEqual([1, -2]);
    expect([...(await opened.readFloat32('half'))]).toEqual([1, -2]);
    expect([...(await opened.readFloat32('brain'))]).toEqual([1, -2]);
    expect([...(await opened.readFloat32('double'))]).toEqual([1, Math.fround(0.1)]);
    expect(await opened.readBytes('ids')).toEqual(new Uint8Array(BigInt64Array.of(-5n).buffer));
  });

  it.each([
    ['bad', /tensor "bad" holds NaN at element 2; weights must be finite/],
    ['worse', /tensor "worse" holds -Infinity at element 0/],
    ['large', /tensor "large" holds Infinity at element 0/],
    ['mask', /tensor "mask" holds BOOL, and a weight must be one of F64, F32, F16, BF16/],
    ['ids', /tensor "ids" holds I64/],
    ['goood', /has no tensor "goood"\. Did you mean "good"\?/],
  ])('refuses %s', async (name, message) => {
    const reading = (await open(written)).readFloat32(name);
    await expect(reading).rejects.toThrow(InputError);
    await expect(reading).rejects.toThrow(message);
  });
});

describe('encodeSafetensors', () => {
  const tensors = fc.uniqueArray(
    fc
      .record({
        name: fc.string({ unit: 'binary' }).filter((name) => name !== '__metadata__'),
        dtype: fc.constantFrom(...(Object.keys(bytesPerElement) as WeightDType[])),
        shape: fc.array(fc.nat(4), { maxLength: 4 }),
      })
      .chain(({ name, dtype, shape }) => {
        const length = shape.reduce((product, size) => product * size, bytesPerElement[dtype]);
        return fc
          .uint8Array({ minLength: length, maxLength: length })
          .map((data): TensorToWrite => ({ name, dtype, shape, data }));
      }),
    { maxLength: 8, selector: ({ name }) => name },
  );

  it('is read back as it was, aligned, and the same whatever the order', async () => {
    const texts = fc.dictionary(fc.string(), fc.string());
    await fc.assert(
      fc.asyncProperty(tensors, texts, async (written, metadata) => {
        const bytes = encodeSafetensors(written, metadata);
        expect(encodeSafetensors(written.toReversed(), metadata)).toEqual(bytes);
        const opened = await open(bytes);
        expect({ ...opened.metadata }).toEqual({ ...metadata });
        expect(opened.tensors.size).toBe(written.length);
        for (const { name, dtype, shape, data } of written) {
          expect(opened.tensors.get(name)).toMatchObject({ name, dtype, shape });
          expect(await opened.readBytes(name)).toEqual(data);
        }
      }),
    );
  });

  it('survives damage: any changed byte gives another file or an InputError', async () => {
    const bytes = encodeSafetensors([
      { name: 'weight', dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      { name: 'bias', dtype: 'F16', shape: [2], data: Uint16Array.of(1, 2) },
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.nat(255),
        fc.nat(bytes.length),
        async (at, value, length) => {
          const damaged = bytes.slice(0, length);
          if (at < length) damaged[at] = value;
          try {
            const opened = await open(damaged);
            for (const name of opened.tensors.keys()) await opened.readFloat32(name);
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('starts every tensor at a multiple of its element', () => {
    const [header, ...data] = safetensorsChunks(
      [
        { name: 'a', dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) },
        { name: 'b', dtype: 'F32', shape: [1], data: Float32Array.of(1) },
        { name: 'c', dtype: 'I64', shape: [1], data: BigInt64Array.of(1n) },
      ],
      { seed: '1' },
    );
    expect((header?.length ?? 1) % 8).toBe(0);
    expect(data.map((chunk) => chunk.length)).toEqual([8, 4, 3]);
  });

  it('refuses data that do not fill the shape, and a name twice', () => {
    const a: TensorToWrite = { name: 'a', dtype: 'F32', shape: [2], data: new Float32Array(2) };
    expect(() => encodeSafetensors([{ ...a, shape: [3] }])).toThrow(
      /a is F32 \[3\] and its data are 8 bytes/,
    );
    expect(() => encodeSafetensors([a, a])).toThrow(/a is taken/);
    expect(() => encodeSafetensors([{ ...a, name: '__metadata__' }])).toThrow(/is taken/);
  });
});
