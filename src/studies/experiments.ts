/**
 * The experiments of all studies by name.
 * @module
 */
import { type AblationCheck } from '../causal/ablation-check.js';
import { aboutText } from '../causal/ask.js';
import { type Experiment } from '../causal/experiment.js';
import { targetLabel } from '../causal/sweep.js';
import { templateExperiments } from '../causal/template-experiments.js';
import { InputError, suggest } from '../input-error.js';
import { type Task, isTemplateTask } from '../tasks/index.js';
import { studies, studyNamed } from './registry.js';

/** Every patching experiment. */
export const experiments: readonly Experiment[] = studies.flatMap((study) => study.experiments);

/** The patching experiments of a task: those of its study, or those that follow from its template. */
const patchingOf = (task: Task | string): readonly Experiment[] =>
  typeof task !== 'string' && isTemplateTask(task)
    ? templateExperiments(task)
    : experiments.filter((experiment) => experiment.task.name === nameOf(task));

const nameOf = (task: Task | string): string => (typeof task === 'string' ? task : task.name);

/**
 * The experiment of a task with a name.
 * @throws InputError with a suggestion, or naming the task that it belongs to
 */
export function experimentNamed(name: string, task: Task | string): Experiment {
  const own = patchingOf(task);
  const found = own.find((experiment) => experiment.name === name);
  if (found !== undefined) return found;
  const elsewhere = experiments.find((experiment) => experiment.name === name);
  if (elsewhere !== undefined) {
    throw new InputError(
      `"${name}" is an experiment of ${elsewhere.task.name}, not of ${nameOf(task)}: give --task ${elsewhere.task.name}.`,
    );
  }
  if (own.length === 0)
    throw new InputError(
      `${nameOf(task)} has no experiments: its template needs an answer and a contrast, as in answer: " {IO}" and contrast: { redraw: [A, B] }.`,
    );
  const names = own.map((experiment) => experiment.name);
  throw new InputError(
    `Unknown experiment "${name}".${suggest(name, names)} Experiments of ${nameOf(task)}: ${names.join(', ')}.`,
  );
}

/** The mean ablation of a task with a name; null where it has none. */
export const ablationNamed = (name: string, task: Task | string): AblationCheck | null =>
  ablationsOf(task).find((check) => check.name === name) ?? null;

/** A template has none. */
const ablationsOf = (task: Task | string): readonly AblationCheck[] =>
  typeof task !== 'string' && isTemplateTask(task) ? [] : studyNamed(nameOf(task)).ablations;

/** An experiment as a list shows it. */
export interface ListedExperiment {
  readonly name: string;
  readonly about: string;
  /** What is patched, `site@place`, in forward order. */
  readonly sites: string;
}

/** The experiments of a task, then its mean ablations. */
export function experimentsOf(task: Task | string): ListedExperiment[] {
  const targets = ({ steps, map }: Experiment): string[] =>
    map === undefined
      ? steps.map((step) => step.map(({ site, place }) => targetLabel(site, place)).join(' + '))
      : [`${map.sites.length} sites`, ...map.places.map((place) => `@${place}`)];
  return [
    ...patchingOf(task).map((experiment) => ({
      name: experiment.name,
      about: aboutText(experiment),
      sites: targets(experiment).join(', '),
    })),
    ...ablationsOf(task).map(({ name, about, site, place }) => ({
      name,
      about,
      sites: targetLabel(site, place),
    })),
  ];
}
