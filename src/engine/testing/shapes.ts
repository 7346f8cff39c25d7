/**
 * Random shapes for properties: small, odd, with axes of length 1.
 * @module
 */
import fc from 'fast-check';
import type { Shape } from '../shape.js';

/** A length of an axis. */
export const lengths = fc.integer({ min: 1, max: 5 });

/** A shape of so many axes. */
export const shapes = (minRank = 0, maxRank = 4): fc.Arbitrary<Shape> =>
  fc.array(lengths, { minLength: minRank, maxLength: maxRank });

/** A seed for random elements. */
export const seeds = fc.integer({ min: 0, max: 2 ** 30 });

/** What broadcasts to a shape: without some of its leading axes, with some of the others of length 1. */
export const spreadingTo = (shape: Shape): fc.Arbitrary<Shape> =>
  fc
    .tuple(
      fc.integer({ min: 0, max: shape.length }),
      fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
    )
    .map(([lead, ones]) => shape.map((length, axis) => (ones[axis] ? 1 : length)).slice(lead));

/** Two shapes that go together; each may be spread along axes that the other has. */
export const broadcasting: fc.Arbitrary<readonly [Shape, Shape]> = shapes().chain((shape) =>
  fc.tuple(spreadingTo(shape), spreadingTo(shape)),
);

/** An axis of a shape, counted from either end, with the shape. */
export const withAxis = (minRank = 1): fc.Arbitrary<readonly [Shape, number]> =>
  shapes(minRank).chain((shape) =>
    fc.tuple(fc.constant(shape), fc.integer({ min: -shape.length, max: shape.length - 1 })),
  );
