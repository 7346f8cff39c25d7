/**
 * Readings as the cache files of the published web app, so that its viewer opens them. Paths are relative to the root
 * of its repository; the viewer is started in `webAPP/` and finds the rest by listing folders. There is no index file.
 *
 * Page "InversionView": `training_outputs/cached_{addition,counting}_generation/<example>/<file>`.
 * - `<example>` is a folder named for the query with BOS and without EOS: `B615+861=1476`. Its name is what the page
 *   lists.
 * - `<file>` is `<site>-<position>-<temperature>-<metric>.json`. The page takes it apart at the hyphens: the full hook
 *   name, the index of the queried token, `Auto` for Auto mode (preselected: without it the page fails) or a temperature
 *   with a point (`0.5`, `1.0`), and `dist` (normalized Euclidean distance) or `sim` (cosine similarity). Samples of several
 *   temperatures are put together where a person chooses so.
 * - The positions found in a folder's file names, in ascending order, are offered under fixed labels: addition
 *   `+ = A1 A2 A3`, counting `| query :`. A missing or additional position would shift the labels, so a folder has to
 *   hold just these. A position without a reading in Auto mode gets a file whose metric is `none`: it is listed, never opened, and
 *   the page answers "file does not exist" when it is asked for.
 * - The JSON: `query_input` (tokens, BOS first, no EOS), `query_position`, `probed_act` (the site), `attn_weights` (one a
 *   token of the query for heads, else empty), `temperature` (0 in Auto mode), `metric`, and `generation`: a list, best
 *   first, of `[tokens with BOS and EOS, probability difference a token (0 where it is not judged), metric value a token, index of the best,
 *   value of the best]`. EOS counts as far away: distance 1000, similarity −1. Similarities are `1 − distance`.
 *   Figures have three digits behind the point. Lists of one sample are read side by side and end with the
 *   shortest. Tokens are put into the page as HTML. In counting, the fourth token from the end is taken as the letter
 *   asked for: shorter samples get empty tokens.
 *
 * Page "Attention Pattern": `webAPP/cached_attention/<example>/<layer>-<head>.json` (counting: `cached_counting_attention`)
 * with `str_tokens` (no EOS), `layer_idx`, `head_idx`, `attn_weights` `[query, key]`. Every combination of a layer and a
 * head that occur has to exist.
 *
 * Both pages open with addition, and fail if it has no example: see `streamlit-placeholder.ts`. The viewer draws its rule at
 * 0.1, for facts at 0.25, whatever ε the reading was made with.
 * @module
 */
import { InputError } from '../input-error.js';
import { type Reading, type Sample } from '../inversion/reading.js';
import { shortName } from '../models/hooks.js';
import { escapeHtml } from './escape.js';

/** A file to be written: its path relative to the root of the viewer's repository, with `/` between folders. */
export interface ExportedFile {
  readonly path: string;
  readonly contents: string;
}

/** Attention of one head over one input. */
export interface AttentionPattern {
  readonly task: string;
  /** Tokens from BOS to EOS. */
  readonly tokens: readonly string[];
  readonly layer: number;
  readonly head: number;
  /** Weights, `[query position, key position]`, one row a token. */
  readonly weights: readonly (readonly number[])[];
}

/** How the published web app shows a task. */
export interface ViewerTask {
  /** Name of the task. */
  readonly task: string;
  /** Folders of its examples, relative to the root of the app's repository. */
  readonly generation: string;
  readonly attention: string;
  /** What the app calls the positions that it shows. */
  readonly labels: readonly string[];
  /** Indices of the labelled positions, in their order; −1 for one that the input has not. */
  positions(tokens: readonly string[]): number[];
  /** Tokens that every input has: by them its files are known. */
  readonly signs: readonly string[];
  /** Tokens that a sample has at the least: the app takes one at a fixed place from the end. */
  readonly fewest: number;
}

const viewerSite = /^blocks\.\d+\.(?:attn\.hook_result\.\d+|hook_resid_(?:pre|mid|post)|hook_mlp_out)$/;
const endToken = 'E';
/** Longest folder name: most file systems take 255 bytes. */
const longestName = 200;

