/**
 * Attribution as people ask for it, of one input or over held-out ones, answered as plain data.
 * @module
 */
import { capability } from '../tasks/capabilities.js';
import { idsOfTokens, tokenOf } from '../tasks/tokens.js';
import { type Runtime } from '../engine/index.js';
import { InputError, suggest } from '../input-error.js';
import { type HookedModel } from '../models/hooked-model.js';
import { placeName, resolvePosition } from '../tasks/positions.js';
import { isTemplateTask } from '../tasks/index.js';
import { type Task } from '../tasks/task.js';
import {
  type AttributedAnswer,
  attributableSites,
  attribute,
  countMean,
  writingSites,
} from './attribution.js';
import { heldOut } from './experiment.js';
import { type ExtremesQuestion, type TokenValues, countExtremes, extremes } from './extremes.js';
import { resolveHook } from './patch.js';
import { type AttributionRecord, modelText } from './records.js';

/** A question. */
export interface AttributionAsk {
  /** One input as the task writes it; null for the mean over held-out ones. */
  readonly input: string | null;
  /** How many of those, and which. */
  readonly inputs: number;
  readonly seed: number;
  /** Where the prediction is made; null for before the first answer token. */
  readonly position: string | number | null;
  /** All that write to the residual stream where null. */
  readonly sites: readonly string[] | null;
  /** The token whose logit is taken apart; null for the one that follows. */
  readonly answer: string | null;
  /** The token whose logit is subtracted. */
  readonly against: string | null;
  /** Of one input: tokens listed that a site raises and lowers most. */
  readonly top: number;
  /**
   * Over held-out inputs: how many tokens count as raised most and lowered most, for the shares of inputs whose answer is
   * among them; none unless given. See {@link usualAmong}.
   */
  readonly among?: number;
  readonly onProgress?: (done: number, all: number) => void;
}

/** 30 as in the paper; of a small vocabulary, where 30 would be most of it, a fifth. */
export const usualAmong = (vocabulary: number): number =>
  Math.max(1, Math.min(30, Math.floor(vocabulary / 5)));

/** A token of a task by its text. @throws InputError with a suggestion */
export function tokenNamed(task: Task, text: string): number {
  const [id] = idsOfTokens(task, [text]);
  if (id !== undefined && id !== null) return id;
  const { vocabulary } = task.tokenizer;
  const listed = vocabulary.length > 100 ? '' : ` Tokens: ${vocabulary.join(' ')}.`;
  throw new InputError(`"${text}" is no token of ${task.name}.${suggest(text, vocabulary)}${listed}`);
}

/** Input ids, positions and answers of a question; throws what cannot be taken. */
export function planAttribution(task: Task, model: HookedModel, asked: AttributionAsk) {
  const known = attributableSites(model);
  const sites = asked.sites?.map((name) => resolveHook(name, known)) ?? writingSites(model);
  const inputs = asked.input === null ? heldOut(task, asked.seed, asked.inputs) : [task.encode(asked.input)];
  const positions = inputs.map((ids) =>
    asked.position === null
      ? (capability(task, 'answer', 'An attribution without a position').determined(ids)[0] ?? 1) - 1
      : resolvePosition(task, ids, asked.position),
  );
  const [given, against] = [asked.answer, asked.against].map((text) =>
    text === null ? null : tokenNamed(task, text),
  );
  // A template says what its answers are held against.
  const contrastOf = (ids: readonly number[]): number | null =>
    isTemplateTask(task) ? task.contrastAnswer(ids) : null;
  const byContrast = asked.position === null && given === null;
  const answers = inputs.map((ids, at) => {
    const answer = given ?? ids[(positions[at] ?? 0) + 1];
    if (answer === undefined) {
      throw new InputError(
        `Nothing follows position ${positions[at] ?? 0} of ${task.decode(ids)}: give --answer.`,
      );
    }
    return { answer, against: against ?? (byContrast ? contrastOf(ids) : null) };
  });
  const contrasted = byContrast && against === null && answers.some((one) => one.against !== null);
  return { inputs, positions, sites, answers, contrasted };
}

/**
 * Takes the logits apart.
 * @throws InputError for an unknown site, position or token, or a position that nothing follows
 */
