/**
 * Tokens of a task as strings, and back.
 * @module
 */
import { type Task } from './task.js';

/** One readable string for each id. */
export const tokensOf = ({ tokenizer }: Task, ids: readonly number[]): string[] => tokenizer.tokens(ids);

/** The readable string of one id. */
export const tokenOf = (task: Task, id: number): string => tokensOf(task, [id])[0] ?? '';

/** How many tokens the probed model knows. */
export const tokenCount = ({ tokenizer }: Task): number => tokenizer.vocabulary.length;

/** Index of the first EOS or PAD after the beginning; the number of ids where there is none. EOS may be BOS too. */
export function endOf({ eos, pad }: Pick<Task, 'eos' | 'pad'>, ids: readonly number[]): number {
  const end = ids.findIndex((id, at) => at > 0 && (id === eos || id === pad));
  return end < 0 ? ids.length : end;
}

const numbered = new WeakMap<Task['tokenizer'], ReadonlyMap<string, number>>();

/** Ids of tokens that {@link tokensOf} gave; null for what is no token of the task. */
export function idsOfTokens({ tokenizer }: Task, tokens: readonly string[]): (number | null)[] {
  let ids = numbered.get(tokenizer);
  if (ids === undefined) {
    const all = tokenizer.vocabulary.map((_, id) => id);
    ids = new Map(tokenizer.tokens(all).map((token, id) => [token, id]));
    numbered.set(tokenizer, ids);
  }
  return tokens.map((token) => ids.get(token) ?? null);
}
