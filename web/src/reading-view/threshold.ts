/**
 * Changes of threshold and metric: they partition the same samples anew, without sampling.
 * @module
 */
import type { Case } from '../../../src/workbench/case-study.js';
import { viewOf, type Pane } from '../state/pane.svelte.js';
import type { Workbench } from '../state/workbench.svelte.js';

/** Change of ε by one key press, and by a large one. */
const step = { small: 0.005, large: 0.05 };

/** ε has three digits, like distances. */
export const roundEpsilon = (epsilon: number): number => Math.max(0, Math.round(epsilon * 1000) / 1000);

/** ε one key press smaller or larger; fine steps near nothing. */
export function stepped(epsilon: number, direction: number, large = false): number {
  const size = large ? step.large : epsilon + direction * step.small < 2 * step.small ? 0.001 : step.small;
  return roundEpsilon(epsilon + direction * size);
}

/** Moves ε of a pane by one step. */
export function nudgeEpsilon(bench: Workbench, pane: Pane, direction: number): void {
  const { epsilon } = viewOf(pane, bench.caseOf(pane.choice.asking.case));
  pane.choice.view.epsilon = stepped(epsilon, direction);
}

/** Switches a pane to the other metric, where its samples have it. */
export function otherMetric(bench: Workbench, pane: Pane): void {
  const { metric } = viewOf(pane, bench.caseOf(pane.choice.asking.case));
  pane.choice.view.metric = metric === 'euclidean' ? 'cosine' : 'euclidean';
}

/** The distance at which bars, histogram and slider are full: five times the case's ε, more when ε lies beyond. */
export function axisOf(its: Case | null, epsilon: number): number {
  const usual = 5 * (its?.epsilon ?? 0.1);
  return epsilon > usual ? 1.25 * epsilon : usual;
}