export async function askAttribution(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  asked: AttributionAsk,
): Promise<AttributionRecord> {
  const { answers, contrasted, ...planned } = planAttribution(task, model, asked);
  const { inputs, positions, sites } = planned;
  const question = { ...planned, pad: task.pad };
  const single = asked.input !== null;
  const wanted =
    single || asked.among === undefined ? null : extremesWanted(task, model, planned, answers, asked.among);
  const means = countMean(sites, answers);
  const counter = wanted === null ? null : countExtremes(sites, wanted);
  const others = wanted === null ? null : othersWanted(task, wanted, answers, contrasted);
  const [against, any] = [others?.against, others?.any].map((one) =>
    one === undefined || one === null ? null : countExtremes(sites, one),
  );
  const tops = new Map<string, ReturnType<typeof extremes>>();
  await attribute(runtime, model, question, (attribution, at) => {
    means.visit(attribution, at);
    for (const one of [counter, against, any]) one?.visit(attribution, at);
    asked.onProgress?.(at + 1, inputs.length);
    if (!single || asked.top === 0) return;
    for (const [site, values] of attribution.parts) tops.set(site, extremes(values, asked.top));
  });
  const mean = means.result();
  const [shares, againstShares, anyShares] = [counter, against, any].map((one) => one?.result());
  const [first = [], at = 0] = [inputs[0], positions[0]];
  const place = placeName(task, first, at) ?? String(at);
  const nameOf = (id: number): string => tokenOf(task, id);
  const answer = asked.answer ?? (single ? nameOf(answers[0]?.answer ?? 0) : 'the token that follows');
  const less = asked.against ?? (contrasted ? 'what the template holds against it' : null);
  const difference = less === null ? '' : `, less the logit of ${less}`;
  const error = (value: number): number | null => (Number.isFinite(value) ? value : null);
  const listed = (list: TokenValues): { token: string; value: number }[] =>
    list.map(({ token, value }) => ({ token: nameOf(token), value }));
  return {
    task: task.name,
    about: `Logit of ${answer}${difference}, as predicted at ${place}${single ? ` of ${task.decode(first)}` : ''}`,
    model: modelText(model),
    seed: single ? null : asked.seed,
    heldOut: model.trainedOn === task.name,
    n: mean.n,
    place,
    total: mean.total.mean,
    totalStandardError: error(mean.total.standardError),
    sites: mean.sites.map(({ site, value }) => {
      const top = tops.get(site);
      const own = shares?.get(site);
      return {
        site,
        value: value.mean,
        standardError: error(value.standardError),
        ...(top === undefined ? {} : { raised: listed(top.raised), lowered: listed(top.lowered) }),
        ...(own === undefined ? {} : { shares: own }),
        ...optional('againstShares', againstShares?.get(site)),
        ...optional('anyShares', anyShares?.get(site)),
      };
    }),
    ...(wanted === null
      ? {}
      : {
          among: {
            count: wanted.count,
            vocabulary: model.architecture.vocabulary,
            rivals: wanted.rivals?.length ?? 0,
            ...(others?.any === null || others === null
              ? {}
              : { answers: others.any.tokens[0]?.length ?? 0 }),
          },
        }),
    rest: mean.total.mean - mean.sites.reduce((sum, { value }) => sum + value.mean, 0),
  };
}

/**
 * What is looked for among the extremes: each input's answer, held against all that answer any of the inputs.
 * @throws InputError for a number that takes in the whole vocabulary
 */
function extremesWanted(
  task: Task,
  model: HookedModel,
  { inputs, positions }: Pick<ReturnType<typeof planAttribution>, 'inputs' | 'positions'>,
  answers: readonly AttributedAnswer[],
  count: number,
): ExtremesQuestion {
  const { vocabulary } = model.architecture;
  if (count >= vocabulary) {
    throw new InputError(
      `Among the ${count} most raised tokens is every token: ${model.name} has ${vocabulary}. Give ${vocabulary - 1} at most.`,
    );
  }
  const following = inputs.flatMap((ids, at) => ids[(positions[at] ?? 0) + 1] ?? []);
  // Of a template all answers are known: a name is first where it is ahead of all names.
  const every = isTemplateTask(task) ? task.answerTokens() : following;
  const rivals = [...new Set([...every, ...answers.map(({ answer }) => answer)])];
  const tokens = answers.map(({ answer }) => [answer]);
  return { tokens, count, ...(rivals.length < 2 ? {} : { rivals }) };
}

/** What else is looked for: what the answers are held against, and any answer that the task's texts can have. */
function othersWanted(
  task: Task,
  { count, rivals = [] }: ExtremesQuestion,
  answers: readonly AttributedAnswer[],
  contrasted: boolean,
): { readonly against: ExtremesQuestion | null; readonly any: ExtremesQuestion | null } {
  const every = isTemplateTask(task) ? task.answerTokens() : [];
  return {
    against: contrasted
      ? { tokens: answers.map(({ against }) => (against === null ? [] : [against])), count, rivals }
      : null,
    any: every.length < 2 ? null : { tokens: answers.map(() => every), count },
  };
}

const optional = <K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> =>
  (value === undefined ? {} : { [name]: value }) as Partial<Record<K, V>>;
