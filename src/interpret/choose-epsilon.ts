/**
 * Which ε a site is read at, chosen from its ε-curves. Of activations that spread evenly in d directions the number of inputs
 * within ε grows as ε^d. Where what is held together is all inside and what is not is still outside, it hardly grows: a
 * plateau. The first plateau has the finest of what is held; later ones are coarser.
 *
 * The rule. Curves of several queries are averaged as log2 of the number of inputs inside, so that none outweighs the others.
 * Growth at ε is how often that number doubles while ε does, taken over a factor of {@link span} around ε. Dips are
 * where it is least within that factor on either side, with twice as many inputs inside as have the query's own activation
 * (texts that agree up to the place), and at least half a bit told. Chosen is the first dip below {@link flatGrowth};
 * where there is none, the deepest, if it is below {@link mostGrowth}: its growth says that it is hardly a plateau.
 * @module
 */

/**
 * Thresholds that are tried: from 0.04 to 0.8 in steps of 3%. Beyond, an activation is about as far from the query's as
 * that of any input.
 */
export const triedEpsilons: readonly number[] = Array.from({ length: 103 }, (_, at) => 0.04 * 1.03 ** at);

/** The stretch over which growth is taken, as a factor of ε. */
const span = 1.25;
/** Doublings of the inputs inside for one of ε, below which a curve is flat: inputs on a line have 1, in a plane 2. */
export const flatGrowth = 1.5;
/** The same for what is chosen where nothing is flat. */
export const mostGrowth = 3;
/** Bits beyond the query's own activation, and bits told, that a dip has at the least. */
const [leastCompany, leastBits] = [1, 0.5];

/** How many inputs are inside at each threshold. */
export interface SizeCurve {
  /** Inputs there are. */
  readonly total: number;
  /** Inputs whose activation is the query's own. */
  readonly same: number;
  /** By threshold, not falling. */
  readonly sizes: ArrayLike<number>;
}

/** An ε, and the curve around it. */
export interface ChosenEpsilon {
  readonly epsilon: number;
  /** Inputs inside, the geometric mean over the queries. */
  readonly inside: number;
  /** Doublings of the inputs inside for one of ε. */
  readonly growth: number;
}

/**
 * Chooses an ε.
 * @param epsilons rising in equal proportions
 * @param curves of queries at one site and place, over `epsilons`
 * @returns null where the curves have no dip
 * @example chooseEpsilon(triedEpsilons, curves)?.epsilon // 0.31
 */
export function chooseEpsilon(
  epsilons: readonly number[],
  curves: readonly SizeCurve[],
): ChosenEpsilon | null {
  if (curves.length === 0) return null;
  const mean = (of: (curve: SizeCurve) => number): number =>
    curves.reduce((sum, curve) => sum + of(curve), 0) / curves.length;
  const logs = epsilons.map((_, at) => mean(({ sizes }) => Math.log2(Math.max(1, sizes[at] ?? 0))));
  const [same, all] = [mean((curve) => Math.log2(curve.same)), mean(({ total }) => Math.log2(total))];
  const reach = stepsWithin(epsilons, span);
  const growths = logs.map((_, at): number | null => {
    const [low, high] = [at - Math.floor(reach / 2), at + Math.ceil(reach / 2)];
    const [first, last] = [epsilons[low], epsilons[high]];
    if (first === undefined || last === undefined) return null;
    return ((logs[high] ?? 0) - (logs[low] ?? 0)) / Math.log2(last / first);
  });
  const dips = growths.flatMap((growth, at) => {
    const log = logs[at] ?? 0;
    if (growth === null || growth >= mostGrowth || log < same + leastCompany || log > all - leastBits)
      return [];
    const around = growths.slice(Math.max(0, at - reach), at + reach + 1);
    // A run of equal growth has its dip in the middle.
    const least = around.every((other) => other === null || other >= growth - level);
    return least ? [{ at, growth }] : [];
  });
  const chosen =
    dips.find(({ growth }) => growth < flatGrowth) ?? [...dips].sort((a, b) => a.growth - b.growth)[0];
  if (chosen === undefined) return null;
  const at = middleOf(dips, chosen);
  return {
    epsilon: twoDigits(epsilons[at] ?? 0),
    inside: 2 ** (logs[at] ?? 0),
    growth: chosen.growth,
  };
}

/** Growths that are as good as equal. */
const level = 0.05;

/** The middle of the neighbouring dips that a dip begins. */
function middleOf(dips: readonly { readonly at: number }[], { at: first }: { readonly at: number }): number {
  let last = first;
  while (dips.some(({ at }) => at === last + 1)) last++;
  return Math.round((first + last) / 2);
}

/** Steps of thresholds that a factor is long, one at the least. */
const stepsWithin = ([first = 1, second = 2]: readonly number[], factor: number): number =>
  Math.max(1, Math.round(Math.log(factor) / Math.log(second / first)));

const twoDigits = (value: number): number => Number(value.toPrecision(2));
