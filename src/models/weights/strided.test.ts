import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gather, isRowMajor, reach, type Strided } from './strided.js';

describe('strided views', () => {
  it.each<[Strided, number, boolean]>([
    [{ offset: 0, shape: [], stride: [] }, 1, true],
    [{ offset: 5, shape: [2, 3], stride: [3, 1] }, 11, true],
    [{ offset: 0, shape: [3, 2], stride: [1, 3] }, 6, false],
    [{ offset: 0, shape: [1, 3], stride: [99, 1] }, 3, true],
    [{ offset: 7, shape: [0, 3], stride: [3, 1] }, 0, true],
    [{ offset: 2, shape: [3], stride: [2] }, 7, false],
    [{ offset: 0, shape: [4], stride: [0] }, 1, false],
  ])('%j reaches %d', (view, end, rowMajor) => {
    expect(reach(view)).toBe(end);
    expect(isRowMajor(view)).toBe(rowMajor);
  });

  it('gathers as indexing by hand does, for any strides and element size', () => {
    const axes = fc.array(fc.record({ size: fc.integer({ min: 1, max: 4 }), step: fc.nat(5) }), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(axes, fc.constantFrom(1, 2, 4, 8), (dimensions, size) => {
        const shape = dimensions.map((axis) => axis.size);
        const stride = dimensions.map((axis) => axis.step);
        const span = Uint8Array.from(
          { length: reach({ offset: 0, shape, stride }) * size },
          (_, i) => i % 251,
        );
        let places = [0];
        dimensions.forEach(({ size: count, step }) => {
          places = places.flatMap((place) => Array.from({ length: count }, (_, i) => place + i * step));
        });
        const expected = places.flatMap((place) => [...span.subarray(place * size, (place + 1) * size)]);
        expect([...gather(span, { shape, stride }, size)]).toEqual(expected);
      }),
    );
  });
});