/**
 * The viewer's files for some readings and attention patterns.
 * @param readings each with another query, site or metric; all positions that the viewer labels
 *   should be there, for both metrics where its switch between them is to work
 * @param attention for each input every head of every layer
 * @param viewers the tasks that the viewer shows
 * @throws InputError for a task, site or position that the viewer does not show, a repeated reading, or a missing head
 * @example exportStreamlit([reading], [], viewers).map(({ path }) => path)
 * // ['training_outputs/cached_addition_generation/B615+861=1476/blocks.0.attn.hook_result.0-8-Auto-dist.json', …]
 */
export function exportStreamlit(
  readings: readonly Reading[],
  attention: readonly AttentionPattern[],
  viewers: readonly ViewerTask[],
): ExportedFile[] {
  const files = new Map<string, unknown>();
  const add = (path: string, contents: unknown, what: string): void => {
    if (files.has(path)) throw new InputError(`${what} is there twice: the viewer has one file for it.`);
    files.set(path, contents);
  };
  const labelled = new Map<string, { site: string; positions: readonly number[] }>();
  const read = new Set<string>();
  for (const reading of readings) {
    const { query } = reading;
    const task = viewerTask(reading.task, viewers);
    const tokens = withoutEnd(query.tokens);
    const folder = `${task.generation}/${exampleName(tokens)}`;
    const positions = labelledPositions(task, tokens, query.input);
    if (!viewerSite.test(query.site)) {
      throw new InputError(
        `The viewer shows heads, residual streams and MLP outputs (a0.3, x0.mid, m0), not ${query.site}.`,
      );
    }
    if (!positions.includes(query.position)) {
      throw new InputError(
        `The viewer shows ${reading.task} at ${task.labels.join(', ')}; position ${query.position} is none of them.`,
      );
    }
    const metric = reading.metric === 'cosine' ? 'sim' : 'dist';
    const what = `The reading of ${shortName(query.site)} at position ${query.position} of ${query.input} (${temperatureName(reading)}, ${metric})`;
    const temperature = temperatureName(reading);
    add(
      `${folder}/${query.site}-${query.position}-${temperature}-${metric}.json`,
      generationFile(reading, tokens, task.fewest),
      what,
    );
    labelled.set(folder, { site: query.site, positions });
    if (temperature === auto) read.add(`${folder} ${query.position}`);
  }
  for (const [folder, { site, positions }] of labelled) {
    for (const position of positions) {
      if (!read.has(`${folder} ${position}`)) files.set(`${folder}/${site}-${position}-Auto-none.json`, {});
    }
  }
  for (const pattern of attention) {
    const tokens = withoutEnd(pattern.tokens);
    const folder = `${viewerTask(pattern.task, viewers).attention}/${exampleName(tokens)}`;
    const what = `The attention of layer ${pattern.layer}, head ${pattern.head} over ${tokens.join('')}`;
    add(`${folder}/${pattern.layer}-${pattern.head}.json`, attentionFile(pattern, tokens), what);
  }
  requireEveryHead(attention);
  return [...files].map(([path, contents]) => ({ path, contents: JSON.stringify(contents) }));
}

function viewerTask(name: string, viewers: readonly ViewerTask[]): ViewerTask {
  const found = viewers.find(({ task }) => task === name);
  if (found !== undefined) return found;
  const shown = viewers.map(({ task }) => task);
  throw new InputError(`Only ${shown.join(' and ')} are exported to the viewer, not ${name}.`);
}

/** The published files leave EOS out of the query, and show it in samples. */
const withoutEnd = (tokens: readonly string[]): readonly string[] =>
  tokens.at(-1) === endToken ? tokens.slice(0, -1) : tokens;

/** A folder's name: what a file system or a path would take for more than a name is replaced. */
function exampleName(tokens: readonly string[]): string {
  const name = tokens
    .join('')
    .replace(/[\p{C}/\\]/gu, '_')
    .replace(/^\.+/, '_');
  return (Array.from(name).slice(0, longestName).join('') || '_').trimEnd();
}

