/**
 * Questions to a language model. A cut connection, a slow answer and nonsense are all accounted as they were. An answer is
 * asked for again only where that can do no harm: asking changes nothing at the other end, so every failed attempt may
 * be repeated, and is stored.
 * @module
 */
import { z } from 'zod';

/** One message to a language model. */
export interface Message {
  readonly role: 'system' | 'user';
  readonly content: string;
}

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
export const attemptSchema = z.object({
  text: z.string(),
  /** Why it failed; null when it ended well. */
  failure: z.string().nullable(),
});

/** One attempt at an answer. */
export type Attempt = z.infer<typeof attemptSchema>;

/** How patient to be. */
export interface AskOptions {
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
 * Asks until an answer will do, no other attempt may do better, or there are no more attempts.
 * @param faultOf why an answer that came whole will not do; null where it will
 * @returns every attempt; the last one without a failure is the answer
 */
export async function ask(
  languageModel: LanguageModel,
  prompt: readonly Message[],
  faultOf: (text: string) => string | null,
  { attempts: most = 3, patience = 60_000, pause = 1000, onText, onFailure, signal }: AskOptions,
): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
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
      else failure = faultOf(text);
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

/** Brackets looked at in search of an answer: nonsense of any length is read soon. */
const mostBrackets = 80;

/** The JSON object in an answer, whatever stands around it; null when there is none of the form. */
export function objectIn<T>(text: string, schema: z.ZodType<T>): T | null {
  const starts = indicesOf(text, '{').slice(0, mostBrackets);
  const ends = indicesOf(text, '}').slice(-mostBrackets).reverse();
  for (const start of starts) {
    for (const end of ends) {
      if (end < start) break;
      const value = parsed(text.slice(start, end + 1));
      if (value === undefined) continue;
      const answer = schema.safeParse(value);
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
