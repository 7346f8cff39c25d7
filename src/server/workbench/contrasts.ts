/**
 * Contrast inputs of a request: resolved, drawn, and described for a page.
 * @module
 */
import { tokenOf } from '../../tasks/tokens.js';
import {
  type Change,
  type PatchCase,
  type SweepPosition,
  alignedPositions,
  contrastsOf,
  determinedIn,
  isDrawable,
  nameOf,
  tokenNamed,
} from '../../causal/index.js';
import { InputError } from '../../input-error.js';
import { placeName, resolvePosition } from '../../tasks/positions.js';
import { type Task } from '../../tasks/task.js';
import { type Contrast, type ContrastRequest, contrastRequestSchema } from '../contract/index.js';

/** An input with the contrasts that are held against it. */
export interface Contrasted {
  readonly ids: readonly number[];
  readonly cases: readonly PatchCase[];
  /** Positions that all of them have. */
  readonly aligned: readonly SweepPosition[];
  /** What was changed and what is predicted, in a line. */
  readonly about: string;
}

/**
 * Draws the contrasts of a request.
 * @throws InputError for an unknown place or token, and for contrasts that cannot be had or do not change the answer
 */
export function contrastedFor(task: Task, request: ContrastRequest, count = 1): Contrasted {
  const { input, changes, contrast, answer, metric, seed } = contrastRequestSchema.parse(request);
  const ids = task.encode(input);
  const resolved = changes.map(({ at, token }): Change => ({
    at: resolvePosition(task, ids, at),
    token: token === null ? null : tokenNamed(task, token),
  }));
  const cases = contrastsOf(task, ids, {
    changes: resolved,
    text: contrast,
    answer: answer === null ? null : resolvePosition(task, ids, answer),
    differs: metric === 'logit-difference',
    seed,
    count,
  });
  return {
    ids,
    cases,
    aligned: alignedPositions(task, cases),
    about: aboutText(task, ids, resolved, cases, seed),
  };
}

function aboutText(
  task: Task,
  ids: readonly number[],
  changes: readonly Change[],
  cases: readonly PatchCase[],
  seed: number,
): string {
  const names = (some: readonly Change[]): string =>
    some.map(({ at }) => nameOf(task, ids, at)).join(' and ');
  const drawn = changes.filter(({ token }) => token === null);
  const given = changes.filter(({ token }) => token !== null);
  const what = [
    ...(drawn.length > 0 ? [`${names(drawn)} redrawn (seed ${seed})`] : []),
    ...(given.length > 0 ? [`${names(given)} given`] : []),
  ];
  const answerAt = cases[0]?.answerAt ?? 1;
  const predicted = `${nameOf(task, ids, answerAt)} as predicted at ${nameOf(task, ids, answerAt - 1)}`;
  return `${what.length === 0 ? 'a contrast as given' : what.join(', ')}; ${predicted}`;
}

/** Describes the first contrast of a request, or says why there is none. @throws InputError for an input of no tokens */
export function describeContrast(task: Task, request: ContrastRequest): Contrast {
  const ids = task.encode(request.input);
  const determined = new Set(determinedIn(task, ids));
  const textOf = (id: number | undefined): string => tokenOf(task, id ?? task.pad);
  const common = {
    input: task.decode(ids),
    tokens: ids.map((id, at) => ({
      text: textOf(id),
      place: placeName(task, ids, at),
      may:
        at === 0 || id === task.eos || determined.has(at)
          ? ('stay' as const)
          : isDrawable(task, ids, at)
            ? ('be redrawn' as const)
            : ('be given' as const),
    })),
    answers: [...determined].map((position) => ({
      position,
      place: placeName(task, ids, position),
      token: textOf(ids[position]),
    })),
  };
  let contrasted: Contrasted;
  try {
    contrasted = contrastedFor(task, request);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { ...common, problem: error.message, found: null };
  }
  const { cases, aligned } = contrasted;
  const [head] = cases;
  if (head === undefined) return { ...common, problem: 'There is no contrast.', found: null };
  const { contrast, answerAt, contrastAnswerAt } = head;
  const { changes = [] } = request;
  const changedAt = new Map(changes.map(({ at, token }) => [resolvePosition(task, ids, at), token]));
  const follows = new Set(determinedIn(task, contrast));
  const changeOf = (at: number): NonNullable<Contrast['found']>['tokens'][number]['change'] => {
    const change = changedAt.get(at);
    if (change !== undefined) return change === null ? 'redrawn' : 'given';
    if (contrast[at] === ids[at]) return null;
    return follows.has(at) && changedAt.size > 0 ? 'follows' : 'typed';
  };
  const fault = task.check(contrast);
  return {
    ...common,
    problem: null,
    found: {
      text: task.decode(contrast),
      tokens: contrast.map((id, at) => ({
        text: textOf(id),
        place: placeName(task, contrast, at),
        change: changeOf(at),
      })),
      answer: {
        position: answerAt,
        place: placeName(task, ids, answerAt),
        readAt: nameOf(task, ids, answerAt - 1),
        clean: textOf(ids[answerAt]),
        contrast: textOf(contrast[contrastAnswerAt]),
      },
      positions: aligned.map(({ positions: [position = 0] }) => ({
        position,
        place: placeName(task, ids, position),
        token: textOf(ids[position]),
      })),
      drawn: changes.some(({ token }) => token === null),
      notes: [
        ...(ids[answerAt] === contrast[contrastAnswerAt] ? ['It has the same answer.'] : []),
        ...(fault === null ? [] : [`It is no input of the task: ${fault}.`]),
        ...(aligned.length === answerAt
          ? []
          : [`The two differ in form: ${aligned.length} of ${answerAt} positions can be patched.`]),
      ],
    },
  };
}
