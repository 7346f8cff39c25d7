/**
 * Which of a template's texts are asked where a figure is wanted over many.
 * @module
 */
import { randomFor } from '../../random.js';
import { type TemplateTask } from './template-task.js';

/** Texts, and whether they are all there are. */
export interface AskedTexts {
  /** Ids from BOS to EOS, each text once. */
  readonly inputs: readonly (readonly number[])[];
  readonly all: boolean;
}

/** How texts are chosen. */
export interface TextChoice {
  /** How many at most. */
  readonly count: number;
  /** Draws them where there are more. */
  readonly seed: number;
  /** Takes those of the test split alone: of a model that has learned from the others. */
  readonly heldOut: boolean;
  /** Which take part; all unless given. */
  accepts?(ids: readonly number[]): boolean;
}

/** Draws a text that is accepted for each one that is asked for. */
const drawsEach = 50;

/** All texts of a template where it has no more fillings than are asked for, else draws of its test split, each text once. */
export function askedTexts(
  task: TemplateTask,
  { count, seed, heldOut, accepts = () => true }: TextChoice,
): AskedTexts {
  const { texts } = task;
  const found = new Map<string, readonly number[]>();
  if (texts.size <= count && !heldOut) {
    for (let at = 0; at < texts.size; at++) {
      const ids = task.encode(texts.write(texts.at(at)).text);
      if (accepts(ids)) found.set(ids.join(), ids);
    }
    return { inputs: [...found.values()], all: true };
  }
  for (let at = 0; at < count; at++) {
    const random = randomFor(seed, 'answers', at);
    for (let draw = 0; draw < drawsEach; draw++) {
      const ids = task.sample(random, 'test');
      if (!accepts(ids)) continue;
      found.set(ids.join(), ids);
      break;
    }
  }
  return { inputs: [...found.values()], all: false };
}
