/**
 * The patching experiments that follow from a template: every head at each named place, from a contrast as the template
 * says it. The logit difference is that of the answer and what the template holds against it.
 * @module
 */
import { type TemplateTask } from '../tasks/index.js';
import { InputError } from '../input-error.js';
import { type Experiment } from './experiment.js';

/** The experiments of a template task; none where it has no answer or no contrast. */
export function templateExperiments(task: TemplateTask): Experiment[] {
  const { fresh, redraw } = task.contrasts;
  if (task.answer === undefined) return [];
  return [
    ...(fresh.length > 0 ? [freshExperiment(task)] : []),
    ...(redraw.length > 0
      ? [redrawExperiment(task, null, fresh.length > 0 ? 'heads-redrawn' : 'heads')]
      : []),
  ];
}

function freshExperiment(task: TemplateTask): Experiment {
  const { fresh, drawFresh } = task.contrasts;
  return {
    ...common(task),
    name: 'heads',
    about: `each head by itself, from a text of the same pattern with other fillers in ${listed(fresh)}, all different`,
    contrast: drawFresh,
  };
}

/**
 * An experiment whose contrasts are other texts of the task.
 * @param parts what is drawn anew; null for what the template says, and the choices between it
 * @throws InputError for a template without an answer
 */
export function redrawExperiment(
  task: TemplateTask,
  parts: readonly string[] | null,
  name = 'heads-redrawn',
): Experiment {
  if (task.answer === undefined)
    throw new InputError(`${task.name} cannot be patched: its template says no answer.`);
  const { redraw, redrawn } = task.contrasts;
  return {
    ...common(task),
    name,
    about: `each head by itself, from another text of ${task.name} with ${listed(parts ?? redraw)} drawn anew`,
    contrast: (ids, random) => redrawn(ids, parts ?? task.variation.usual(ids), random),
  };
}

/** What they have in common: every input takes part, and what is patched is a map of heads. */
function common(task: TemplateTask): Omit<Experiment, 'name' | 'about' | 'contrast'> {
  const heads = task.sites.filter((site) => /\.hook_result\.\d+$/.test(site));
  return {
    task,
    inputs: '',
    contrasts: '',
    steps: [],
    map: {
      sites: heads.length > 0 ? heads : task.sites,
      places: task.texts.template.positions ?? [],
    },
    accepts: () => true,
    answerAt: (ids) => task.answer?.determined(ids)[0] ?? 0,
  };
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
