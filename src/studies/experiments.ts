/**
 * The experiments of all studies by name.
 * @module
 */
import { type AblationCheck } from '../causal/ablation-check.js';
import { aboutText } from '../causal/ask.js';
import { type Experiment } from '../causal/experiment.js';
import { targetLabel } from '../causal/sweep.js';
import { InputError, suggest } from '../input-error.js';
import { studies, studyNamed } from './registry.js';

/** Every patching experiment. */
export const experiments: readonly Experiment[] = studies.flatMap((study) => study.experiments);

/**
 * The experiment of a task with a name.
 * @throws InputError with a suggestion, or naming the task that it belongs to
 */
export function experimentNamed(name: string, task: string): Experiment {
  const own = experiments.filter((experiment) => experiment.task.name === task);
  const found = own.find((experiment) => experiment.name === name);
  if (found !== undefined) return found;
  const elsewhere = experiments.find((experiment) => experiment.name === name);
  if (elsewhere !== undefined) {
    throw new InputError(
      `"${name}" is an experiment of ${elsewhere.task.name}, not of ${task}: give --task ${elsewhere.task.name}.`,
    );
  }
  const names = own.map((experiment) => experiment.name);
  throw new InputError(
    `Unknown experiment "${name}".${suggest(name, names)} Experiments of ${task}: ${names.join(', ')}.`,
  );
}

/** The mean ablation of a task with a name; null where it has none. */
export const ablationNamed = (name: string, task: string): AblationCheck | null =>
  studyNamed(task).ablations.find((check) => check.name === name) ?? null;

/** An experiment as a list shows it. */
export interface ListedExperiment {
  readonly name: string;
  readonly about: string;
  /** What is patched, `site@place`, in forward order. */
  readonly sites: string;
}

/** The experiments of a task, then its mean ablations. */
export function experimentsOf(task: string): ListedExperiment[] {
  const study = studyNamed(task);
  return [
    ...study.experiments.map((experiment) => ({
      name: experiment.name,
      about: aboutText(experiment),
      sites: experiment.steps
        .map((step) => step.map(({ site, place }) => targetLabel(site, place)).join(' + '))
        .join(', '),
    })),
    ...study.ablations.map(({ name, about, site, place }) => ({
      name,
      about,
      sites: targetLabel(site, place),
    })),
  ];
}
