/**
 * Activation patching: run a clean and a contrast input, put activations of the contrast run into the clean run, and
 * see what that does to the answer. One function, {@link patch}, does all of it: any sites of the model at any
 * positions, any sets of them, measured by any metric, over any number of pairs of inputs. The rest of this folder
 * decides what to ask it.
 *
 * Every figure comes with what it is to be compared with: the clean and the contrast run's own values, a standard
 * error over the pairs, and in how many pairs the patch changed any logit at all.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { InputError, suggest } from '../input-error.js';
import { type HookedModel, cacheNames } from '../models/hooked-model.js';
import { fullName, shortName } from '../models/hooks.js';
import { type Estimate, estimate } from './estimate.js';
import { type Answers, type Metric } from './metric.js';
import {
  type Block,
  type Move,
  type Moves,
  type PatcherRun,
  agree,
  batchFor,
  copiesFor,
  createPatcher,
  isMovable,
} from './patcher.js';

/** A clean input and the one it is contrasted with. */
export interface PatchCase {
  /** Token ids from BOS on. */
  readonly clean: readonly number[];
  readonly contrast: readonly number[];
  /** Index of the answer's token in each of them; what is measured are the logits one place before. */
  readonly answerAt: number;
  readonly contrastAnswerAt: number;
  /** Token that the answer is held against; the contrast's own answer unless given. */
  readonly against?: number;
}

/** A site at a position of each case. */
export interface Target {
  /** Hook name, in full or short; heads by themselves: `a0.3`. */
  readonly site: string;
  /** How to call it in tables and messages: `a0.3@=`. */
  readonly label: string;
  /** Index into the clean input, for each case. */
  readonly positions: readonly number[];
  /** Where in the contrast input its replacement is taken, for each case; the same index unless given. */
  readonly sources?: readonly number[];
}

/** What is asked. */
export interface PatchQuestion {
  readonly cases: readonly PatchCase[];
  /** What shorter inputs are filled up with. */
  readonly pad: number;
  readonly targets: readonly Target[];
  /** Sets of targets patched together, as indices into `targets`. */
  readonly sets: readonly (readonly number[])[];
  readonly metric: Metric;
  /**
   * How many cases in a row are of one input, each with a contrast of its own: their figures are averaged first, and
   * an input counts once in what follows. 1 unless given.
   */
  readonly each?: number;
  /** Cases run at once; the model's size decides unless given. */
  readonly batch?: number;
  /** Called with how many of all patched runs, one a case and distinct set, are done. */
  readonly onProgress?: (done: number, all: number) => void;
  /** Called after each run of a set what it comes to so far, over the inputs that were run. */
  readonly onSet?: (soFar: SoFar) => void;
  /** Stops between two runs, and `patch` throws its reason. */
  readonly signal?: AbortSignal;
}

/** What is known of a set, and of the baselines, before all cases have been run. */
export interface SoFar {
  /** Index into the question's sets. */
  readonly index: number;
  readonly set: SetResult;
  readonly clean: Estimate;
  readonly contrast: Estimate;
}

/** What patching one set did. */
export interface SetResult {
  readonly targets: readonly number[];
  /** Mean over the inputs, in the metric's unit; positive where the patch took from the answer. */
  readonly effect: Estimate;
  /** Of each input, in order. */
  readonly effects: Float64Array;
  /** Share of the cases in which any logit at the measured place changed, 0 … 1. */
  readonly changed: number;
}

/** The answer to a question. */
export interface PatchResult {
  /** Inputs. */
  readonly n: number;
  readonly metric: Metric;
  /** The metric in the clean runs, and in the contrast runs (with the clean case's answers). */
  readonly clean: Estimate;
  readonly contrast: Estimate;
  /** In the order asked. */
  readonly sets: readonly SetResult[];
  /** Sentences a person should see first. */
  readonly warnings: readonly string[];
}

/**
 * Patches every set in every case; equal sets are run once.
 * @throws InputError for no cases, an unknown site, a position that an input does not have, or, for the logit
 *   difference, a contrast that has the same answer
 */
