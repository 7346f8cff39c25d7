/**
 * Patching and attribution on prompts of a language model: two texts of one's own, tokens named by what they are, and
 * the next token as the answer. No task is needed; where tokens stand is counted.
 * @module
 */
import { type Runtime, floatsOf } from '../engine/index.js';
import { InputError, suggest } from '../input-error.js';
import { type HookedModel, cacheNames, runWithCache } from '../models/hooked-model.js';
import { blockHook, modelHooks, sitesNamed } from '../models/hooks.js';
import { type PatchAnswer } from './ask.js';
import { attributableSites, attribute, writingSites } from './attribution.js';
import { extremes } from './extremes.js';
import { type MetricName, metrics } from './metric.js';
import { type PatchQuestion, patch } from './patch.js';
import { type AttributionRecord, type Circumstances, modelText, setsRecord, sweepRecord } from './records.js';
import { type SweepPosition, crossed, sweep } from './sweep.js';

/** An input of a language model. */
export interface Prompt {
  /** Token ids, what stands before the text included. */
  readonly ids: readonly number[];
  /** One a token, for the eye. */
  readonly tokens: readonly string[];
}

/** What two prompts are asked. */
export interface PromptPatchQuestion {
  readonly clean: Prompt;
  readonly contrast: Prompt;
  /** Id of the token that answers the clean prompt; null for the one that the model thinks likeliest. */
  readonly answer: number | null;
  /** Id of the token that answers the contrast prompt, likewise. */
  readonly against: number | null;
  /** A token for the eye. */
  readonly show: (id: number) => string;
  /** Names and patterns with commas; null for those of {@link promptSites}. */
  readonly sites: string | null;
  /** Positions with commas, see {@link promptPosition}; null for all from the first token on that differs. */
  readonly positions: string | null;
  /** Every site at every position by itself as a map; else each by itself and all together. */
  readonly sweep: boolean;
  readonly metric: MetricName;
  readonly onProgress?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

/** Sites of a sweep where none are named: embeddings, and of each block what attention and MLP write and the stream after it. */
export const promptSites = ({ architecture }: HookedModel): string[] => [
  modelHooks.embed,
  ...Array.from({ length: architecture.layers }, (_, layer) =>
    (['attnOut', 'mlpOut', 'residPost'] as const).map((hook) => blockHook(layer, hook)),
  ).flat(),
];

/** How a position of a prompt is called: `4:␣Mary`. */
export const positionLabel = ({ tokens }: Prompt, at: number): string => `${at}:${tokens[at] ?? ''}`;

/**
 * The index of a position: a count from 0, or from the end below 0 (−1 is the last token), or a token that stands in the
 * prompt once.
 * @throws InputError for a position that is not there, or a token that stands there twice
 */
export function promptPosition(prompt: Prompt, text: string): number {
  const { tokens } = prompt;
  const bare = (token: string): string => token.replace(/^␣/, '');
  if (/^-?\d+$/.test(text)) {
    const at = Number(text) < 0 ? tokens.length + Number(text) : Number(text);
    if (at >= 0 && at < tokens.length) return at;
    throw new InputError(
      `Position ${text} is out of range: the prompt has ${tokens.length} tokens, ${positionLabel(prompt, 0)} to ${positionLabel(prompt, tokens.length - 1)}.`,
    );
  }
  const labelled = tokens.findIndex((_, at) => positionLabel(prompt, at) === text);
  if (labelled >= 0) return labelled;
  const wanted = text.replace(/^ /, '␣');
  const exact = indicesOf(tokens, (token) => token === wanted);
  const found = exact.length > 0 ? exact : indicesOf(tokens, (token) => bare(token) === wanted);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length > 1)
    throw new InputError(
      `"${text}" stands in the prompt ${found.length} times: give one of ${found.map((at) => positionLabel(prompt, at)).join(', ')}.`,
    );
  const all = tokens.map((_, at) => positionLabel(prompt, at)).join(' ');
  throw new InputError(
    `No token of the prompt is "${text}".${suggest(text, tokens.map(bare))} Tokens: ${all}`,
  );
}

const indicesOf = (tokens: readonly string[], is: (token: string) => boolean): number[] =>
  tokens.flatMap((token, at) => (is(token) ? [at] : []));

/**
 * Patches activations of the contrast prompt into the clean one.
 * @throws InputError for prompts of different lengths without positions, for answers that do not differ, and for a site
 *   or position that is not there
 */
