/**
 * Figures as files: SVG, or PNG by resvg, with the data beside them, so that whoever has the picture has the numbers.
 * @module
 */
import { createRequire } from 'node:module';
import { Resvg } from '@resvg/resvg-js';
import { InputError } from '../input-error.js';
import { type Field, csv } from '../report/csv.js';
import { writeFileAtomic } from './files.js';

/** Pixels of a PNG to one of the SVG: sharp on paper at the width of a column. */
const scale = 3;

/** Fonts that come with a package, for machines that have none of their own; none where it is not installed. */
function packagedFonts(): string[] {
  const { resolve } = createRequire(import.meta.url);
  try {
    return ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) => resolve(`dejavu-fonts-ttf/ttf/${file}`));
  } catch {
    return [];
  }
}

/** Which fonts there are to draw with. */
export interface Fonts {
  /** Those of the machine; true unless given. */
  readonly system?: boolean;
  /** Files of others; those of a package unless given. */
  readonly files?: readonly string[];
}

/**
 * An SVG as PNG.
 * @throws InputError where there is no font, since all text would be missing
 */
export function png(svg: string, { system = true, files = packagedFonts() }: Fonts = {}): Uint8Array {
  const font = {
    loadSystemFonts: system,
    fontFiles: [...files],
    defaultFontFamily: 'DejaVu Sans',
    sansSerifFamily: 'DejaVu Sans',
  };
  const probe =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text x="1" y="8">a</text></svg>';
  if (new Resvg(probe, { font }).getBBox() === undefined) {
    throw new InputError(
      'A PNG needs a font, and none is installed: install one (DejaVu Sans, for instance), or write an SVG.',
    );
  }
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: scale } }).render().asPng();
}

/** Where the data of a figure go: beside it, under its name. */
export function dataFiles(figure: string): { readonly json: string; readonly csv: string } {
  const stem = figure.replace(/\.(svg|png)$/i, '');
  return { json: `${stem}.json`, csv: `${stem}.csv` };
}

/** What is written of a figure. */
export interface FigureFiles {
  /** File names; either may be left out. */
  readonly svg?: string;
  readonly png?: string;
}

/**
 * Writes a figure, and beside each picture its data: `figure.svg`, `figure.json`, `figure.csv`.
 * @returns the names of the files written
 */
export async function writeFigure(
  files: FigureFiles,
  drawn: string,
  data: unknown,
  rows: readonly Readonly<Record<string, Field>>[],
): Promise<string[]> {
  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  const contents = new Map<string, Uint8Array>();
  for (const [name, content] of [
    [files.svg, () => text(drawn)],
    [files.png, () => png(drawn)],
  ] as const) {
    if (name === undefined) continue;
    const beside = dataFiles(name);
    contents.set(name, content());
    contents.set(beside.json, text(`${JSON.stringify(data, null, 2)}\n`));
    contents.set(beside.csv, text(csv(rows)));
  }
  for (const [name, content] of contents) await writeFileAtomic(name, content);
  return [...contents.keys()];
}
