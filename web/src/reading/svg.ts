/**
 * A reading as a figure: a self-contained SVG, with the query, its attention, the shares and as many samples as a page
 * of a paper takes, chosen evenly by rank on both sides of ε.
 * @module
 */
import { deltaLevel, deltaSwatch, hex, type Scheme } from '../../../src/report/palette.js';
import { distanceText } from '../../../src/report/wording.js';
import { visible } from '../ui/tokens.js';
import { epsilonText, grouped, share } from '../ui/numbers.js';
import type { Metric } from '../state/address.js';
import type { Shown } from './run.svelte.js';
import { insideOf } from './samples.js';

/** How a figure is drawn. */
export interface FigureOptions {
  readonly epsilon: number;
  readonly metric: Metric;
  readonly colours: boolean;
  /** The distance at which a bar is full. */
  readonly axis: number;
  readonly scheme: Scheme;
  /** Most samples drawn. */
  readonly rows?: number;
}

const inks: Record<Scheme, Record<'card' | 'ink' | 'soft' | 'line' | 'in' | 'out' | 'mark', string>> = {
  light: {
    card: '#ffffff',
    ink: '#1a1f26',
    soft: '#59636f',
    line: '#dde1e7',
    in: '#2f6f5e',
    out: '#7d8b9b',
    mark: '#ffffff',
  },
  dark: {
    card: '#1b1f26',
    ink: '#e7eaee',
    soft: '#a3adb9',
    line: '#343b46',
    in: '#62bfa4',
    out: '#7d8896',
    mark: '#06120e',
  },
};
const sans = 'font-family="Helvetica Neue, Arial, DejaVu Sans, sans-serif"';
const mono = 'font-family="SF Mono, Menlo, Consolas, DejaVu Sans Mono, monospace"';
const edge = 24;
const rowHeight = 19;
const barWidth = 150;

const escapeXml = (text: string): string =>
  text
    .replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replace(/[^\t\n\x20-\ud7ff\ue000-\ufffd]/g, '�');

