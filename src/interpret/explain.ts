/**
 * An explanation by a language model, and what it is worth: the model is shown samples inside and outside the
 * ε-preimages of several queries at one site, says what their activations hold, and names features; the features are
 * then measured on those very preimages.
 *
 * A cut connection, a slow answer and nonsense are all accounted as they were. An answer is asked for again only where that
 * can do no harm: asking changes nothing at the other end, so every failed attempt may be repeated, and is kept.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../input-error.js';
import { featureValue } from '../tasks/feature.js';
import { type Task } from '../tasks/task.js';
import { type ExplainedQuery, type Message, explainPrompt, queryText } from './explain-prompt.js';
import { type Prior } from './prior.js';
import { Accounted, candidatesOf } from './readout.js';

/** A language model somewhere: pieces of its answer as they come. `jobs/language-model.ts` speaks to an endpoint. */
export interface LanguageModel {
  readonly name: string;
  answer(messages: readonly Message[], signal: AbortSignal): AsyncIterable<string>;
}

/** A failure of an endpoint; `again` says whether another attempt may do better. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
  constructor(
    message: string,
    readonly again: boolean,
  ) {
    super(message);
  }
}

/** One attempt at an answer. */
const attemptSchema = z.object({
  text: z.string(),
  /** Why it failed; null when it ended well. */
  failure: z.string().nullable(),
});

/** A claimed feature, over the queries. */
const claimSchema = z.object({
  feature: z.string(),
  bits: z.number(),
  /** Entropy over all inputs. */
  of: z.number(),
  consistency: z.number(),
});

/** An explanation with its worth, as it is stored. */
export const explanationSchema = z.object({
  task: z.string(),
  site: z.string(),
  place: z.string().nullable(),
  /** Each up to the place where it is read, which is marked. */
  queries: z.array(z.string()),
  model: z.string(),
  prompt: z.array(z.object({ role: z.enum(['system', 'user']), content: z.string() })),
  attempts: z.array(attemptSchema),
  /** The answer that counts: the last that ended well, else the longest; null when nothing came. */
  answer: z.string().nullable(),
  complete: z.boolean(),
  /** What it says in words; null when there is nothing to be read in it. */
  explanation: z.string().nullable(),
  claims: z.array(claimSchema),
  /** Claimed names that are no features. */
  unknown: z.array(z.string()),
  /** Of the information in the activations, in bits a query, what the claims account for. */
  accounted: z.number(),
  bits: z.number().nullable(),
});

/** An explanation with its worth. */
export type Explanation = z.infer<typeof explanationSchema>;

/** How patient to be. */
export interface ExplainOptions {
  /** Attempts at the most. */
  readonly attempts?: number;
  /** Milliseconds without a sign of life after which an attempt is given up. */
  readonly patience?: number;
  /** Milliseconds before the second attempt; doubled before each further one. */
  readonly pause?: number;
  readonly onText?: (piece: string) => void;
  readonly onFailure?: (failure: string, again: boolean) => void;
  readonly signal?: AbortSignal;
}

/**
 * Asks, and scores the answer. A fault of the endpoint is no error: it stands in the attempts.
 * @param queries of one site, with the features of `prior` measured on each
 */
