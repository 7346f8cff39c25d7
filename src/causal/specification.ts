/**
 * A patching question that a person writes into a file: inputs, their contrasts, sites, positions, metric.
 *
 * ```json
 * {
 *   "inputs": ["615+861=1476", "123+456=579"],
 *   "contrasts": ["215+861=1076", "123+856=979"],
 *   "sites": ["a0.0", "a0.1", "x0.post"],
 *   "positions": ["=", "A1"],
 *   "metric": "logit-difference"
 * }
 * ```
 * @module
 */
import { capability } from '../tasks/capabilities.js';
import { z } from 'zod';
import { InputError, suggest } from '../input-error.js';
import { placeName, resolvePosition } from '../tasks/positions.js';
import { type Task } from '../tasks/task.js';
import { type MetricName, metricNames } from './metric.js';
import { pairedByTask, pairedPlaces } from './pairs.js';
import { type PatchCase, type Target } from './patch.js';
import { type SweepPosition, targetLabel } from './sweep.js';

const texts = z.array(z.string()).min(1);
const place = z.union([z.string(), z.number().int()]);

const specificationSchema = z.strictObject({
  /** Inputs as the task writes them. */
  inputs: texts,
  /** One for each input, or one for all of them. They need not be inputs of the task. */
  contrasts: texts,
  /** Every site at every position is a target, unless targets are given one by one. */
  sites: texts.optional(),
  /** Place names, or indices into the tokens (negative from the end). */
  positions: z.array(place).min(1).optional(),
  targets: z
    .array(z.strictObject({ site: z.string(), position: place }))
    .min(1)
    .optional(),
  /** Sets of targets patched together, each target as `site@position`; unless given, one after another. */
  sets: z.array(texts).min(1).optional(),
  metric: z.enum(metricNames as [MetricName, ...MetricName[]]).default('logit-difference'),
  /** Place or index of the token that is answered; unless given, the first answer token that differs. */
  answer: place.optional(),
});

/** What such a file says. */
export type Specification = z.infer<typeof specificationSchema>;

/**
 * Takes a specification from parsed JSON.
 * @param name what to call it in an error: the file's name
 * @throws InputError naming the field that is wrong
 */
export function parseSpecification(value: unknown, name: string): Specification {
  const parsed = specificationSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = issue === undefined || issue.path.length === 0 ? 'the whole' : issue.path.join('.');
    throw new InputError(`${name} is no patching question: ${field}: ${issue?.message ?? 'unknown fault'}.`);
  }
  const { inputs, contrasts, targets, sites, positions } = parsed.data;
  if (contrasts.length !== 1 && contrasts.length !== inputs.length) {
    throw new InputError(
      `${name}: ${inputs.length} inputs and ${contrasts.length} contrasts; give one for each, or one for all.`,
    );
  }
  if (targets !== undefined && (sites !== undefined || positions !== undefined)) {
    throw new InputError(`${name}: give either targets, or sites and positions.`);
  }
  return parsed.data;
}

/**
 * The pairs of a specification.
 * @throws InputError for text that cannot be read, or a contrast that does not change the answer
 */
export function specifiedCases(
  task: Task,
  { inputs, contrasts, answer }: Pick<Specification, 'inputs' | 'contrasts' | 'answer'>,
): PatchCase[] {
  return inputs.map((text, at) => {
    const other = contrasts[contrasts.length === 1 ? 0 : at] ?? '';
    const [clean, contrast] = [task.encode(text), task.encode(other)];
    const paired = answer === undefined ? pairedByTask(task, clean, contrast) : null;
    if (paired !== null) return paired;
    const [answerAt, contrastAnswerAt] =
      answer === undefined
        ? differing(task, clean, contrast)
        : [resolvePosition(task, clean, answer), resolvePosition(task, contrast, answer)];
    return { clean, contrast, answerAt, contrastAnswerAt };
  });
}

/** Indices of the first answer token in which two inputs differ. */
function differing(task: Task, clean: readonly number[], contrast: readonly number[]): [number, number] {
  const { determined } = capability(task, 'answer', 'A question of patching');
  const [own, others] = [determined(clean), determined(contrast)];
  const at = own.findIndex((index, k) => clean[index] !== contrast[others[k] ?? -1]);
  const [answerAt, contrastAnswerAt] = [own[at], others[at]];
  if (answerAt !== undefined && contrastAnswerAt !== undefined) return [answerAt, contrastAnswerAt];
  throw new InputError(
    `${task.decode(contrast)} does not change the answer of ${task.decode(clean)}: another contrast, or an "answer" place, is needed.`,
  );
}

/**
 * A position in each pair. A place is looked up by name in either input; an index must have the same name in both.
 * @throws InputError where an input does not have it, or the two do not align
 */
export function specifiedPosition(
  task: Task,
  cases: readonly PatchCase[],
  spec: string | number,
): SweepPosition {
  const positions: number[] = [];
  const sources: number[] = [];
  for (const { clean, contrast } of cases) {
    const paired = pairedPlaces(task, { clean, contrast }).find(({ name }) => name === spec);
    if (paired !== undefined) {
      positions.push(paired.index);
      sources.push(paired.source);
      continue;
    }
    const to = resolvePosition(task, clean, spec);
    const from = resolvePosition(task, contrast, spec);
    const [here, there] = [placeName(task, clean, to), placeName(task, contrast, from)];
    if (here !== there) {
      throw new InputError(
        `${task.decode(clean)} and ${task.decode(contrast)} do not align: position ${spec} is ` +
          `${here ?? 'a token without a name'} in one and ${there ?? 'a token without a name'} in the other. Name the place.`,
      );
    }
    positions.push(to);
    sources.push(from);
  }
  return { name: String(spec), positions, sources };
}

/** Places that every input and contrast has, up to the one at which the answer is predicted. */
export function sharedPlaces(task: Task, cases: readonly PatchCase[]): SweepPosition[] {
  const [head] = cases;
  if (head === undefined) return [];
  const named = cases.map((own) => new Map(pairedPlaces(task, own).map((place) => [place.name, place])));
  const shared = ({ name }: { name: string }): boolean =>
    cases.every(({ answerAt }, at) => (named[at]?.get(name)?.index ?? Infinity) < answerAt);
  return task
    .places(head.clean)
    .filter(shared)
    .map(({ name }) => ({
      name,
      positions: named.map((places) => places.get(name)?.index ?? 0),
      sources: named.map((places) => places.get(name)?.source ?? 0),
    }));
}

/**
 * Sets by their targets' labels.
 * @throws InputError with a suggestion for a target that is not there
 */
export function specifiedSets(sets: readonly (readonly string[])[], targets: readonly Target[]): number[][] {
  const labels = targets.map(({ label }) => label);
  return sets.map((set) =>
    set.map((label) => {
      const index = labels.indexOf(label);
      if (index >= 0) return index;
      throw new InputError(
        `No target "${label}".${suggest(label, labels)} Targets are named ${targetLabel('site', 'position')}.`,
      );
    }),
  );
}