export async function patchPrompts(
  runtime: Runtime,
  model: HookedModel,
  question: PromptPatchQuestion,
): Promise<PatchAnswer> {
  const { clean, contrast, show } = question;
  const accepted = cacheNames(model).filter((name) => name !== 'logits');
  const sites = question.sites === null ? promptSites(model) : sitesNamed(question.sites, accepted);
  const positions = sharedPositions(clean, contrast, question.positions);
  const answer = question.answer ?? (await likeliest(runtime, model, clean.ids));
  const against = question.against ?? (await likeliest(runtime, model, contrast.ids));
  if (question.metric === 'logit-difference' && answer === against) {
    throw new InputError(
      `Both prompts are answered by ${show(answer)}: name the answers with --answer and --against, or measure with --metric kl.`,
    );
  }
  const about =
    question.metric === 'logit-difference'
      ? `${show(answer)} against ${show(against)} after ${clean.tokens.join('')}`
      : `${question.metric === 'kl' ? 'the next token' : show(answer)} after ${clean.tokens.join('')}`;
  const circumstances: Circumstances = {
    experiment: 'prompts',
    task: 'text',
    about: `${about}; contrast ${contrast.tokens.join('')}`,
    seed: null,
    contrasts: 1,
    heldOut: false,
    model: modelText(model),
  };
  const common: Omit<PatchQuestion, 'targets' | 'sets'> = {
    cases: [
      {
        clean: [...clean.ids, answer],
        contrast: [...contrast.ids, against],
        answerAt: clean.ids.length,
        contrastAnswerAt: contrast.ids.length,
      },
    ],
    pad: 0,
    metric: metrics[question.metric],
    ...(question.onProgress === undefined ? {} : { onProgress: question.onProgress }),
    ...(question.signal === undefined ? {} : { signal: question.signal }),
  };
  if (question.sweep)
    return sweepRecord(circumstances, await sweep(runtime, model, { ...common, sites, positions }));
  const targets = crossed(sites, positions);
  const each = targets.map((_, index) => [index]);
  const sets = each.length > 1 ? [...each, each.flat()] : each;
  return setsRecord(circumstances, await patch(runtime, model, { ...common, targets, sets }), targets);
}

/** Positions of both prompts under one name. */
function sharedPositions(clean: Prompt, contrast: Prompt, list: string | null): SweepPosition[] {
  if (list === null) {
    if (clean.ids.length === contrast.ids.length) {
      // Before the first token that differs all activations are the same.
      const first = clean.ids.findIndex((id, at) => id !== contrast.ids[at]);
      if (first < 0) throw new InputError('The two prompts are the same: nothing can be exchanged.');
      const all = clean.ids.map((_, at) => ({ name: positionLabel(clean, at), positions: [at] }));
      return all.slice(first);
    }
    const lengths = `${clean.ids.length} and ${contrast.ids.length} tokens (${clean.tokens.join(' ')} / ${contrast.tokens.join(' ')})`;
    throw new InputError(
      `The prompts have ${lengths}, so their positions do not align: write them equally long, or name --positions; below 0 they count from the end.`,
    );
  }
  return list.split(',').map((text) => {
    const to = promptPosition(clean, text);
    // A token is looked for in the clean prompt; the contrast has another one there.
    const from = /^-?\d+$/.test(text) ? promptPosition(contrast, text) : to;
    if (from >= contrast.ids.length)
      throw new InputError(`The contrast prompt has ${contrast.ids.length} tokens and no position ${from}.`);
    return { name: positionLabel(clean, to), positions: [to], sources: [from] };
  });
}

/** The token that the model thinks likeliest after a prompt. */
async function likeliest(runtime: Runtime, model: HookedModel, ids: readonly number[]): Promise<number> {
  const logits = floatsOf(await runWithCache(runtime, model, [ids], { names: ['logits'] }), 'logits');
  const last = logits.subarray(logits.length - model.architecture.vocabulary);
  return last.reduce((best, logit, id) => (logit > (last[best] ?? -Infinity) ? id : best), 0);
}

/** What a prompt's logit is taken apart into. */
export interface PromptAttributionQuestion {
  readonly prompt: Prompt;
  /** See {@link promptPosition}; null for the last. */
  readonly position: string | null;
  /** Null for the token that follows in the prompt, and at its end for the likeliest. */
  readonly answer: number | null;
  readonly against: number | null;
  readonly show: (id: number) => string;
  /** Names and patterns with commas; null for all that write to the residual stream. */
  readonly sites: string | null;
  /** Tokens listed that a site raises and lowers most. */
  readonly top: number;
}

/**
 * What each site adds to the logit of the next token.
 * @throws InputError for a site or position that is not there
 */
export async function attributePrompt(
  runtime: Runtime,
  model: HookedModel,
  { prompt, show, top, ...question }: PromptAttributionQuestion,
): Promise<AttributionRecord> {
  const known = attributableSites(model);
  const sites = question.sites === null ? writingSites(model) : sitesNamed(question.sites, known);
  const at = promptPosition(prompt, question.position ?? '-1');
  const ids = prompt.ids.slice(0, at + 1);
  const records: AttributionRecord[] = [];
  await attribute(runtime, model, { inputs: [ids], pad: 0, positions: [at], sites }, ({ parts, logits }) => {
    const answer = question.answer ?? prompt.ids[at + 1] ?? extremes(logits, 1).raised[0]?.token ?? 0;
    const { against } = question;
    const read = (row: Float32Array): number =>
      (row[answer] ?? NaN) - (against === null ? 0 : (row[against] ?? NaN));
    const list = (values: readonly { readonly token: number; readonly value: number }[]) =>
      values.map(({ token, value }) => ({ token: show(token), value }));
    const own = [...parts].map(([site, row]) => {
      const { raised, lowered } = extremes(row, top);
      return {
        site,
        value: read(row),
        standardError: null,
        ...(top === 0 ? {} : { raised: list(raised), lowered: list(lowered) }),
      };
    });
    const total = read(logits);
    const less = against === null ? '' : `, less the logit of ${show(against)}`;
    records.push({
      task: 'text',
      about: `Logit of ${show(answer)}${less}, as predicted after ${prompt.tokens.slice(0, at + 1).join('')}`,
      model: modelText(model),
      seed: null,
      heldOut: false,
      n: 1,
      place: positionLabel(prompt, at),
      total,
      totalStandardError: null,
      sites: own,
      rest: own.reduce((rest, { value }) => rest - value, total),
    });
  });
  const [record] = records;
  if (record === undefined) throw new TypeError('an attribution of one input is one');
  return record;
}
