/**
 * A reading for a terminal: the query with its position marked, the samples by distance with a rule at ε, and what
 * the activation does to each token as colour, or as signs where there is no colour.
 * @module
 */
import { type OwnSample, type Reading, type Sample } from '../inversion/reading.js';
import { type Piece, clip, columns, printable, prose, setInLines } from './columns.js';
import { epsilonOrigin } from './epsilons.js';
import { deltaLevel, paintDelta } from './palette.js';
import { controlLines, usedLines } from './used.js';
import { controlsTitle, usedTitle } from './used-wording.js';
import {
  alsoAtDistance,
  alsoAtText,
  barShare,
  counted,
  distanceText,
  judgedAtPlace,
  metricNames,
  notJudged,
  ownText,
  percent,
  plainNumber,
  positionText,
  readoutLines,
  sides,
  subject,
  temperatureText,
} from './wording.js';

/** How to print. */
export interface TerminalOptions {
  /** Whether escape sequences for colour may be used. Heeding `NO_COLOR` is the caller's matter. */
  readonly color: boolean;
  /** Columns of a line, 20 at the least. */
  readonly width: number;
  /** Most samples printed, taken evenly from all that the reading holds; all of them unless given. */
  readonly limit?: number;
  /** Whether each sample says the temperature that drew it. */
  readonly temperatures?: boolean;
}

const narrowest = 20;
const levels = Array.from('▁▂▃▄▅▆▇█');
const eighths = ['', ...Array.from('▏▎▍▌▋▊▉')];
/** From this step on a token gets a sign where there is no colour: a difference above a sixth. */
const signedLevel = 2;
/** Most different tokens that a legend names. */
const mostNamed = 8;
const signs = { raised: '▴', lowered: '▾' };

/**
 * Renders a reading as lines of at most `width` columns, without a line break at the end.
 * @example console.log(renderTerminal(reading, { color: true, width: 80 }))
 */
export function renderTerminal(reading: Reading, options: TerminalOptions): string {
  const width = Math.max(narrowest, Math.floor(options.width));
  const style = options.color ? escapes : plain;
  const shown = evenly(reading.samples, options.limit ?? reading.samples.length);
  const blocks = [
    reading.warnings.flatMap((warning) => prose(`Warning: ${warning}`, width, '  ').map(style.bold)),
    heading(reading, width, style),
    queryBlock(reading, width, style),
    figures(reading, width),
    ...sampleBlocks(reading, shown, width, style, options.temperatures === true),
    reading.readout === undefined
      ? []
      : readoutLines(reading.readout).flatMap((line) => prose(line, width, '  ').map(style.bold)),
    ...besides(reading, width, style),
    legend(reading, shown, width, style),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.map((line) => line.trimEnd()).join('\n'))
    .join('\n\n');
}

/** What was measured beside the samples. */
function besides({ used, controls, epsilon }: Reading, width: number, style: Style): string[][] {
  return [
    used === undefined ? [] : [style.bold(clip(usedTitle, width)), ...usedLines(used, width)],
    controls === undefined
      ? []
      : [style.bold(clip(controlsTitle, width)), ...controlLines(controls, epsilon, width)],
  ];
}

interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly marked: (text: string) => string;
  readonly inside: (text: string) => string;
  readonly color: boolean;
}
const same = (text: string): string => text;
const plain: Style = { bold: same, dim: same, marked: same, inside: same, color: false };
const escapes: Style = {
  bold: (text) => `\u001b[1m${text}\u001b[0m`,
  dim: (text) => `\u001b[2m${text}\u001b[0m`,
  marked: (text) => `\u001b[1;7m${text}\u001b[0m`,
  inside: (text) => `\u001b[32m${text}\u001b[0m`,
  color: true,
};

/** `count` of the list, evenly spaced, the first and the last among them: the shares on both sides of ε are kept. */
function evenly<T>(list: readonly T[], count: number): T[] {
  const kept = Math.max(0, Math.floor(count));
  if (kept >= list.length) return [...list];
  if (kept === 1) return list.slice(0, 1);
  const step = (list.length - 1) / (kept - 1);
  return Array.from({ length: kept }, (_, at) => list.slice(Math.round(at * step))[0]).filter(
    (item) => item !== undefined,
  );
}

function heading(reading: Reading, width: number, style: Style): string[] {
  const title = printable(subject(reading));
  const rest = printable(`${reading.query.site} · ${reading.task}`);
  const between = width - columns(title) - columns(rest);
  if (between >= 2) return [style.bold(title) + ' '.repeat(between) + style.dim(rest)];
  return [...prose(title, width).map(style.bold), ...prose(rest, width).map(style.dim)];
}

interface QueryPiece extends Piece {
  readonly weight: string;
  readonly caret: string;
}