/**
 * Indices of the places that the viewer shows of an input.
 * @param tokens from BOS on
 * @throws InputError for a task that it does not show, or an input that lacks one of the places
 */
export const viewerPositions = (
  task: string,
  tokens: readonly string[],
  viewers: readonly ViewerTask[],
): readonly number[] => labelledPositions(viewerTask(task, viewers), withoutEnd(tokens), tokens.join(''));

function labelledPositions(task: ViewerTask, tokens: readonly string[], input: string): number[] {
  const positions = task.positions(tokens);
  const ascending = positions.every((position, at) => position > (positions[at - 1] ?? 0));
  const inside = positions.every((position) => position < tokens.length);
  if (ascending && inside) return positions;
  throw new InputError(
    `The viewer needs an input with ${task.labels.join(', ')} in this order, not ${input}.`,
  );
}

const auto = 'Auto';

/** As Python prints a float: the viewer's own files say 0.5, 1.0, 2.0. */
function temperatureName({ temperature = null }: Reading): string {
  if (temperature === null) return auto;
  return Number.isInteger(temperature) ? temperature.toFixed(1) : String(temperature);
}

/** Three digits behind the point, as in the published files; JSON has no infinity. */
const rounded = (value: number): number => (Number.isFinite(value) ? Number(value.toFixed(3)) : 0);

function generationFile(reading: Reading, tokens: readonly string[], fewest: number): unknown {
  const { query, metric, attention } = reading;
  const isHead = query.site.includes('hook_result');
  return {
    query_input: tokens.map(escapeHtml),
    query_position: query.position,
    probed_act: query.site,
    attn_weights: isHead && attention !== null ? tokens.map((_, at) => weight(attention[at])) : [],
    temperature: reading.temperature ?? 0,
    metric: metric === 'cosine' ? 'sim' : 'dist',
    generation: [...reading.samples]
      .sort((a, b) => a.distance - b.distance)
      .map((sample) => generationItem(sample, reading, fewest)),
  };
}

/** The viewer stops at a weight outside 0 … 1. */
const weight = (value: number | undefined): number => rounded(Math.min(1, Math.max(0, value ?? 0)));

function generationItem(sample: Sample, { metric }: Reading, fewest: number): unknown {
  const far = metric === 'cosine' ? 2 : 1000;
  const value = (distance: number): number => {
    const known = Number.isFinite(distance) ? distance : far;
    return rounded(metric === 'cosine' ? 1 - known : known);
  };
  const places = Array.from({ length: Math.max(fewest, sample.tokens.length) }, (_, at) => at);
  return [
    places.map((at) => escapeHtml(sample.tokens[at] ?? '')),
    places.map((at) => rounded(sample.tokenDelta[at] ?? 0)),
    places.map((at) => value(sample.distances[at] ?? far)),
    sample.matchedPosition,
    value(sample.distance),
  ];
}

function attentionFile(pattern: AttentionPattern, tokens: readonly string[]): unknown {
  return {
    str_tokens: tokens.map(escapeHtml),
    layer_idx: pattern.layer,
    head_idx: pattern.head,
    attn_weights: tokens.map((_, query) => tokens.map((_key, key) => weight(pattern.weights[query]?.[key]))),
  };
}

/** The attention page crosses all layers with all heads that it finds for an input. */
function requireEveryHead(attention: readonly AttentionPattern[]): void {
  const inputs = new Map<string, AttentionPattern[]>();
  for (const pattern of attention) {
    const key = JSON.stringify([pattern.task, pattern.tokens]);
    inputs.set(key, [...(inputs.get(key) ?? []), pattern]);
  }
  for (const patterns of inputs.values()) {
    const heads = new Set(patterns.map(({ head }) => head));
    for (const layer of new Set(patterns.map((pattern) => pattern.layer))) {
      for (const head of heads) {
        if (patterns.some((pattern) => pattern.layer === layer && pattern.head === head)) continue;
        const input = withoutEnd(patterns[0]?.tokens ?? []).join('');
        throw new InputError(`The attention of layer ${layer}, head ${head} over ${input} is missing.`);
      }
    }
  }
}
