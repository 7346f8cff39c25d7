/**
 * The ε that a query is read at where none is given: the one chosen for its site and place, or else the task's.
 * @module
 */
import { type Task } from './task.js';

/** Where an ε comes from: it was given, chosen for the site and place from their ε-curve, or it is the task's for all. */
export type EpsilonSource = 'given' | 'curve' | 'task';

/** What a query is read at. */
export interface Threshold {
  readonly epsilon: number;
  readonly metric: Task['metric'];
  readonly epsilonFrom: EpsilonSource;
}

/**
 * @param site full hook name
 * @param place name of the query's position; null where it has none
 * @param given what a person asked for; a chosen ε is one of the task's metric and counts in no other
 */
export function thresholdAt(
  task: Task,
  site: string,
  place: string | null,
  given: { readonly epsilon?: number | undefined; readonly metric?: Task['metric'] | undefined } = {},
): Threshold {
  const metric = given.metric ?? task.metric;
  if (given.epsilon !== undefined) return { epsilon: given.epsilon, metric, epsilonFrom: 'given' };
  const chosen =
    metric === task.metric
      ? task.epsilons?.find((one) => one.site === site && one.place === place)
      : undefined;
  return chosen === undefined
    ? { epsilon: task.epsilon, metric, epsilonFrom: 'task' }
    : { epsilon: chosen.epsilon, metric, epsilonFrom: 'curve' };
}
