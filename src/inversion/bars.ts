/**
 * Rounds that rest on what earlier rounds drew: rare symbols that were drawn often enough at a place are barred there, so
 * that a round finds what the others have not (METHOD §4).
 * @module
 */
import { type DecoderConfig } from '../models/decoder-config.js';
import { InputError } from '../input-error.js';
import { capability } from '../tasks/capabilities.js';
import { type SamplingRound, type Task } from '../tasks/task.js';
import { symbolsOf } from './decoder.js';

/** What is added to the logit of a barred symbol: its probability is 0 at any temperature. */
const barred = -1e9;

/** What rounds of one query have drawn, by place. */
export interface Drawn {
  /** @param symbols `[rows · tokens]`, what followed the first */
  add(symbols: Int32Array): void;
  /**
   * What is added to logits, `[tokens · symbols]`.
   * @param repeats how often a rare symbol may have been drawn at a place
   */
  bars(repeats: number): Float32Array;
}

/**
 * Counts what is drawn.
 * @param tokens drawn a candidate
 * @throws InputError for a task that does not say which tokens are rare, or which symbols of its own are
 */
export function countDrawn(task: Task, form: DecoderConfig['form'], tokens: number): Drawn {
  const alphabet = form === 'completion' ? task.completion?.alphabet : undefined;
  if (alphabet === undefined) capability(task, 'isRare', 'A round with repeats');
  else if (alphabet.isRare === undefined)
    throw new InputError('A round with repeats needs a decoder of the plain form: it bars rare tokens.');
  const used = form === 'plain' ? task.usedTokens?.() : undefined;
  const isRare = (symbol: number): boolean =>
    (alphabet === undefined ? task.isRare?.(used?.[symbol] ?? symbol) : alphabet.isRare?.(symbol)) === true;
  const { size } = symbolsOf(task, form);
  const counts = new Uint32Array(tokens * size);
  return {
    add(symbols) {
      symbols.forEach((symbol, at) => {
        const cell = (at % tokens) * size + symbol;
        counts[cell] = (counts[cell] ?? 0) + 1;
      });
    },
    bars(repeats) {
      const out = new Float32Array(counts.length);
      counts.forEach((count, cell) => {
        if (count <= repeats) return;
        const symbol = cell % size;
        if (isRare(symbol)) out[cell] = barred;
      });
      return out;
    },
  };
}

/** Rows that are drawn without waiting for one another. */
export interface Stage {
  /** Number of the first row, and of the one behind the last. */
  readonly start: number;
  readonly end: number;
  /** How often a rare symbol may have been drawn at a place before it; null where that is no matter. */
  readonly repeats: number | null;
}

/** Rounds by what they wait for: one with `repeats` waits for all before it. */
export function stagesOf(rounds: readonly SamplingRound[]): Stage[] {
  const stages: Stage[] = [];
  let end = 0;
  for (const { candidates, repeats = null } of rounds) {
    const last = stages.at(-1);
    const start = end;
    end += candidates;
    if (last !== undefined && repeats === null && last.repeats === null) {
      stages[stages.length - 1] = { ...last, end };
    } else {
      stages.push({ start, end, repeats: start === 0 ? null : repeats });
    }
  }
  return stages;
}