/** Tokens of the query with brackets and carets at the position, and the head's attention as bars above them. */
function queryBlock({ query, attention }: Reading, width: number, style: Style): string[] {
  const indent = '  ';
  const room = width - indent.length - 1;
  const pieces = query.tokens.map((raw, at): QueryPiece => {
    const token = clip(printable(raw), room - 1);
    const taken = columns(token);
    const here = at === query.position;
    const before = here ? '[' : at - 1 === query.position ? ']' : ' ';
    return {
      printed: before + (here ? style.marked(token) : token),
      width: taken + 1,
      weight: ` ${weightSign(attention?.[at] ?? 0).repeat(taken)}`,
      caret: ` ${(here ? '^' : ' ').repeat(taken)}`,
    };
  });
  const lines: string[] = [];
  let first = 0;
  for (const line of setInLines(pieces, room)) {
    const text = line.map((piece) => piece.printed).join('');
    const holdsQuery = query.position >= first && query.position < first + line.length;
    const closes = query.position === first + line.length - 1;
    if (attention !== null) lines.push(indent + line.map((piece) => piece.weight).join(''));
    lines.push(indent + text + (closes ? ']' : ''));
    if (holdsQuery) {
      const caret = (indent + line.map((piece) => piece.caret).join('')).trimEnd();
      lines.push(...caretLabel(caret, printable(positionText({ query })), width));
    }
    first += line.length;
  }
  return attention === null ? lines : [...lines, ...attentionSummary(query.tokens, attention, width)];
}

/** The label beside the caret where there is room, right of it or left; else on a line of its own. */
function caretLabel(caret: string, label: string, width: number): string[] {
  const wanted = columns(label) + 1;
  if (columns(caret) + wanted <= width) return [`${caret} ${label}`];
  const lead = columns(caret) - columns(caret.trimStart());
  if (lead >= wanted) return [`${' '.repeat(lead - wanted)}${label} ${caret.trimStart()}`];
  return [caret, ...prose(label, width)];
}

function weightSign(weight: number): string {
  if (!(weight >= 0.005)) return '·';
  return levels[Math.min(levels.length - 1, Math.floor(weight * levels.length))] ?? '█';
}

/** Bars are coarse: the largest weights are written out too. */
function attentionSummary(tokens: readonly string[], attention: readonly number[], width: number): string[] {
  const largest = attention
    .map((weight, at) => ({ weight, at, token: tokens[at] ?? '' }))
    .filter(({ weight }) => weight >= 0.05)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, 4)
    .map(({ weight, at, token }) => `"${token}" (${at}) ${weight.toFixed(2)}`);
  if (largest.length === 0) return [];
  return prose(`Bars: the head’s attention, most to ${largest.join(', ')}.`, width, '  ', '  ');
}

function figures(reading: Reading, width: number): string[] {
  const { inside, candidates, epsilon, epsilonFrom, metric, distinct, invalid } = reading;
  const counts = `${inside} of ${counted(candidates, 'candidate')} (${percent(inside, candidates)}) inside ε = ${plainNumber(epsilon)}${epsilonOrigin(epsilonFrom)}`;
  const rest = `${distinct} distinct, ${invalid} not among the task’s inputs`;
  return prose(
    [`${counts}, ${metricNames[metric]}; ${rest}.`, alsoAtText(reading)].filter(Boolean).join(' '),
    width,
  );
}

/** How tokens of a sample are set: in columns of one token each, which shows what they share, or run together. */
type Layout = 'columns' | 'inline';

/** Whether there is room for the distance at a second place. */
const hasSecond = ({ alsoAt }: Reading, width: number): boolean => alsoAt !== undefined && width >= 44;

/** The shown samples on both sides of ε, and a person's own inputs after them, set alike. */
function sampleBlocks(
  reading: Reading,
  shown: readonly Sample[],
  width: number,
  style: Style,
  temperatures: boolean,
): string[][] {
  const own = reading.own ?? [];
  if (reading.samples.length === 0 && own.length === 0) return [prose('No samples.', width)];
  const { inside, outside } = sides(shown);
  const all = [...shown, ...own];
  const bar = width >= 64 ? 10 : width >= 44 ? 5 : 0;
  const second = hasSecond(reading, width) ? 7 : 0;
  const heat =
    temperatures && width >= 64 && shown.some(({ temperature }) => temperature !== undefined) ? 6 : 0;
  const prefix = 6 + second + 1 + (bar > 0 ? bar + 1 : 0) + heat + 2;
  const room = width - prefix;
  const longest = Math.max(0, ...all.map((sample) => sample.tokens.length));
  const single = all.every((sample) => sample.tokens.every((token) => columns(printable(token)) === 1));
  const column = style.color ? 2 : 3;
  const layout: Layout = single && longest * column < room ? 'columns' : 'inline';
  const row = (sample: Sample | OwnSample): string[] => {
    const lines = setInLines(tokenPieces(sample, layout, room, style), room);
    const number = distanceText(sample.distance).padStart(6);
    const there = second > 0 ? ` ${alsoAtDistance(sample).padStart(6)}` : '';
    const paint = sample.inside ? style.inside : style.dim;
    const drawn = bar > 0 ? `${paint(barOf(sample.distance, reading.epsilon, bar))} ` : '';
    const temperature = 'temperature' in sample ? temperatureText(sample.temperature) : '';
    const warm = heat > 0 ? `${temperature.padEnd(heat - 1).slice(0, heat - 1)} ` : '';
    return lines.map((line, at) => {
      const start =
        at === 0 ? `${number}${there} ${drawn}${warm}${sample.valid ? ' ' : '!'} ` : ' '.repeat(prefix);
      return start + line.map((piece) => piece.printed).join('');
    });
  };
  const rule = ruleAt(reading.epsilon, inside.length, outside.length, width);
  const samples = [...inside.flatMap(row), style.bold(rule), ...outside.flatMap(row)];
  if (own.length === 0) return [samples];
  const judged = own.flatMap((sample) => [
    ...row(sample),
    ...prose(ownText(sample), width, '  ', '  ').map(style.dim),
  ]);
  return [
    reading.samples.length === 0 ? prose('No samples.', width) : samples,
    [...prose('Your own, counted in no figure:', width).map(style.bold), ...judged],
  ];
}