/** Draws a reading. */
export function readingSvg({ query, samples }: Shown, options: FigureOptions): string {
  const { epsilon, metric, axis, rows = 40 } = options;
  const ink = inks[options.scheme];
  const sorted = samples.sorted(metric);
  const inside = insideOf(sorted, epsilon);
  const [above, below] = sides(inside, sorted.order.length, rows);
  const drawn = [...above, ...below].map((index) => samples.list[sorted.order[index] ?? 0]?.tokens ?? []);
  const cell = (token: string): number => Math.max(15, [...visible(token)].length * 8.2 + 4);
  const widthOf = (tokens: readonly string[]): number => tokens.reduce((sum, token) => sum + cell(token), 0);
  const tokensWidth = Math.max(200, widthOf(query.tokens), ...drawn.map(widthOf));
  const barStart = edge + tokensWidth + 74;
  const width = barStart + barWidth + edge;
  const parts: string[] = [];
  const text = (x: number, y: number, content: string, rest = ''): void => {
    parts.push(`<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${rest}>${escapeXml(content)}</text>`);
  };

  text(
    edge,
    36,
    `${query.short} at ${query.place ?? `position ${query.position}`}`,
    `${sans} font-size="17" font-weight="600" fill="${ink.ink}"`,
  );
  const insideDraws = sorted.candidatesBefore[inside] ?? 0;
  const figures = `${share(insideDraws, samples.candidates)} of ${grouped(samples.candidates)} draws inside ε = ${epsilonText(epsilon)}`;
  text(width - edge, 36, figures, `${sans} font-size="12" text-anchor="end" fill="${ink.soft}"`);

  let y = query.attention === null ? 66 : 96;
  let x = edge;
  for (const [at, token] of query.tokens.entries()) {
    const size = cell(token);
    const here = at === query.position;
    const weight = query.attention?.[at] ?? 0;
    if (query.attention !== null)
      parts.push(rect(x + size / 2 - 5, y - 17 - 30 * weight, 10, 30 * weight, ink.out));
    if (here) parts.push(rect(x, y - 15, size - 1, 20, ink.in, 3));
    text(
      x + size / 2,
      y,
      visible(token),
      `${mono} font-size="14" text-anchor="middle" xml:space="preserve" fill="${here ? ink.mark : ink.ink}"`,
    );
    x += size;
  }
  y += 30;
  const ruleTop = y - 12;
  const row = (index: number): void => {
    const number = sorted.order[index] ?? 0;
    const sample = samples.list[number];
    const verdict = sample?.[metric];
    if (sample === undefined || verdict === undefined || verdict === null) return;
    let at = edge;
    for (const [place, token] of sample.tokens.entries()) {
      const size = cell(token);
      const delta = samples.colours[number]?.deltas[place];
      const level = options.colours ? deltaLevel(delta ?? null) : 0;
      const swatch = deltaSwatch(level, options.scheme);
      if (level !== 0) parts.push(rect(at, y - 12, size - 1, 16, hex(swatch.background), 2));
      const matched = place === verdict.position;
      const plain = options.colours && delta === null ? ink.soft : ink.ink;
      const fill = level === 0 ? plain : hex(swatch.text);
      text(
        at + size / 2,
        y,
        visible(token),
        `${mono} font-size="12.5" text-anchor="middle" xml:space="preserve" fill="${fill}"${matched ? ' font-weight="700"' : ''}`,
      );
      if (matched) parts.push(rect(at + 1, y + 2, size - 3, 2, fill));
      at += size;
    }
    text(
      barStart - 12,
      y,
      distanceText(verdict.distance),
      `${mono} font-size="11.5" text-anchor="end" fill="${ink.ink}"`,
    );
    const length = Math.min(1, verdict.distance / axis) * barWidth;
    parts.push(rect(barStart, y - 8, length, 6, verdict.distance <= epsilon ? ink.in : ink.out));
    y += rowHeight;
  };
  above.forEach(row);
  y += 6;
  parts.push(
    `<path d="M${edge} ${y - 12}H${(width - edge).toFixed(1)}" stroke="${ink.ink}" stroke-width="1.5"/>`,
  );
  text(
    edge,
    y + 3,
    `ε = ${epsilonText(epsilon)}: ${grouped(inside)} distinct inside above, ${grouped(sorted.order.length - inside)} outside below`,
    `${sans} font-size="11" fill="${ink.soft}"`,
  );
  y += 24;
  below.forEach(row);
  const line = barStart + Math.min(1, epsilon / axis) * barWidth;
  parts.push(
    `<path d="M${line.toFixed(1)} ${ruleTop}V${y - 10}" stroke="${ink.ink}" stroke-dasharray="3 3" opacity=".6"/>`,
  );
  y += 12;
  const shown = above.length + below.length;
  text(
    edge,
    y,
    `${query.input} · ${metric} distance · ${shown} of ${grouped(sorted.order.length)} distinct samples, evenly by rank · seed ${query.seed ?? '?'}`,
    `${sans} font-size="10.5" fill="${ink.soft}"`,
  );
  y += 15;
  text(edge, y, `${query.model}; decoder ${query.decoder}`, `${sans} font-size="9" fill="${ink.soft}"`);
  const height = y + 18;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width.toFixed(0)}" height="${height.toFixed(0)}" viewBox="0 0 ${width.toFixed(0)} ${height.toFixed(0)}">
<title>${escapeXml(`${query.short} at ${query.place ?? query.position} of ${query.input}`)}</title>
<rect width="100%" height="100%" fill="${ink.card}"/>
${parts.join('\n')}
</svg>
`;
}

const rect = (x: number, y: number, width: number, height: number, fill: string, radius = 0): string =>
  `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${Math.max(0, width).toFixed(1)}" height="${Math.max(0, height).toFixed(1)}" fill="${fill}"${radius > 0 ? ` rx="${radius}"` : ''}/>`;

/** Ranks to draw inside and outside: seven of ten inside where there are enough of both. */
function sides(inside: number, total: number, rows: number): [number[], number[]] {
  const outside = total - inside;
  const above = Math.min(inside, Math.max(Math.round(rows * 0.7), rows - outside));
  const below = Math.min(outside, rows - above);
  return [evenly(0, inside, above), evenly(inside, total, below)];
}

const evenly = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, at) => from + Math.floor(((at + 0.5) * (to - from)) / count));
