/** The rule that puts ε on a plateau, on curves whose plateaus are known. */
import { describe, expect, it } from 'vitest';
import { type SizeCurve, chooseEpsilon, flatGrowth, mostGrowth, triedEpsilons } from './choose-epsilon.js';

/** A curve through points of ε and inputs inside, straight in the logarithms between them. */
function curve(
  points: readonly (readonly [epsilon: number, size: number])[],
  total = 1740,
  same = 1,
): SizeCurve {
  const sizes = triedEpsilons.map((epsilon) => {
    const after = points.findIndex(([at]) => at >= epsilon);
    const [e1, s1] = points[Math.max(0, after - 1)] ?? [1, 1];
    const [e2, s2] = points[after < 0 ? points.length - 1 : after] ?? [1, 1];
    const share = e2 === e1 || after < 0 ? 1 : Math.log(epsilon / e1) / Math.log(e2 / e1);
    return Math.round(Math.exp(Math.log(s1) + Math.min(1, Math.max(0, share)) * Math.log(s2 / s1)));
  });
  return { total, same, sizes };
}
/** The query alone, a plateau of 29, one of 870, everything. */
const two = curve([[0.06, 1], [0.15, 29], [0.3, 29], [0.5, 870], [0.8, 870], [1, 1740]]); // prettier-ignore

describe('chooseEpsilon', () => {
  it('puts ε in the middle of the first plateau, the finest of what is held', () => {
    const chosen = chooseEpsilon(triedEpsilons, [two]);
    expect(chosen?.epsilon).toBeGreaterThan(0.18);
    expect(chosen?.epsilon).toBeLessThan(0.25);
    expect(chosen?.inside).toBeCloseTo(29, 6);
    expect(chosen?.growth).toBeCloseTo(0, 6);
  });

  it('takes a later plateau where there is no earlier one', () => {
    const order = curve([[0.08, 1], [0.5, 850], [0.7, 870], [0.9, 900], [1.1, 1740]]); // prettier-ignore
    const chosen = chooseEpsilon(triedEpsilons, [order]);
    expect(chosen?.epsilon).toBeGreaterThan(0.5);
    expect(chosen?.epsilon).toBeLessThan(0.85);
  });

  it('finds none in inputs that are spread evenly, in whatever many directions', () => {
    for (const directions of [3.2, 4, 6]) {
      const sizes = triedEpsilons.map((epsilon) => Math.max(1, Math.min(1740, 1740 * epsilon ** directions)));
      expect(chooseEpsilon(triedEpsilons, [{ total: 1740, same: 1, sizes }]), `${directions}`).toBeNull();
    }
  });

  it('takes neither the query alone, nor the texts that agree with it up to the place, nor everything', () => {
    const alone = curve([[0.04, 1], [0.5, 1], [0.7, 1740]]); // prettier-ignore
    const everything = curve([[0.04, 1], [0.1, 1740], [1.2, 1740]]); // prettier-ignore
    const beginning = curve([[0.04, 29], [0.5, 29], [0.7, 1740]], 1740, 29); // prettier-ignore
    for (const one of [alone, everything, beginning]) {
      const chosen = chooseEpsilon(triedEpsilons, [one]);
      // The only dips are those plateaus: what is left is a slope.
      if (chosen !== null) expect(chosen.growth).toBeGreaterThan(flatGrowth);
    }
  });

  it('says by the growth where there is hardly a plateau', () => {
    const shoulder = curve([[0.08, 1], [0.15, 20], [0.3, 92], [0.5, 1740]]); // prettier-ignore
    const chosen = chooseEpsilon(triedEpsilons, [shoulder]);
    expect(chosen?.growth).toBeGreaterThan(flatGrowth);
    expect(chosen?.growth).toBeLessThan(mostGrowth);
    expect(chosen?.epsilon).toBeGreaterThan(0.15);
    expect(chosen?.epsilon).toBeLessThan(0.3);
  });

  it('averages logarithms: a query with a large set does not outweigh the others', () => {
    const large = curve([[0.06, 1], [0.1, 1200], [1.2, 1300]]); // prettier-ignore
    const chosen = chooseEpsilon(triedEpsilons, [two, two, two, large]);
    expect(chosen?.epsilon).toBeGreaterThan(0.18);
    expect(chosen?.epsilon).toBeLessThan(0.25);
  });

  it('gives null without curves', () => {
    expect(chooseEpsilon(triedEpsilons, [])).toBeNull();
  });
});
