import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  GraphError,
  axisOf,
  broadcastShapes,
  expectLengths,
  expectType,
  formatShape,
  sameShape,
  sizeOf,
} from './shape.js';
import { shapes, spreadingTo } from './testing/shapes.js';

describe('broadcastShapes', () => {
  it.each([
    [
      [4, 1, 3],
      [2, 1],
      [4, 2, 3],
    ],
    [[], [2, 3], [2, 3]],
    [[5], [], [5]],
    [[0, 3], [1], [0, 3]],
    [[1], [0], [0]],
    [[2], [3], null],
    [[2, 3], [2], null],
    [[0], [3], null],
  ])('%j and %j give %j', (a, b, together) => {
    expect(broadcastShapes(a, b)).toEqual(together);
    expect(broadcastShapes(b, a)).toEqual(together);
  });

  it('takes each shape to what it spreads to', () => {
    const spreads = shapes().chain((to) => fc.tuple(spreadingTo(to), fc.constant(to)));
    fc.assert(
      fc.property(spreads, ([from, to]) => {
        expect(broadcastShapes(from, to)).toEqual(to);
        expect(broadcastShapes(to, to)).toEqual(to);
      }),
    );
  });
});

describe('axisOf', () => {
  it('counts from either end', () => {
    expect([0, 1, 2, -1, -2, -3].map((axis) => axisOf([5, 6, 7], axis, 'Op'))).toEqual([0, 1, 2, 2, 1, 0]);
  });

  it.each([3, -4, 0.5, NaN])('refuses %d', (axis) => {
    expect(() => axisOf([5, 6, 7], axis, 'Op')).toThrow(
      new GraphError(`Op: axis ${axis} does not exist in shape [5, 6, 7]`),
    );
  });

  it('finds none in a scalar', () => {
    expect(() => axisOf([], 0, 'Op')).toThrow(GraphError);
    expect(() => axisOf([], -1, 'Op')).toThrow(GraphError);
  });
});

it('counts elements: one in a scalar, none where a length is 0', () => {
  expect([sizeOf([]), sizeOf([2, 3, 4]), sizeOf([2, 0, 4])]).toEqual([1, 24, 0]);
});

it('compares axis by axis', () => {
  expect(sameShape([2, 3], [2, 3])).toBe(true);
  expect(sameShape([], [])).toBe(true);
  expect(sameShape([2, 3], [3, 2])).toBe(false);
  expect(sameShape([2, 3], [2, 3, 1])).toBe(false);
  expect(sameShape([2, 3, 1], [2, 3])).toBe(false);
});

it('writes shapes as people read them', () => {
  expect([formatShape([]), formatShape([7]), formatShape([2, 3])]).toEqual(['[]', '[7]', '[2, 3]']);
});

it.each([[[-1]], [[2, 1.5]], [[NaN]], [[Infinity]]])('takes no lengths like %j', (shape) => {
  expect(() => expectLengths('Op', shape)).toThrow(new GraphError(`Op: [${shape.join(', ')}] is no shape`));
});

it('takes lengths of 0, and scalars', () => {
  for (const shape of [[], [0], [2, 0, 3]]) expect(() => expectLengths('Op', shape)).not.toThrow();
});

it('names the types that are taken', () => {
  const value = { dtype: 'bool', shape: [2] } as const;
  expect(() => expectType('Op', value, ['float32', 'int32'])).toThrow(
    new GraphError('Op: needs float32, int32, got bool[2]'),
  );
  expect(() => expectType('Op', value, ['bool'])).not.toThrow();
});
