/**
 * A trained decoder and the sequences it speaks in.
 * @module
 */
import { capability } from '../tasks/capabilities.js';
import { GraphError, type Value, constant } from '../engine/index.js';
import { type DecoderConfig } from '../models/decoder-config.js';
import { type ParameterSet } from '../models/weights/fingerprint.js';
import { InputError } from '../input-error.js';
import { quote } from '../printable.js';
import { hash32 } from '../random.js';
import { type Completion, type Origin, type Task } from '../tasks/task.js';
import { tokenCount } from '../tasks/tokens.js';

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

type Form = DecoderConfig['form'];

/**
 * The symbols that a decoder says. They are the probed model's tokens unless the task has symbols of its own for what is
 * free in its inputs, or names the few tokens that its inputs use.
 */
export interface Symbols {
  /** How many there are. */
  readonly size: number;
  /** Stands before what is said, as BOS does. */
  readonly begin: number;
  /** Fills up shorter sequences; nobody reads it. */
  readonly pad: number;
}

/** The symbols of a form. */
export function symbolsOf(task: Task, form: Form): Symbols {
  if (form === 'completion') {
    const { alphabet } = completionOf(task);
    if (alphabet !== undefined) return { size: alphabet.size, begin: alphabet.begin, pad: alphabet.begin };
  }
  const used = form === 'plain' ? numbersOf(task) : null;
  if (used === null) return { size: tokenCount(task), begin: task.bos, pad: task.pad };
  return { size: used.size, begin: used.get(task.bos) ?? 0, pad: used.get(task.pad) ?? 0 };
}

const numbered = new WeakMap<Task, ReadonlyMap<number, number>>();

/** Symbols of the tokens that a task's inputs use; null where they are the model's. */
function numbersOf(task: Task): ReadonlyMap<number, number> | null {
  if (task.usedTokens === undefined) return null;
  const known = numbered.get(task) ?? new Map(task.usedTokens().map((id, symbol) => [id, symbol]));
  numbered.set(task, known);
  return known;
}

/** Tokens that a decoder draws after the first. */
export const drawnTokens = (task: Task, form: Form): number =>
  (form === 'completion' ? completionOf(task).maxFree : task.maxLength) - 1;

/**
 * The sequence a decoder models for an input: the whole of it, or its free tokens. Where these are tokens of the model,
 * what is no longer than they are is a draw that could not be completed: every input is longer. It is given as it was drawn.
 * @throws InputError for a token that has no symbol
 */
export function sequenceOf(task: Task, form: Form, ids: readonly number[]): readonly number[] {
  if (form === 'plain') {
    const used = numbersOf(task);
    return used === null ? ids : ids.map((id) => used.get(id) ?? unused(task, ids));
  }
  const { maxFree, toFree, alphabet } = completionOf(task);
  return alphabet === undefined && ids.length <= maxFree ? ids : toFree(ids);
}

/** @throws InputError for what has no symbol */
function unused(task: Task, ids: readonly number[]): never {
  throw new InputError(
    `${quote(task.decode(ids))} has a token that texts of ${task.name} were not found to use: take a decoder of completed inputs.`,
  );
}

/**
 * How each token of a sequence comes about under a decoder; null for one that it cannot say. In the plain form it says
 * every token but BOS, as it does of a draw that could not be completed.
 */
export function originsOf(task: Task, form: Form, ids: readonly number[]): readonly Origin[] | null {
  if (form === 'completion') {
    const { maxFree, origins, alphabet } = completionOf(task);
    if (alphabet !== undefined || ids.length > maxFree) return origins(ids);
    // What ends before all free tokens are there was written, not drawn.
    if (ids.length < maxFree && ids.at(-1) === task.eos) return null;
  }
  const used = form === 'plain' ? numbersOf(task) : null;
  if (used !== null && ids.some((id) => !used.has(id))) return null;
  return ids.map((id, at) =>
    at === 0 ? { kind: 'fixed' } : { kind: 'said', steps: [{ at, among: [used?.get(id) ?? id] }] },
  );
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
 * The input that drawn symbols stand for.
 * @param drawn what a decoder drew after the first
 * @param order a 32-bit word that draws what the task draws, see {@link Completion.complete}
 * @returns ids from BOS on; what could not be completed or did not end is given as far as it goes: as BOS alone where
 *   symbols are no tokens
 */
export function inputOf(task: Task, form: Form, drawn: ArrayLike<number>, order = 0): number[] {
  if (form === 'plain') {
    const own = task.usedTokens?.();
    const ids = [task.bos];
    for (let at = 0; at < drawn.length; at++) {
      const symbol = drawn[at] ?? 0;
      ids.push(own === undefined ? symbol : (own[symbol] ?? task.pad));
      if (ids.at(-1) === task.eos) break;
    }
    return ids;
  }
  const completion = completionOf(task);
  const free = [completion.alphabet?.begin ?? task.bos];
  for (let at = 0; at < drawn.length; at++) {
    free.push(drawn[at] ?? task.pad);
    if (completion.done(free))
      return completion.complete(free, order) ?? (completion.alphabet === undefined ? free : [task.bos]);
  }
  return completion.alphabet === undefined ? free : [task.bos];
}
