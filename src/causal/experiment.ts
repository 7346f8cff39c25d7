/**
 * Named patching experiments: which inputs of a task, contrasted how, patched where. An experiment is data and three
 * small functions; what runs it is the same for all.
 * @module
 */
import { capability } from '../tasks/capabilities.js';
import { InputError, suggest } from '../input-error.js';
import { type Random, hash32, randomFor } from '../random.js';
import { permute } from '../tasks/permutation.js';
import { type PairedPlace, type Task } from '../tasks/task.js';
import { pairedByTask, pairedPlaces } from './pairs.js';
import { type PatchCase, type Target } from './patch.js';
import { targetLabel } from './sweep.js';

/** A site at a named place: `a0.3` at `=`. */
export interface NamedTarget {
  readonly site: string;
  readonly place: string;
}

/** A recipe. */
export interface Experiment {
  readonly name: string;
  readonly task: Task;
  /** One line: what is changed, what is read. */
  readonly about: string;
  /** Conditions in words; empty for none. */
  readonly inputs: string;
  readonly contrasts: string;
  /** Sites and places of a map, each site patched at each place by itself; such an experiment has no steps. */
  readonly map?: { readonly sites: readonly string[]; readonly places: readonly string[] };
  /** Targets in forward order; those of a step are added together. */
  readonly steps: readonly (readonly NamedTarget[])[];
  /** Whether an input of the task takes part. */
  accepts(ids: readonly number[]): boolean;
  /** Draws a contrast input that meets the conditions and has another answer; null when none was found. */
  contrast(ids: readonly number[], random: Random): number[] | null;
  /** Index of the answer's token that is asked for, of an input or its contrast. */
  answerAt(ids: readonly number[]): number;
}

/** Draws before a contrast counts as impossible: where one in a hundred serves, failing is out of the question. */
export const mostDraws = 10_000;

/** Draws until `draw` gives what is wanted. */
export function drawUntil<T>(draw: () => T | null, tries = mostDraws): T | null {
  for (let i = 0; i < tries; i++) {
    const drawn = draw();
    if (drawn !== null) return drawn;
  }
  return null;
}

/**
 * Inputs of a task's test split in an order that belongs to the seed, each once.
 * @param most how many at the most
 * @param accepts which of them
 */
export function heldOut(
  task: Task,
  seed: number,
  most: number,
  accepts: (ids: readonly number[]) => boolean = () => true,
): number[][] {
  if (task.data === undefined && task.distribution !== undefined) return drawn(task, seed, most, accepts);
  const { splitSize, member } = capability(task, 'data', 'An experiment over held-out inputs');
  const all = splitSize.test;
  const key = hash32(hash32(seed >>> 0, Math.floor(seed / 2 ** 32)), 0xca5e);
  const found: number[][] = [];
  for (let rank = 0; rank < all && found.length < most; rank++) {
    const ids = member('test', permute(rank, all, key));
    if (accepts(ids)) found.push(ids);
  }
  return found;
}

/** Draws in a row that give nothing new before all there is counts as found. */
const mostInVain = 200;

/** Held-out inputs of a task whose inputs have no numbers: drawn, each once. */
function drawn(
  task: Task,
  seed: number,
  most: number,
  accepts: (ids: readonly number[]) => boolean,
): number[][] {
  const seen = new Set<string>();
  const found: number[][] = [];
  for (let number = 0, vain = 0; found.length < most && vain < mostInVain; number++) {
    const ids = task.sample(randomFor(seed, 'held out', number), 'test');
    if (seen.has(ids.join())) vain++;
    else {
      vain = 0;
      seen.add(ids.join());
      if (accepts(ids)) found.push(ids);
    }
  }
  return found;
}

/**
 * Draws the cases of an experiment from the test split.
 * @param most inputs; fewer where fewer meet the condition
 * @param each contrasts of each input, one after another; a contrast rests on the seed and its numbers alone
 * @throws InputError when no input does, or one has no contrast
 */
export function drawCases(experiment: Experiment, most: number, seed: number, each = 1): PatchCase[] {
  const { task, name, inputs } = experiment;
  const found = heldOut(task, seed, most, (ids) => experiment.accepts(ids));
  if (found.length === 0)
    throw new InputError(`${name}: no input of the test split meets its condition (${inputs}).`);
  return found.flatMap((clean, item) =>
    Array.from({ length: each }, (_, number): PatchCase => {
      const random = randomFor(seed, 'contrast', item, number);
      const contrast = experiment.contrast(clean, random);
      if (contrast === null) {
        throw new InputError(`${name}: no contrast of ${task.decode(clean)} meets its condition.`);
      }
      const paired = pairedByTask(task, clean, contrast);
      if (paired !== null) return paired;
      const [answerAt, contrastAnswerAt] = [experiment.answerAt(clean), experiment.answerAt(contrast)];
      return { clean, contrast, answerAt, contrastAnswerAt };
    }),
  );
}

/**
 * A named place in a case's two inputs.
 * @throws InputError where one of them does not have it
 */
export function placeIn(task: Task, ids: readonly number[], place: string): number {
  const places = task.places(ids);
  const found = places.find(({ name }) => name === place);
  if (found !== undefined) return found.index;
  const names = places.map(({ name }) => name);
  throw new InputError(
    `No place "${place}" in ${task.decode(ids)}.${suggest(place, names)} Places: ${names.join(', ')}.`,
  );
}

/**
 * A named place in the two inputs of a case.
 * @throws InputError where one of them does not have it
 */
export function pairedPlace(
  task: Task,
  { clean, contrast }: Pick<PatchCase, 'clean' | 'contrast'>,
  place: string,
): PairedPlace {
  const found = pairedPlaces(task, { clean, contrast }).find(({ name }) => name === place);
  if (found !== undefined) return found;
  const index = placeIn(task, clean, place);
  if (task.pairing === undefined) return { name: place, index, source: placeIn(task, contrast, place) };
  throw new InputError(
    `No place "${place}" in ${task.decode(contrast)}, held against ${task.decode(clean)}.`,
  );
}

/** The target of a named place in each case. */
export function targetAt(task: Task, cases: readonly PatchCase[], { site, place }: NamedTarget): Target {
  const paired = cases.map((own) => pairedPlace(task, own, place));
  return {
    site,
    label: targetLabel(site, place),
    positions: paired.map(({ index }) => index),
    sources: paired.map(({ source }) => source),
  };
}
