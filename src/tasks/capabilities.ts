/**
 * What only some tasks can do, asked for where it is needed.
 * @module
 */
import { InputError } from '../input-error.js';
import { type Task } from './task.js';

/** What a task must say to have each capability. */
const needs = {
  data: 'which inputs it has, by number',
  completion: 'which tokens of an input follow from the others',
  variation: 'which parts its inputs are made of',
  redraw: 'how an input is changed into another one',
  distribution: 'how likely an input is',
  answer: 'which tokens of an input are its answer',
  attended: 'where a head is read by what it attends to',
  isRare: 'which tokens are rare',
  enumeration: 'how its inputs are gone through one by one',
  model: 'how large its model is',
} as const satisfies Partial<Record<keyof Task, string>>;

/** The name of a capability. */
export type Capability = keyof typeof needs;

/** A task whose inputs are tokens of one alphabet, with all capabilities of such. */
export type CapableTask = Task &
  Required<Pick<Task, Exclude<Capability, 'variation' | 'attended' | 'isRare'>>>;

/**
 * A capability of a task.
 * @param purpose what needs it, as the subject of a sentence: `An exact preimage`
 * @throws InputError that says what the task would have to say
 * @example capability(addition, 'distribution', 'An amount of information').draw(random)
 */
export function capability<K extends Capability>(task: Task, name: K, purpose: string): NonNullable<Task[K]> {
  const own = task[name];
  if (own !== undefined) return own;
  throw new InputError(`${purpose} needs a task that says ${needs[name]}; ${task.name} does not.`);
}