function barOf(distance: number, epsilon: number, width: number): string {
  const filled = Math.round(barShare(distance, epsilon) * width * 8);
  const bar = '█'.repeat(Math.floor(filled / 8)) + (eighths[filled % 8] ?? '');
  return bar.padEnd(width);
}

function ruleAt(epsilon: number, inside: number, outside: number, width: number): string {
  const label = `── ε = ${plainNumber(epsilon)} `;
  const counts = ` ${inside} inside above, ${outside} outside below ──`;
  const free = width - columns(label) - columns(counts);
  return free >= 2
    ? label + '─'.repeat(free) + counts
    : clip(label + '─'.repeat(width), width).replace('…', '─');
}

/**
 * Brackets stand around the matched token. In columns the closing one takes the place of its sign where it has none,
 * else of the space before the next token.
 */
function tokenPieces(sample: Sample | OwnSample, layout: Layout, room: number, style: Style): Piece[] {
  const { matchedPosition: matched, tokenDelta } = sample;
  const inline = layout === 'inline';
  const last = sample.tokens.length - 1;
  const signed = !style.color && signOf(tokenDelta[matched]) !== '';
  const closesEarly = inline || matched === last || (!style.color && !signed);
  return sample.tokens.map((raw, at) => {
    const token = clip(printable(raw), room - 3);
    const before = at === matched ? '[' : inline ? '' : at - 1 === matched && !closesEarly ? ']' : ' ';
    const sign = style.color ? '' : signOf(tokenDelta[at]);
    const close = at === matched && closesEarly ? ']' : '';
    const after = (sign + close).padEnd(inline || style.color ? 0 : 1);
    return {
      printed: before + painted(token, tokenDelta[at] ?? null, style) + after,
      width: columns(before + token + after),
    };
  });
}

/** A token in its colour; what is not judged is dim. */
function painted(token: string, delta: number | null, style: Style): string {
  if (!style.color) return token;
  return delta === null ? style.dim(token) : paintDelta(token, deltaLevel(delta));
}

/** The sign of a difference that is large enough for one, else nothing. */
function signOf(delta: number | null = null): string {
  const level = deltaLevel(delta);
  if (Math.abs(level) < signedLevel) return '';
  return level > 0 ? signs.raised : signs.lowered;
}

function legend(reading: Reading, shown: readonly Sample[], width: number, style: Style): string[] {
  const { raised, lowered } = signs;
  const effect = 'the activation raises or lowers the token’s probability';
  const parts = ['[ ]: the matched position'];
  if (hasSecond(reading, width))
    parts.unshift(`second number: the distance at "${printable(reading.alsoAt?.place ?? '')}"`);
  if (style.color) parts.push(`colour: ${effect}`);
  else if (shown.some((sample) => sample.tokenDelta.some((delta) => signOf(delta) !== '')))
    parts.push(`${raised} ${lowered}: ${effect} by more than 1/6`);
  const all = [...shown, ...(reading.own ?? [])];
  const unjudged = new Set(
    shown.flatMap(({ tokens, tokenDelta }) => tokens.filter((_, at) => tokenDelta[at] === null)),
  );
  if (unjudged.size > 0 && unjudged.size <= mostNamed)
    parts.push(`${style.color ? 'dim, ' : ''}${[...unjudged].map(printable).join(' ')}: ${notJudged}`);
  if (all.some((sample) => !sample.valid)) parts.push('!: not among the task’s inputs');
  const lines = prose(`${parts.join('; ')}.`, width);
  if (shown.some(({ follows = [] }) => follows.length > 0)) lines.push(...prose(judgedAtPlace, width));
  const samples = reading.samples.length;
  if (shown.length < samples)
    lines.push(...prose(`${shown.length} of the ${counted(samples, 'sample')} printed.`, width));
  lines.push(...prose(`Model ${reading.model}; decoder ${reading.decoder}; seed ${reading.seed}.`, width));
  const scale = style.color ? [`${paintDelta(' lowered ', -4)} ${paintDelta(' raised ', 3)}`] : [];
  return [...scale, ...lines.map(style.dim)];
}
