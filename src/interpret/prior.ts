/**
 * What is known of an input before any activation is read: the distribution of each feature over the inputs of a
 * task. All inputs are gone through where a task has them in its data; elsewhere so many are drawn.
 * @module
 */
import { capability } from '../tasks/capabilities.js';
import { randomFor } from '../random.js';
import { type Feature, type FeatureValue, featureValue } from '../tasks/feature.js';
import { type Sketch, type Task } from '../tasks/task.js';

/** Inputs drawn where they cannot all be gone through. */
const drawnInputs = 40_000;

/** Features as numbers: a value's number is the order in which it was first met. */
export interface FeatureTable {
  readonly feature: Feature;
  /** The value of a number. */
  readonly values: readonly FeatureValue[];
  /** By input of the prior. */
  readonly codes: Int32Array;
  /** Number of a value, a new one for a value that no input of the prior has. */
  codeOf(value: FeatureValue): number;
}

/** Features over the inputs of a task, each input as likely as any other. */
export interface Prior {
  readonly task: Task;
  readonly inputs: number;
  /** Whether these are all inputs, in the order of the data, or drawn ones. */
  readonly complete: boolean;
  readonly tables: readonly FeatureTable[];
}

/** Goes through the inputs of a task. */
export function createPrior(task: Task, features: readonly Feature[] = task.features): Prior {
  const purpose = 'An amount of information';
  const data = task.enumeration?.kind === 'all' ? capability(task, 'data', purpose) : null;
  const inputs = data?.size ?? drawnInputs;
  const tables = features.map((feature) => emptyTable(feature, inputs));
  if (data !== null) {
    for (let input = 0; input < inputs; input++) {
      const ids = data.instance(input);
      for (const table of tables) table.codes[input] = table.codeOf(featureValue(task, table.feature, ids));
    }
    return { task, inputs, complete: true, tables };
  }
  const draw = drawing(task, purpose);
  // Of a few texts the same are drawn over and over.
  const met = new Map<string, number>();
  for (let input = 0; input < inputs; input++) {
    const drawn = draw();
    const first = firstOf(met, drawn.key, input);
    let ids: readonly number[] | null = null;
    const valueOf = (feature: Feature): FeatureValue => {
      const known = drawn.value(feature);
      return known === undefined ? featureValue(task, feature, (ids ??= drawn.ids())) : known;
    };
    for (const { feature, codes, codeOf } of tables)
      codes[input] = first === input ? codeOf(valueOf(feature)) : (codes[first] ?? 0);
  }
  return { task, inputs, complete: false, tables };
}

function firstOf(met: Map<string, number>, key: string, input: number): number {
  const known = met.get(key);
  if (known === undefined) met.set(key, input);
  return known ?? input;
}

/** Inputs one after the other; by their tokens where a task knows no quicker way. */
function drawing(task: Task, purpose: string): () => Sketch {
  const { draw, sketch } = capability(task, 'distribution', purpose);
  const random = randomFor(1, 'prior');
  if (sketch !== undefined) return () => sketch(random);
  return () => {
    const ids = draw(random);
    return { key: ids.join(), ids: () => ids, value: () => undefined };
  };
}

function emptyTable(feature: Feature, inputs: number): FeatureTable {
  const numbers = new Map<FeatureValue, number>();
  const values: FeatureValue[] = [];
  return {
    feature,
    values,
    codes: new Int32Array(inputs),
    codeOf(value) {
      const known = numbers.get(value);
      if (known !== undefined) return known;
      numbers.set(value, values.length);
      values.push(value);
      return values.length - 1;
    },
  };
}
