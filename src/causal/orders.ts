/**
 * Cumulative patching: targets are added one after another, and what each adds to the effect is its bar. A target that
 * only matters while another is whole shows in one order and not in the other, so both orders are run: forward, the
 * earliest of the model first, and backward.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { type HookedModel } from '../models/hooked-model.js';
import { type Estimate, pairedDifference } from './estimate.js';
import { type PatchQuestion, type PatchResult, patch } from './patch.js';

/** Whether the earliest targets are patched first or last. */
export type Order = 'forward' | 'backward';

/** Both, as they are reported. */
export const orders: readonly Order[] = ['forward', 'backward'];

/** Targets that are added together. */
export interface Step {
  readonly label: string;
  /** Indices into the question's targets. */
  readonly targets: readonly number[];
}

/** One step of one order. */
export interface Increment {
  readonly step: Step;
  /** Every step patched so far, this one included, in the order in which they were added. */
  readonly patched: readonly Step[];
  /** Effect of all of them. */
  readonly effect: Estimate;
  /** What this step added to it, paired by input. */
  readonly increment: Estimate;
  /** Share of cases in which the set changed any logit. */
  readonly changed: number;
}

/** Both orders over the same cases. */
export interface CumulativeResult extends Omit<PatchResult, 'sets'> {
  readonly orders: Readonly<Record<Order, readonly Increment[]>>;
}

/** A step for each target of a question. */
export const singleSteps = ({ targets }: Pick<PatchQuestion, 'targets'>): Step[] =>
  targets.map(({ label }, index) => ({ label, targets: [index] }));

/**
 * Patches the steps cumulatively in both orders.
 * @param steps in forward order
 */
export async function patchInOrders(
  runtime: Runtime,
  model: HookedModel,
  question: Omit<PatchQuestion, 'sets'>,
  steps: readonly Step[] = singleSteps(question),
): Promise<CumulativeResult> {
  const sequences: Record<Order, readonly Step[]> = { forward: steps, backward: steps.toReversed() };
  const prefixes = orders.flatMap((order) =>
    sequences[order].map((_, last) => sequences[order].slice(0, last + 1)),
  );
  const sets = prefixes.map((prefix) => prefix.flatMap(({ targets }) => targets));
  const { sets: results, ...rest } = await patch(runtime, model, { ...question, sets });
  const increments = (order: Order): Increment[] => {
    const own = results.slice(orders.indexOf(order) * steps.length).slice(0, steps.length);
    return own.map(({ effect, effects, changed }, at) => {
      const before = own[at - 1]?.effects ?? new Float64Array(effects.length);
      const patched = sequences[order].slice(0, at + 1);
      const step = patched[at] ?? { label: '', targets: [] };
      return { step, patched, effect, increment: pairedDifference(effects, before), changed };
    });
  };
  return { ...rest, orders: { forward: increments('forward'), backward: increments('backward') } };
}