export async function explain(
  languageModel: LanguageModel,
  task: Task,
  prior: Prior,
  about: { readonly site: string; readonly place: string | null },
  queries: readonly ExplainedQuery[],
  options: ExplainOptions = {},
): Promise<Explanation> {
  const prompt = explainPrompt(task, prior, queries);
  const attempts = await ask(languageModel, prompt, options);
  const whole = attempts.filter(({ failure }) => failure === null).at(-1);
  const longest = [...attempts].sort((a, b) => b.text.length - a.text.length)[0];
  const answer = whole?.text ?? (longest?.text === '' ? undefined : longest?.text);
  const read = answer === undefined ? null : readAnswer(answer);
  const names = [...new Set(read?.features ?? [])];
  const known = prior.tables.map(({ feature }) => feature.name);
  const claimed = names.filter((name) => known.includes(name));
  const counted = queries.flatMap(({ bits }) => (bits === null ? [] : [bits]));
  return {
    task: task.name,
    ...about,
    queries: queries.map((query) => queryText(task, query)),
    model: languageModel.name,
    prompt: [...prompt],
    attempts,
    answer: answer ?? null,
    complete: whole !== undefined,
    explanation: read?.explanation ?? null,
    claims: claimed.map((name) => claimOf(name, queries)),
    unknown: names.filter((name) => !known.includes(name)),
    accounted: mean(queries.map((query) => accountedBy(prior, query, claimed))),
    bits: counted.length === 0 ? null : mean(counted),
  };
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

function claimOf(name: string, queries: readonly ExplainedQuery[]): Explanation['claims'][number] {
  const own = queries.flatMap(({ features }) => features.find(({ feature }) => feature === name) ?? []);
  return {
    feature: name,
    bits: mean(own.map(({ bits }) => bits)),
    of: own[0]?.before ?? 0,
    consistency: mean(own.map(({ consistency }) => consistency)),
  };
}

/** Bits by which the claimed features' values in a preimage differ from those of all inputs. */
function accountedBy(prior: Prior, { sample, features }: ExplainedQuery, claimed: readonly string[]): number {
  const accounted = new Accounted(prior, sample);
  for (const candidate of candidatesOf(prior, sample, features)) {
    if (claimed.includes(candidate.figures.feature)) accounted.add(candidate);
  }
  return accounted.unlikeliness();
}

async function ask(
  languageModel: LanguageModel,
  prompt: readonly Message[],
  { attempts: most = 3, patience = 60_000, pause = 1000, onText, onFailure, signal }: ExplainOptions,
): Promise<z.infer<typeof attemptSchema>[]> {
  const attempts: z.infer<typeof attemptSchema>[] = [];
  for (;;) {
    signal?.throwIfAborted();
    let text = '';
    const stop = new AbortController();
    let timer = setTimeout(() => stop.abort(), patience);
    const both = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
    let failure: string | null = null;
    let again = true;
    try {
      for await (const piece of languageModel.answer(prompt, both)) {
        clearTimeout(timer);
        timer = setTimeout(() => stop.abort(), patience);
        text += piece;
        onText?.(piece);
      }
      if (text.trim() === '') failure = 'the answer is empty';
      else if (readAnswer(text) === null)
        failure = 'the answer holds no JSON object with an explanation and features';
    } catch (error) {
      signal?.throwIfAborted();
      if (stop.signal.aborted) failure = `nothing came for ${patience / 1000} seconds`;
      else if (error instanceof EndpointError) {
        failure = error.message;
        again = error.again;
      } else throw error;
    } finally {
      clearTimeout(timer);
    }
    attempts.push({ text, failure });
    if (failure === null) return attempts;
    again &&= attempts.length < most;
    onFailure?.(failure, again);
    if (!again) return attempts;
    await wait(pause * 2 ** (attempts.length - 1), signal);
  }
}

const wait = (milliseconds: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const stopped = (): void => {
      clearTimeout(timer);
      reject(new DOMException('stopped', 'AbortError'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stopped);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stopped, { once: true });
  });

const answerSchema = z.object({ explanation: z.string(), features: z.array(z.string()) });

/** Brackets looked at in search of an answer: nonsense of any length is read soon. */
const mostBrackets = 80;

/** The JSON object in an answer, whatever stands around it; null when there is none of the form. */
export function readAnswer(text: string): z.infer<typeof answerSchema> | null {
  const starts = indicesOf(text, '{').slice(0, mostBrackets);
  const ends = indicesOf(text, '}').slice(-mostBrackets).reverse();
  for (const start of starts) {
    for (const end of ends) {
      if (end < start) break;
      const value = parsed(text.slice(start, end + 1));
      if (value === undefined) continue;
      const answer = answerSchema.safeParse(value);
      if (answer.success) return answer.data;
      break;
    }
  }
  return null;
}

function indicesOf(text: string, character: string): number[] {
  return Array.from(text.matchAll(new RegExp(`\\${character}`, 'g')), ({ index }) => index);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * Takes an explanation from parsed JSON.
 * @throws InputError naming the first field that is wrong
 */
export function parseExplanation(value: unknown, name: string): Explanation {
  const parsed = explanationSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InputError(
    `${name} is not a saved explanation: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`,
  );
}

/** Value of a feature in a query: for tables beside an explanation. */
export const valueIn = (task: Task, prior: Prior, name: string, ids: readonly number[]): string => {
  const table = prior.tables.find(({ feature }) => feature.name === name);
  return table === undefined ? '' : String(featureValue(task, table.feature, ids) ?? '–');
};