export async function patch(
  runtime: Runtime,
  model: HookedModel,
  question: PatchQuestion,
): Promise<PatchResult> {
  const { cases, metric, each = 1 } = question;
  const targets = checked(model, question);
  const answers = cases.map(answersOf);
  const places = placesNeeded(question);
  const sites = [...new Set(targets.map(({ site }) => site))];
  const distinct = new Map<string, Running>();
  question.sets.forEach((set, index) => {
    if (!distinct.has(keyOf(set)))
      distinct.set(keyOf(set), { index, set, effects: new Float64Array(cases.length), changed: 0 });
  });
  const batch = question.batch ?? batchFor(model, sites.length, places, cases.length);
  const patcher = createPatcher(runtime, model, {
    sites,
    places,
    pad: question.pad,
    batch,
    copies: copiesFor(model, batch, places, distinct.size),
  });
  const clean = new Float64Array(cases.length);
  const contrast = new Float64Array(cases.length);
  /** Of the inputs all of whose cases have been run. */
  const sofar = (values: Float64Array, end: number): Float64Array =>
    averaged(values.subarray(0, end - (end % each)), each);
  try {
    for (let start = 0; start < cases.length; start += batch) {
      const end = Math.min(cases.length, start + batch);
      const part = cases.slice(start, end);
      const block: Block = {
        inputs: part.map((one) => one.clean),
        reads: part.map(({ answerAt }) => [answerAt - 1]),
      };
      question.signal?.throwIfAborted();
      const { recording, ...contrasted } = await patcher.record({
        inputs: part.map((one) => one.contrast),
        reads: part.map(({ contrastAnswerAt }) => [contrastAnswerAt - 1]),
      });
      // Every copy is held against its own row of a run of the same shape, so that what is equal is equal to the bit.
      const nothing = Array.from({ length: patcher.copies }, () => noMoves);
      const before = await patcher.run(block, recording, nothing);
      const value = (run: PatcherRun, row: number, copy = 0): number => {
        const at = copy * batch + row;
        return metric.value(logitsOf(run, at), logitsOf(before, at), answers[start + row] ?? noAnswers);
      };
      for (let row = 0; row < part.length; row++) {
        clean[start + row] = value(before, row);
        contrast[start + row] = metric.value(
          logitsOf(contrasted, row),
          logitsOf(before, row),
          answers[start + row] ?? noAnswers,
        );
      }
      const running = [...distinct.values()].map((into) => ({
        into,
        moves: movesOf(targets, into.set, part, start),
      }));
      let done = 0;
      for (const group of grouped(running, patcher.copies)) {
        question.signal?.throwIfAborted();
        const moves = group.map((one) => one.moves);
        const run = moves.every(({ size }) => size === 0)
          ? before
          : await patcher.run(block, recording, moves);
        for (const [copy, { into }] of group.entries()) {
          question.signal?.throwIfAborted();
          for (let row = 0; row < part.length; row++) {
            const own = logitsOf(before, copy * batch + row);
            into.effects[start + row] = metric.effect(value(before, row, copy), value(run, row, copy));
            if (logitsOf(run, copy * batch + row).some((logit, token) => logit !== own[token]))
              into.changed++;
          }
          if (question.onSet === undefined || end < each) continue;
          const effects = sofar(into.effects, end);
          question.onSet({
            index: into.index,
            set: { targets: into.set, effect: estimate(effects), effects, changed: into.changed / end },
            clean: estimate(sofar(clean, end)),
            contrast: estimate(sofar(contrast, end)),
          });
        }
        done += group.length;
        question.onProgress?.(start * distinct.size + done * part.length, cases.length * distinct.size);
      }
    }
  } finally {
    await patcher.dispose();
  }
  const sets = question.sets.map((set): SetResult => {
    const run = distinct.get(keyOf(set));
    return setResult(
      set,
      averaged(run?.effects ?? new Float64Array(), each),
      (run?.changed ?? 0) / cases.length,
    );
  });
  return {
    n: cases.length / each,
    metric,
    clean: estimate(averaged(clean, each)),
    contrast: estimate(averaged(contrast, each)),
    sets,
    warnings: warningsOf(question, sets),
  };
}

