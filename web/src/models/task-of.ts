/**
 * The case study that a model belongs to.
 * @module
 */
import type { Case } from '../../../src/workbench/case-study.js';
import type { DescribedModel } from '../../../src/workbench/verbs/models.js';

/**
 * The case with the shipped model of the task that a model was trained for; where its files do not say, of the task whose
 * tokens it has. Null for a model that no case can be made of.
 */
export const taskOf = (cases: readonly Case[], model: DescribedModel): Case | null =>
  model.ref === null
    ? null
    : (cases.find(
        ({ id, task, tokens, slots, maxLength }) =>
          id === task &&
          (model.task === null
            ? slots.length === 0 && tokens === model.vocabulary && maxLength <= model.positions
            : task === model.task),
      ) ?? null);
