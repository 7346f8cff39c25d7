/**
 * Cached files of the published web app as readings: the inverse of `streamlit.ts`, where the format is described. A file
 * has one metric, three digits and no word on task, model, decoder or seed; those that follow from the tokens are filled in.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../input-error.js';
import { type SavedReading, annotationOf, faultOf } from '../inversion/saved-reading.js';
import { shortName } from '../models/hooks.js';
import { type Task } from '../tasks/task.js';
import { idsOfTokens, tokenOf, tokensOf } from '../tasks/tokens.js';
import { unescapeHtml } from './escape.js';
import { type ViewerTask } from './streamlit.js';

/** A task and how the app shows it: its files are known by the tokens of their queries. */
export interface KnownTask {
  readonly task: Task;
  readonly viewer: ViewerTask | null;
}

const token = z.string().max(200);
const cachedSchema = z.object({
  query_input: z.array(token).min(1).max(10_000),
  query_position: z.number().int().nonnegative(),
  probed_act: z.string().max(200),
  attn_weights: z.array(z.number()),
  /** 0 in Auto mode. */
  temperature: z.number().nonnegative().optional(),
  metric: z.enum(['dist', 'sim']),
  /** Tokens, probability differences, values of the metric, index and value of the best. */
  generation: z.array(
    z.tuple([
      z.array(token).min(1),
      z.array(z.number()),
      z.array(z.number()),
      z.number().int().nonnegative(),
      z.number(),
    ]),
  ),
});

/**
 * ε of the study that a file is of, where the viewer draws its rule: 0.25 for facts, 0.1 for the others. A file does not name
 * its study. Those of facts lie in a folder named for it, and are of a model with more layers and heads than the others'
 * twelve of each.
 */
function studyEpsilon(name: string, site: string, task: Task | undefined): number {
  if (task !== undefined) return task.epsilon;
  if (name.includes('cached_fact_')) return factsEpsilon;
  if (name.includes('cached_ioi_')) return othersEpsilon;
  const [, layer = 0, head = 0] = /^blocks\.(\d+)\.(?:.*hook_result\.(\d+)$)?/.exec(site)?.map(Number) ?? [];
  return Math.max(layer, head || 0) >= ioiSize ? factsEpsilon : othersEpsilon;
}
const [factsEpsilon, othersEpsilon] = [0.25, 0.1];
/** Layers, and heads of a layer, of GPT-2 small. */
const ioiSize = 12;

/** Metric values with which the viewer's files mark positions that were not compared. */
const isFar = (value: number): boolean => value >= 1000 || value <= -1;

/** Whether parsed JSON looks like a cached file. */
export const isCached = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'generation' in value && 'query_input' in value;

/**
 * Takes a cached file.
 * @param value what `JSON.parse` gave
 * @param name what to call it in an error: the file's name, with its folders where they are known
 * @throws InputError naming the first field that is wrong
 */
export function savedFromStreamlit(value: unknown, name: string, known: readonly KnownTask[]): SavedReading {
  const parsed = cachedSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new InputError(
      `${name} is not a cached file of the web app: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`,
    );
  }
  const { query_input, query_position, probed_act: site, attn_weights, generation } = parsed.data;
  // Files that are older than the field are of Auto mode as well as of one temperature.
  const temperature = parsed.data.temperature === 0 ? null : parsed.data.temperature;
  const metric = parsed.data.metric === 'sim' ? 'cosine' : 'euclidean';
  const queryTokens = query_input.map(unescapeHtml);
  const task = taskOf(queryTokens, known);
  const end = task === undefined ? undefined : tokenOf(task, task.eos);
  // The files leave EOS out of the query, and show it in samples.
  const tokens = end === undefined ? queryTokens : [...queryTokens, end];
  if (query_position >= queryTokens.length)
    throw new InputError(`${name}: query_position lies behind the last token.`);
  const measure = (value: number): number => (metric === 'cosine' ? Number((1 - value).toFixed(3)) : value);
  return {
    format: 'inversionview-reading',
    version: 1,
    query: {
      task: task?.name ?? 'other',
      input: textOf(task, tokens),
      tokens,
      position: query_position,
      place: placeOf(task, tokens, query_position),
      site,
      short: shortName(site),
      attention: attn_weights.length === 0 ? null : tokens.map((_, at) => attn_weights[at] ?? 0),
      warnings: [
        `From a cached file of the published web app${temperature === undefined || temperature === null ? '' : `, drawn at temperature ${temperature}`}: figures have three digits, and one metric is known.`,
      ],
      model: 'not stated',
      decoder: 'not stated',
      annotation: annotationOf(task, tokens),
      seed: null,
      ...(temperature === undefined ? {} : { temperature }),
    },
    view: { metric, epsilon: studyEpsilon(name, site, task) },
    metrics: [metric],
    samples: generation.map(([escaped, deltas, values, position, best], at) => {
      const own = escaped.map(unescapeHtml);
      // Counting's shorter samples are filled up with empty tokens.
      while (own.length > 1 && own.at(-1) === '') own.pop();
      if (position >= own.length)
        throw new InputError(`${name}: generation.${at}: the best position lies behind the last token.`);
      const compared = own.map((_, place) => values[place] ?? 1000);
      while (compared.length > 0 && isFar(compared.at(-1) ?? 0)) compared.pop();
      const verdict = { distance: measure(best), position, distances: compared.map(measure) };
      const fault = faultOf(task, own);
      return {
        tokens: own,
        text: textOf(task, own),
        valid: fault === null,
        fault,
        round: 0,
        annotation: annotationOf(task, own),
        euclidean: metric === 'euclidean' ? verdict : null,
        cosine: metric === 'cosine' ? verdict : null,
        count: 1,
        tokenDelta: own.map((_, place) => deltas[place] ?? 0),
      };
    }),
    stated: null,
  };
}

/** The task whose alphabet spells the tokens and whose signs are among them. */
const taskOf = (tokens: readonly string[], known: readonly KnownTask[]): Task | undefined =>
  known.find(
    ({ task, viewer }) =>
      viewer !== null &&
      idsOfTokens(task, tokens).every((id) => id !== null) &&
      viewer.signs.every((sign) => tokens.includes(sign)),
  )?.task;

function textOf(task: Task | undefined, tokens: readonly string[]): string {
  if (task === undefined) return tokens.join('');
  const special = tokensOf(task, [task.bos, task.eos, task.pad]);
  return tokens.filter((own) => !special.includes(own)).join('');
}

function placeOf(task: Task | undefined, tokens: readonly string[], position: number): string | null {
  if (task === undefined) return null;
  const ids = idsOfTokens(task, tokens).map((id) => id ?? -1);
  return task.places(ids).find(({ index }) => index === position)?.name ?? null;
}