/** The token that the answer is held against. */
export const againstOf = ({ against, contrast, contrastAnswerAt }: PatchCase): number | undefined =>
  against ?? contrast[contrastAnswerAt];

/** The tokens between which a case decides. */
export const answersOf = (own: PatchCase): Answers => ({
  answer: own.clean[own.answerAt] ?? NaN,
  contrastAnswer: againstOf(own) ?? NaN,
});

interface Running {
  readonly index: number;
  readonly set: readonly number[];
  readonly effects: Float64Array;
  changed: number;
}

const keyOf = (set: readonly number[]): string => [...new Set(set)].sort((a, b) => a - b).join();

/** What a set did. @param effects of each input */
export const setResult = (targets: readonly number[], effects: Float64Array, changed: number): SetResult => ({
  targets,
  effect: estimate(effects),
  effects,
  changed,
});

/** Means of `each` numbers in a row. */
export function averaged(values: Float64Array, each: number): Float64Array {
  if (each === 1) return values;
  const out = new Float64Array(values.length / each);
  values.forEach(
    (value, at) => (out[Math.floor(at / each)] = (out[Math.floor(at / each)] ?? 0) + value / each),
  );
  return out;
}

/** Places up to the last one that is read or patched: no later one can reach what is measured. */
function placesNeeded({ cases, targets }: PatchQuestion): number {
  const read = cases.map(({ answerAt, contrastAnswerAt }) => Math.max(answerAt, contrastAnswerAt));
  const patched = targets.flatMap(({ positions, sources = [] }) => [...positions, ...sources]);
  return Math.max(most(read), most(patched) + 1);
}

const most = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), 0);

const logitsOf = ({ logits, vocabulary }: PatcherRun, row: number): Float32Array =>
  logits.subarray(row * vocabulary, (row + 1) * vocabulary);

const noAnswers: Answers = { answer: NaN, contrastAnswer: NaN };

const noMoves: Moves = new Map();

/** Whether clean and contrast input are the same up to the place patched, so that all activations there are too. */
export const sharesPast = (
  { clean, contrast }: Pick<PatchCase, 'clean' | 'contrast'>,
  to: number,
  from: number,
): boolean => from === to && clean.every((id, at) => at > to || id === contrast[at]);

/**
 * What a set exchanges in some cases of which the first is number `start`, by site. Where clean and contrast input are
 * the same up to a place, so are all activations there, and nothing is exchanged.
 */
function movesOf(
  targets: readonly Target[],
  set: readonly number[],
  cases: readonly PatchCase[],
  start: number,
): Moves {
  const moves = new Map<string, Move[]>();
  for (const index of new Set(set)) {
    const target = targets[index];
    if (target === undefined) continue;
    const own = moves.get(target.site) ?? [];
    cases.forEach((one, row) => {
      const to = target.positions[start + row] ?? 0;
      const from = target.sources?.[start + row] ?? to;
      if (!sharesPast(one, to, from)) own.push({ row, to, from });
    });
    if (own.length > 0) moves.set(target.site, own);
  }
  return moves;
}

/** Sets that are run together, at most `copies` of them, and those without exchanges together. */
function grouped<T extends { readonly moves: Moves }>(running: readonly T[], copies: number): T[][] {
  const idle = running.filter(({ moves }) => moves.size === 0);
  const groups: T[][] = [];
  for (let from = 0; from < idle.length; from += copies) groups.push(idle.slice(from, from + copies));
  let last: T[] = [];
  for (const one of running) {
    if (one.moves.size === 0) continue;
    const others = last.map(({ moves }) => moves);
    if (last.length === 0 || last.length === copies || !agree(one.moves, others)) groups.push((last = []));
    last.push(one);
  }
  return groups;
}

