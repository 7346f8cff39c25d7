import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, type ZipEntry, zipArchive } from '../../../test/fixtures/torch-archive.js';
import { InputError } from '../../input-error.js';
import { type ByteSource, memorySource } from './byte-source.js';
import { openZip } from './zip.js';

const open = (...entries: ZipEntry[]) => openZip(memorySource('m.bin', zipArchive(entries)));
const data = Uint8Array.from({ length: 1000 }, (_, i) => i % 7);

describe('openZip', () => {
  it.each([0, 8])('reads ranges of entries of compression method %d', async (method) => {
    const archive = await open(
      { name: 'a/x', data, method },
      { name: 'a/none', data: new Uint8Array(0), method },
    );
    expect([...archive.sizes]).toEqual([
      ['a/x', 1000],
      ['a/none', 0],
    ]);
    expect(await archive.read('a/x', 0, 1000)).toEqual(data);
    expect(await archive.read('a/x', 990, 10)).toEqual(data.slice(990));
    expect(await archive.read('a/none', 0, 0)).toEqual(new Uint8Array(0));
    await expect(archive.read('a/x', 990, 11)).rejects.toThrow(
      /11 bytes are needed at 990 .* which has 1000/,
    );
    await expect(archive.read('a/y', 0, 1)).rejects.toThrow(/no entry "a\/y"/);
  });

  it('reads stored bytes alone, after one look at the entry itself', async () => {
    const source = memorySource('m.bin', zipArchive([{ name: 'x', data }]));
    let reads: number[] = [];
    const archive = await openZip({
      ...source,
      read: (offset, length) => {
        reads.push(length);
        return source.read(offset, length);
      },
    });
    reads = [];
    await archive.read('x', 10, 20);
    await archive.read('x', 30, 5);
    expect(reads).toEqual([30, 20, 5]);
  });

  it.each([
    ['stored', 0],
    ['deflated', 8],
  ])('compares the checksum of a %s entry with the whole of it, whatever part is read', async (_, method) => {
    const packed = zipArchive([{ name: 'x', data, method, sum: 'right' }]);
    const openBytes = (bytes: Uint8Array) => openZip(memorySource('m.bin', bytes));
    for (const [from, length] of [
      [0, 1000],
      [990, 10],
      [0, 0],
    ] as const) {
      expect(await (await openBytes(packed)).read('x', from, length)).toEqual(
        data.slice(from, from + length),
      );
    }
    const wrong = await open({ name: 'x', data, method, sum: 0x12345678 });
    for (const [from, length] of [
      [0, 1000],
      [990, 10],
      [0, 0],
    ] as const) {
      await expect(wrong.read('x', from, length)).rejects.toThrow(InputError);
      await expect(wrong.read('x', from, length)).rejects.toThrow(
        /^m\.bin: the zip entry "x" is damaged: its checksum is not that of its bytes\.$/,
      );
    }
    expect(await (await open({ name: 'x', data, method, sum: 0 })).read('x', 990, 10)).toEqual(
      data.slice(990),
    );
  });

  it('finds any changed bit of a stored entry', async () => {
    const packed = zipArchive([{ name: 'x', data, sum: 'right' }]);
    await fc.assert(
      fc.asyncProperty(fc.nat(8 * data.length - 1), async (bit) => {
        const bytes = packed.slice();
        const at = 31 + (bit >> 3);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
        const archive = await openZip(memorySource('m.bin', bytes));
        await expect(archive.read('x', 500, 1)).rejects.toThrow(/"x" is damaged/);
      }),
    );
  });

  it('reads an entry once for its checksum, in parts', async () => {
    const large = new Uint8Array(2.5 * 2 ** 20 + 1).fill(3);
    const source = memorySource('m.bin', zipArchive([{ name: 'x', data: large, sum: 'right' }]));
    let reads: number[] = [];
    const archive = await openZip({
      ...source,
      read: (offset, length) => {
        reads.push(length);
        return source.read(offset, length);
      },
    });
    reads = [];
    await archive.read('x', 10, 20);
    await archive.read('x', 30, 5);
    expect(reads).toEqual([30, 2 ** 20, 2 ** 20, 2 ** 19 + 1, 20, 5]);
  });

  it.each<[string, ZipEntry[], RegExp]>([
    [
      'leaves the archive under a name that steers a terminal',
      [{ name: '../\u001b[2J\n', data }],
      /invalid relative path: \.\.\/\\u001b\[2J\\u000a/,
    ],
    ['leaves the archive', [{ name: '../x', data }], /invalid relative path: \.\.\/x/],
    ['leaves the archive inside a path', [{ name: 'a/../../x', data }], /invalid relative path/],
    ['is absolute', [{ name: '/etc/passwd', data }], /absolute path/],
    ['is absolute on Windows', [{ name: 'C:/x', data }], /absolute path/],
    ['has backslashes', [{ name: 'a\\..\\x', data }], /invalid characters in fileName/],
    [
      'comes twice',
      [
        { name: 'x', data },
        { name: 'x', data },
      ],
      /two entries "x"/,
    ],
    ['is encrypted', [{ name: 'x', data, flags: 1, method: 8 }], /is encrypted/],
    [
      'is compressed in another way',
      [{ name: 'x', data, method: 14 }],
      /compression method 14; accepted are 0 and 8/,
    ],
  ])('refuses an entry that %s', async (_, entries, message) => {
    await expect(open(...entries)).rejects.toThrow(InputError);
    await expect(open(...entries)).rejects.toThrow(message);
  });

  it('refuses an archive that declares far more than it has', async () => {
    await expect(open({ name: 'x', data, method: 8, declares: 2 ** 31 })).rejects.toThrow(
      /declares 2147483648 bytes and more in a file of \d+, and 268435456 are accepted/,
    );
    // Many entries over the same bytes: small each, huge together.
    const many = Array.from({ length: 400 }, (_, i) => ({
      name: `x${i}`,
      data,
      method: 8,
      declares: 2 ** 20,
      ...(i > 0 ? { sharesBytesOf: 0 } : {}),
    }));
    await expect(open(...many)).rejects.toThrow(/declares \d+ bytes and more/);
    const limits = { entries: 2, inflated: 10_000, ratio: 1 };
    const three = zipArchive(['a', 'b', 'c'].map((name) => ({ name, data })));
    await expect(openZip(memorySource('m.bin', three), limits)).rejects.toThrow(/more than 2 entries/);
  });

  it('stops inflating at the declared size', async () => {
    const bomb = new Uint8Array(50 * 2 ** 20);
    const archive = await open({ name: 'x', data: bomb, method: 8, declares: 100 });
    await expect(archive.read('x', 0, 100)).rejects.toThrow(InputError);
    await expect(archive.read('x', 0, 100)).rejects.toThrow(
      /zip entry "x" inflates to more than the 100 bytes that it declares/,
    );
  });

  it('refuses an entry that inflates to less, or to nothing', async () => {
    const short = await open({ name: 'x', data, method: 8, declares: 2000 });
    await expect(short.read('x', 0, 10)).rejects.toThrow(/inflates to 1000 bytes and declares 2000/);
    const bytes = zipArchive([{ name: 'x', data, method: 8 }]);
    bytes.fill(0xff, 31, 36);
    const broken = await openZip(memorySource('m.bin', bytes));
    await expect(broken.read('x', 0, 10)).rejects.toThrow(/not a readable zip archive/);
  });

  it('refuses what is no archive, a cut one, and one with something after its end', async () => {
    const whole = zipArchive([{ name: 'x', data }]);
    const cases = [
      new Uint8Array(0),
      new Uint8Array(100),
      whole.slice(0, -1),
      whole.slice(1000),
      concat([whole, data]),
    ];
    for (const bytes of cases) {
      await expect(openZip(memorySource('m.bin', bytes))).rejects.toThrow(/m\.bin/);
      await expect(openZip(memorySource('m.bin', bytes))).rejects.toThrow(InputError);
    }
  });

  it('passes on a fault of the disk as it is', async () => {
    const whole = memorySource('m.bin', zipArchive([{ name: 'x', data }]));
    const disk = Object.assign(new Error('i/o error'), { code: 'EIO' });
    const failing: ByteSource = { ...whole, read: () => Promise.reject(disk) };
    await expect(openZip(failing)).rejects.toBe(disk);
  });
});
