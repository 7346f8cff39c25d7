import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawCases, experimentNamed } from '../causal/experiments/index.js';
import { addition } from '../tasks/index.js';
import { heldOutInputs } from './attention.js';
import { conditionOf } from './condition.js';
import { drawQueries } from './queries.js';

/** A whole of 60 items, and a part of it. */
const parts = fc
  .tuple(fc.nat(59), fc.integer({ min: 1, max: 60 }))
  .map(([first, count]) => [first, Math.min(60, first + count)] as const);

describe('queries', () => {
  it.each([null, '=', 'A4'])('are those of the whole in any part of it, at %s', (place) => {
    const whole = drawQueries(addition, 60, place, 3);
    fc.assert(
      fc.property(parts, ([from, to]) => {
        expect(drawQueries(addition, to - from, place, 3, from)).toEqual(whole.slice(from, to));
      }),
      { numRuns: 25 },
    );
  });

  it('are the same inputs at places that all inputs have', () => {
    const inputs = (place: string) => drawQueries(addition, 40, place, 3).map(({ ids }) => ids);
    expect(inputs('=')).toEqual(inputs('A1'));
    // A place that some inputs lack takes another input for those alone.
    const [all, some] = [inputs('='), inputs('A4')];
    const kept = all.filter((ids) => ids.length === 14);
    expect(kept.length).toBeGreaterThan(5);
    for (const [at, ids] of all.entries()) if (ids.length === 14) expect(some[at]).toEqual(ids);
  });
});

describe('what measurements draw', () => {
  it('rests on the number of the item, however many are asked for', () => {
    const only = conditionOf(addition, 'C2=1');
    const inputs = heldOutInputs(addition, 50, 7, only, ['A4']);
    const experiment = experimentNamed('A1-from-F2S2', 'addition');
    const cases = drawCases(experiment, 40, 7, 3);
    const single = drawCases(experiment, 40, 7, 1);
    for (const count of [1, 8, 33]) {
      expect(heldOutInputs(addition, count, 7, only, ['A4'])).toEqual(inputs.slice(0, count));
      expect(drawCases(experiment, count, 7, 3)).toEqual(cases.slice(0, 3 * count));
    }
    // More contrasts begin with that of one.
    expect(single).toEqual(cases.filter((_, at) => at % 3 === 0));
  });
});
