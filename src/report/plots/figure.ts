/**
 * A figure: panels drawn by Observable Plot, set beside each other under a title and over a caption, as one SVG that
 * needs nothing outside itself. What is drawn is a description; it becomes SVG here, in a document of its own where
 * there is no page, or in a page's.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { type Theme, fontFamily, fontSize, themes } from './theme.js';

/** One plot of a figure; width and height are pixels. */
export interface Panel {
  readonly width: number;
  readonly height: number;
  /**
   * Options of Observable Plot's `plot`. An object and no more to whoever uses the package: Plot's declarations need
   * those of d3, which do not come with it. A figure here checks its own: `satisfies Plot.PlotOptions`.
   */
  readonly options: object;
}

/** What is drawn. */
export interface Figure {
  readonly title: string;
  /** One line under the title. */
  readonly subtitle: string;
  /** Lines under the panels, broken where they are too wide. */
  readonly caption: string;
  /** From left to right, and row by row. */
  readonly panels: readonly Panel[];
  /** Panels of a row; all of them unless given. */
  readonly columns?: number;
}

/** Where and how it is drawn. */
export interface FigureOptions {
  readonly theme?: Theme;
  /** The page's, in a browser; one of its own unless given. */
  readonly document?: Document;
}

const margin = 16;
const titleSize = 16;
const captionSize = 11;
const lineHeight = 1.35;
/** Mean width of a letter over its size: what there is to go by where nothing measures text. */
const letterWidth = 0.56;

/**
 * Draws a figure.
 * @returns a whole SVG document, fit for a file
 */
export function figureSvg(
  { title, subtitle, caption, panels, columns = Math.max(1, panels.length) }: Figure,
  { theme = themes.light, document = parseHTML('<!doctype html><html></html>').document }: FigureOptions = {},
): string {
  const rows = Array.from({ length: Math.ceil(panels.length / columns) }, (_, row) =>
    panels.slice(row * columns, (row + 1) * columns),
  );
  const widthOf = (row: readonly Panel[]): number => row.reduce((sum, { width }) => sum + width, 0);
  const inner = Math.max(0, ...rows.map(widthOf));
  const width = inner + 2 * margin;
  const broken = (text: string, size: number): string[] =>
    text === '' ? [] : lines(text, Math.floor(inner / (size * letterWidth)));
  const pieces: string[] = [];
  let y = margin;
  const write = (text: string, size: number, fill: string, weight = 400): void => {
    y += size * lineHeight;
    pieces.push(
      `<text x="${margin}" y="${round(y - size * 0.35)}" font-size="${size}" font-weight="${weight}" fill="${fill}">${escapeXml(text)}</text>`,
    );
  };
  for (const line of broken(title, titleSize)) write(line, titleSize, theme.ink, 600);
  for (const line of broken(subtitle, fontSize)) write(line, fontSize, theme.muted);
  y += 10;
  for (const row of rows) {
    let x = margin;
    for (const panel of row) {
      const drawn = Plot.plot({
        document,
        ...panel.options,
        width: panel.width,
        height: panel.height,
        style: {
          fontFamily,
          fontSize: `${fontSize}px`,
          color: theme.ink,
          background: 'none',
          overflow: 'visible',
        },
      });
      // Rules for pages; a figure says what it needs in attributes.
      for (const style of drawn.querySelectorAll('style')) style.remove();
      pieces.push(`<g transform="translate(${x} ${round(y)})">${drawn.outerHTML}</g>`);
      x += panel.width;
    }
    y += row.reduce((most, { height }) => Math.max(most, height), 0);
  }
  y += 4;
  for (const line of broken(caption, captionSize)) write(line, captionSize, theme.muted);
  const height = Math.ceil(y + margin);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escapeXml(fontFamily)}" color="${theme.ink}" role="img" aria-label="${escapeXml(title)}">`,
    `<title>${escapeXml(title)}</title>`,
    ...(theme.paper === 'none' ? [] : [`<rect width="100%" height="100%" fill="${theme.paper}"/>`]),
    ...pieces,
    '</svg>',
    '',
  ].join('\n');
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** Breaks text between words into lines of at most so many letters. */
function lines(text: string, letters: number): string[] {
  const out: string[] = [];
  for (const word of text.split(' ')) {
    const last = out.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= letters)
      out[out.length - 1] = `${last} ${word}`;
    else out.push(word);
  }
  return out;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
// A character that XML cannot hold makes the whole file unreadable.
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Cs}]/gu;

/** Text as it may stand between tags and in quoted attributes. */
const escapeXml = (text: string): string =>
  text.replace(forbidden, '\ufffd').replace(/[&<>"]/g, (character) => entities[character] ?? '');
