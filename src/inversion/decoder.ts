/**
 * A trained decoder and the sequences it speaks in.
 * @module
 */
import { capability } from '../tasks/capabilities.js';
import { GraphError, type Value, constant } from '../engine/index.js';
import { type DecoderConfig } from '../models/decoder-config.js';
import { type ParameterSet } from '../models/weights/fingerprint.js';
import { hash32 } from '../random.js';
import { type Completion, type Origin, type Task } from '../tasks/task.js';

/** A decoder with its weights. */
export interface Decoder {
  readonly name: string;
  readonly config: DecoderConfig;
  readonly parameters: ParameterSet;
  /** The parameters as constants of a graph, made once. */
  parameter(name: string): Value;
}

/** Makes a decoder of its parts. */
export function makeDecoder(name: string, config: DecoderConfig, parameters: ParameterSet): Decoder {
  const values = new Map<string, Value>();
  return {
    name,
    config,
    parameters,
    parameter(wanted) {
      const known = values.get(wanted);
      if (known !== undefined) return known;
      const source = parameters.get(wanted);
      if (source === undefined) throw new GraphError(`decoder ${name}: parameter "${wanted}" is missing`);
      const value = constant({ dtype: 'float32', shape: source.shape, data: source.data });
      values.set(wanted, value);
      return value;
    },
  };
}

/** How the free tokens that a decoder says become inputs. @throws InputError for a task whose tokens are all free */
export const completionOf = (task: Task): Completion =>
  capability(task, 'completion', 'A decoder of free tokens');

/** Tokens that a decoder draws after BOS. */
export const drawnTokens = (task: Task, form: DecoderConfig['form']): number =>
  (form === 'completion' ? completionOf(task).maxFree : task.maxLength) - 1;

/**
 * The sequence a decoder models for an input: the whole of it, or its free tokens. What is no longer than free tokens
 * is a draw that could not be completed: every input is longer. It is given as it was drawn.
 */
export function spoken(task: Task, form: DecoderConfig['form'], ids: readonly number[]): readonly number[] {
  if (form === 'plain') return ids;
  const { maxFree, toFree } = completionOf(task);
  return ids.length <= maxFree ? ids : toFree(ids);
}

/**
 * How each token of a sequence comes about under a decoder; null for one that it cannot say. In the plain form it says
 * every token but BOS, as it does of a draw that could not be completed.
 */
export function originsOf(
  task: Task,
  form: DecoderConfig['form'],
  ids: readonly number[],
): readonly Origin[] | null {
  if (spoken(task, form, ids) !== ids) return completionOf(task).origins(ids);
  // What ends before all free tokens are there was written, not drawn.
  if (form === 'completion' && ids.length < completionOf(task).maxFree && ids.at(-1) === task.eos)
    return null;
  return ids.map((id, at) => (at === 0 ? { kind: 'fixed' } : { kind: 'said', steps: [{ at, among: [id] }] }));
}

/**
 * The word that draws the order of a candidate: a hash of the uniform numbers that drew its tokens, so that these alone
 * decide the candidate.
 * @param uniforms of one candidate
 */
export function orderWord(uniforms: Float32Array): number {
  const words = new Uint32Array(uniforms.buffer, uniforms.byteOffset, uniforms.length);
  return words.reduce((hash, word) => hash32(hash, word), 0);
}

/**
 * The input that drawn tokens stand for.
 * @param drawn what a decoder drew after BOS
 * @param order a 32-bit word that draws what the task draws, see {@link Completion.complete}
 * @returns ids from BOS on; what could not be completed or did not end is given as far as it goes
 */
export function heard(
  task: Task,
  form: DecoderConfig['form'],
  drawn: ArrayLike<number>,
  order = 0,
): number[] {
  const ids = [task.bos];
  const completion = form === 'completion' ? completionOf(task) : null;
  for (let at = 0; at < drawn.length; at++) {
    ids.push(drawn[at] ?? task.pad);
    if (completion?.done(ids) === true) return completion.complete(ids, order) ?? ids;
    if (completion === null && ids.at(-1) === task.eos) return ids;
  }
  return ids;
}
