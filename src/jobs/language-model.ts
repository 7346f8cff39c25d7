/**
 * A language model behind an OpenAI-compatible endpoint. Which one is set by options or the environment: `OPENAI_BASE_URL`,
 * `OPENAI_MODEL` and, by the environment alone, `OPENAI_API_KEY` where the endpoint wants one. The key is sent to that endpoint and goes nowhere
 * else: neither messages nor stored explanations hold it.
 * @module
 */
import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from 'openai';
import { InputError } from '../input-error.js';
import { EndpointError, type LanguageModel } from '../interpret/ask.js';

/** Where a language model is. */
export interface Endpoint {
  readonly url: string;
  readonly model: string;
  readonly key: string;
}

/** Where a language model is, as options say it. */
export interface GivenEndpoint {
  readonly url?: string | undefined;
  readonly model?: string | undefined;
}

/**
 * The endpoint that options name, or else the environment.
 * @throws InputError saying what is missing
 */
export function endpointFrom(
  environment: Readonly<Record<string, string | undefined>>,
  given: GivenEndpoint = {},
): Endpoint {
  const url = given.url ?? environment['OPENAI_BASE_URL'] ?? '';
  const model = given.model ?? environment['OPENAI_MODEL'] ?? '';
  if (url === '' || model === '') {
    const missing = [url === '' ? 'OPENAI_BASE_URL' : '', model === '' ? 'OPENAI_MODEL' : ''].filter(Boolean);
    throw new InputError(
      `No language model is configured: set ${missing.join(' and ')} (and OPENAI_API_KEY where the endpoint wants a key) to an OpenAI-compatible endpoint.`,
    );
  }
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    const name = given.url === undefined ? 'OPENAI_BASE_URL' : '--endpoint';
    throw new InputError(`${name} is not an address of the web: ${JSON.stringify(url)}.`);
  }
  return { url, model, key: environment['OPENAI_API_KEY'] ?? '' };
}

/** Speaks to an endpoint; each call is one request, made once. */
export function languageModelAt({ url, model, key }: Endpoint): LanguageModel {
  const client = new OpenAI({
    baseURL: url,
    // The client insists on one; endpoints without keys look at none.
    apiKey: key === '' ? 'none' : key,
    organization: null,
    project: null,
    maxRetries: 0,
    // The caller's signal says when to give up.
    timeout: 3_600_000,
  });
  return {
    name: model,
    async *answer(messages, signal) {
      let ended = false;
      try {
        const stream = await client.chat.completions.create(
          { model, messages: messages.map(({ role, content }) => ({ role, content })), stream: true },
          { signal },
        );
        for await (const { choices } of stream) {
          const [choice] = choices;
          const piece = choice?.delta.content ?? '';
          if (piece !== '') yield piece;
          if (choice?.finish_reason === 'length')
            throw new EndpointError('the answer was cut at the endpoint’s limit of length', true);
          if (choice?.finish_reason === 'content_filter')
            throw new EndpointError('the endpoint withheld the answer', false);
          if (typeof choice?.finish_reason === 'string') ended = true;
        }
      } catch (error) {
        throw fault(error);
      }
      // A stream that stops without saying so ends like one that is done; a cancelled one too.
      signal.throwIfAborted();
      if (!ended) throw new EndpointError('the answer broke off', true);
    },
  };
}

/** Whether another attempt may do better: not when the request itself was refused. */
function fault(error: unknown): unknown {
  if (error instanceof EndpointError || error instanceof APIUserAbortError) return error;
  if (error instanceof APIConnectionError) {
    const cause = error.cause instanceof Error ? `: ${causeOf(error.cause)}` : '';
    return new EndpointError(`the endpoint could not be reached${cause}`, true);
  }
  if (error instanceof APIError) {
    const { status } = error as { status?: number };
    if (status === undefined) return new EndpointError(`the answer broke off: ${error.message}`, true);
    const again = status === 408 || status === 409 || status === 429 || status >= 500;
    return new EndpointError(`the endpoint refused with status ${error.message}`, again);
  }
  // A stream that is no event stream, half a line of JSON, a connection that died between two pieces.
  if (error instanceof SyntaxError)
    return new EndpointError(`the endpoint answered nonsense: ${error.message}`, true);
  if (error instanceof TypeError || (error instanceof Error && 'code' in error))
    return new EndpointError(`the answer broke off: ${causeOf(error)}`, true);
  return error;
}

const causeOf = (error: Error): string =>
  error.cause instanceof Error
    ? causeOf(error.cause)
    : error.message || String('code' in error ? error.code : error.name);