/** The targets with their sites' full names. @throws InputError for what cannot be patched */
export function checked(
  model: HookedModel,
  {
    cases,
    targets,
    sets,
    metric,
    each = 1,
  }: Pick<PatchQuestion, 'cases' | 'targets' | 'sets' | 'metric' | 'each'>,
): Target[] {
  if (cases.length === 0) throw new InputError('There is nothing to patch: no pair of inputs is left.');
  if (cases.length % each !== 0) throw new RangeError(`${cases.length} cases are not ${each} of each input`);
  const sites = cacheNames(model).filter((name) => name !== 'logits');
  cases.forEach((own, at) => {
    const { clean, contrast, answerAt, contrastAnswerAt, against } = own;
    const sides = [
      ['input', clean, answerAt],
      ['contrast input', contrast, contrastAnswerAt],
    ] as const;
    for (const [what, ids, index] of sides) {
      if (!Number.isInteger(index) || index < 1 || index >= ids.length) {
        throw new InputError(
          `Pair ${at + 1}: the ${what} of ${ids.length} tokens has no answer at ${index}.`,
        );
      }
      const bad = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= model.architecture.vocabulary);
      if (bad !== undefined) throw new InputError(`Pair ${at + 1}: token ${bad} is not in the vocabulary.`);
    }
    const { answer, contrastAnswer } = answersOf(own);
    if (metric.name === 'logit-difference' && answer === contrastAnswer) {
      throw new InputError(
        against === undefined
          ? `Pair ${at + 1}: the contrast input does not change the answer, so there is no logit difference; ` +
              'another contrast or the metric kl is needed.'
          : `Pair ${at + 1}: the answer and what it is held against begin with the same token, so there is no ` +
              'logit difference; the metric kl is needed.',
      );
    }
  });
  for (const index of sets.flat()) {
    if (targets[index] === undefined)
      throw new InputError(`A set asks for target ${index} of ${targets.length}.`);
  }
  return targets.map((target) => {
    const site = resolveHook(target.site, sites);
    cases.forEach(({ clean, contrast }, at) => {
      const to = target.positions[at] ?? -1;
      const from = target.sources?.[at] ?? to;
      if (to < 0 || to >= clean.length || from < 0 || from >= contrast.length) {
        throw new InputError(
          `Pair ${at + 1} does not align: ${target.label} is at ${to} of ${clean.length} tokens, ` +
            `and at ${from} of the ${contrast.length} of its contrast input.`,
        );
      }
      if (to !== from && !isMovable(site)) {
        throw new InputError(
          `Pair ${at + 1} does not align: rows of ${site} can only be patched between equal positions, ` +
            `not from ${from} to ${to}.`,
        );
      }
    });
    return { ...target, site };
  });
}

/** A hook of the model by full or short name. @throws InputError with a suggestion */
export function resolveHook(name: string, sites: readonly string[]): string {
  const full = fullName(name.trim());
  if (sites.includes(full)) return full;
  const near = suggest(name, [...sites.map(shortName), ...sites]);
  throw new InputError(
    `Unknown site "${name}".${near} Sites are named as a0.3 (layer 0, head 3), x0.pre, x0.mid, x0.post, m0, ` +
      "hook_embed, hook_pos_embed, or by a hook's full name.",
  );
}

/** Names in a warning before the rest is only counted. */
const mostNamed = 6;

function warningsOf({ targets, cases }: PatchQuestion, sets: readonly SetResult[]): string[] {
  const idle = sets.filter(({ targets: set, changed }) => changed === 0 && set.length > 0);
  const names = new Set(
    idle.map(({ targets: set }) => set.map((index) => targets[index]?.label).join(' + ')),
  );
  if (names.size === 0) return [];
  const named = [...names].slice(0, mostNamed).join(', ');
  const more = names.size > mostNamed ? ` and ${names.size - mostNamed} more` : '';
  return [`Patching changed no logit in any of ${cases.length} runs: ${named}${more}.`];
}
