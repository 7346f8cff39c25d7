import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fingerprint } from './fingerprint.js';

const of = (...values: number[]): Float32Array => Float32Array.from(values);
const a = { shape: [2, 1], data: of(1, -2) };
const b = { shape: [3], data: of(0, 0.5, 1e-30) };

describe('fingerprint', () => {
  it('is what its description says: SHA-256 over names, shapes and little-endian values, names in order', async () => {
    const sha = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
    const bytes = (data: Float32Array): Uint8Array => {
      const view = new DataView(new ArrayBuffer(4 * data.length));
      data.forEach((value, at) => view.setFloat32(4 * at, value, true));
      return new Uint8Array(view.buffer);
    };
    const wanted = sha(`a[2,1]${sha(bytes(a.data))}\nb[3]${sha(bytes(b.data))}`);
    expect(
      await fingerprint(
        new Map([
          ['b', b],
          ['a', a],
        ]),
      ),
    ).toBe(wanted);
  });

  it('does not depend on the order of the parameters, nor on what memory they lie in', async () => {
    const wanted = await fingerprint(
      new Map([
        ['a', a],
        ['b', b],
      ]),
    );
    expect(
      await fingerprint(
        new Map([
          ['b', b],
          ['a', a],
        ]),
      ),
    ).toBe(wanted);
    const inside = { shape: [2, 1], data: of(9, 1, -2, 9).subarray(1, 3) };
    expect(
      await fingerprint(
        new Map([
          ['a', inside],
          ['b', b],
        ]),
      ),
    ).toBe(wanted);
  });

  it('changes with a name, a shape, a value, a sign of zero, and a parameter more or less', async () => {
    const sets: [string, typeof a][][] = [
      [
        ['a', a],
        ['b', b],
      ],
      [
        ['a', a],
        ['c', b],
      ],
      [
        ['a', { ...a, shape: [1, 2] }],
        ['b', b],
      ],
      [
        ['a', a],
        ['b', { ...b, data: of(0, 0.5, 2e-30) }],
      ],
      [
        ['a', a],
        ['b', { ...b, data: of(-0, 0.5, 1e-30) }],
      ],
      [['a', a]],
      [],
    ];
    const prints = await Promise.all(sets.map((set) => fingerprint(new Map(set))));
    expect(new Set(prints).size).toBe(sets.length);
    for (const print of prints) expect(print).toMatch(/^[0-9a-f]{64}$/);
  });
});
