/**
 * The contrast that is held against an input: resolved, drawn, and described for a page.
 * @module
 */
import { z } from 'zod';
import {
  type Change,
  type PatchCase,
  type SweepPosition,
  againstOf,
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
import { tokenOf } from '../../tasks/tokens.js';
import { positionAxis, positionAxisSchema } from '../axes.js';
import { benchVerb } from '../bench.js';
import { caseIdSchema, count, inputSchema, placeSchema, seedSchema } from '../fields.js';
import { limits } from '../limits.js';
import { patchMetricSchema, tokenSchema } from '../patching-records.js';

/** What is held against an input. */
export const contrasted = {
  case: caseIdSchema,
  input: inputSchema,
  /** Tokens that are changed: to a given one, or, where it is null, to one that is drawn. */
  changes: z
    .array(z.strictObject({ at: placeSchema, token: tokenSchema.nullable() }))
    .max(limits.positions)
    .default([]),
  /** The whole contrast input, in place of changes. */
  contrast: inputSchema.nullable().default(null),
  /** Place whose token is to be predicted; null for the first of the answer that differs. */
  answer: placeSchema.nullable().default(null),
  metric: patchMetricSchema.default('logit-difference'),
  /** Decides what is drawn. */
  seed: seedSchema.default(1),
};

/** Body of `POST /api/contrast`. */
const contrastRequestSchema = z.strictObject(contrasted);
export type ContrastRequest = z.input<typeof contrastRequestSchema>;

/** A token of the contrast input, and where it comes from; null where it is the input's own. */
const contrastTokenSchema = z.object({
  text: z.string(),
  place: z.string().nullable(),
  change: z.enum(['redrawn', 'given', 'follows', 'typed']).nullable(),
});

/** Answer of `POST /api/contrast`: the contrast that the seed draws, or why there is none. */
export const contrastSchema = z.object({
  input: z.string(),
  /** The input's tokens, from BOS to EOS. `change` says what may be done with one: follows from others, be drawn or given. */
  tokens: z.array(
    z.object({
      text: z.string(),
      place: z.string().nullable(),
      may: z.enum(['stay', 'be given', 'be redrawn']),
    }),
  ),
  /** Places that can be predicted. */
  answers: positionAxisSchema,
  /** What keeps the contrast from being used, and what to do; null when all is well. */
  problem: z.string().nullable(),
  /** Null where there is a problem. */
  found: z
    .object({
      text: z.string(),
      tokens: z.array(contrastTokenSchema),
      /** What is predicted, and where: the place before. */
      answer: z.object({
        position: count,
        place: z.string().nullable(),
        readAt: z.string(),
        clean: z.string(),
        contrast: z.string(),
      }),
      /** Positions that both have, up to where the answer is predicted. */
      positions: positionAxisSchema,
      /** Whether it is drawn, so that there are others like it. */
      drawn: z.boolean(),
      /** What is to be known of it: that it is no input of the task, that the two differ in length. */
      notes: z.array(z.string()),
    })
    .nullable(),
});
export type Contrast = z.infer<typeof contrastSchema>;
type ParsedContrast = z.output<typeof contrastRequestSchema>;

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
export function contrastedFor(task: Task, request: ParsedContrast, many = 1): Contrasted {
  const { input, changes, contrast, answer, metric, seed } = request;
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
    count: many,
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
export function describeContrast(task: Task, request: ParsedContrast): Contrast {
  const ids = task.encode(request.input);
  const determined = new Set(determinedIn(task, ids));
  const textOf = (id: number | undefined): string => tokenOf(task, id ?? task.pad);
  const common = {
    input: task.decode(ids),
    tokens: ids.map((id, at) => ({
      text: textOf(id),
      place: placeName(task, ids, at),
      may:
        // Of a task that does not say what follows from a changed token, whole inputs are typed.
        at === 0 || id === task.eos || determined.has(at) || task.redraw === undefined
          ? ('stay' as const)
          : isDrawable(task, ids, at)
            ? ('be redrawn' as const)
            : ('be given' as const),
    })),
    answers: positionAxis(task, ids, [...determined]),
  };
  let contrasted: Contrasted;
  if (task.redraw === undefined && request.contrast === null)
    return { ...common, problem: `Type a contrast input: another text of ${task.name}.`, found: null };
  try {
    contrasted = contrastedFor(task, request);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { ...common, problem: error.message, found: null };
  }
  const { cases, aligned } = contrasted;
  const [head] = cases;
  if (head === undefined) return { ...common, problem: 'There is no contrast.', found: null };
  const { contrast, answerAt } = head;
  const { changes } = request;
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
        contrast: textOf(againstOf(head)),
      },
      positions: positionAxis(
        task,
        ids,
        aligned.map(({ positions: [position = 0] }) => position),
      ),
      drawn: changes.some(({ token }) => token === null),
      notes: [
        ...(ids[answerAt] === againstOf(head) ? ['It has the same answer.'] : []),
        ...(fault === null ? [] : [`It is no input of the task: ${fault}.`]),
        ...(aligned.length === answerAt
          ? []
          : [`The two differ in form: ${aligned.length} of ${answerAt} positions can be patched.`]),
      ],
    },
  };
}

/** See the module. */
export const contrastVerbs = {
  contrast: benchVerb({
    body: contrastRequestSchema,
    answer: contrastSchema,
    run: (request, { cases }) => cases.use(request.case, ({ task }) => describeContrast(task, request)),
  }),
};
