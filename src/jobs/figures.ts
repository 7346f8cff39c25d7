/**
 * Figures as files: SVG, or PNG by resvg, with the data beside them, so that whoever has the picture has the numbers.
 * @module
 */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { Resvg, type ResvgRenderOptions } from '@resvg/resvg-js';
import { InputError } from '../input-error.js';
import { type Field, csv } from '../report/csv.js';
import { destinationOf } from './destination.js';
import { fileFault } from './file-fault.js';
import { expectWritable, writeFileAtomic } from './files.js';

/** Pixels of a PNG to one of the SVG: sharp on paper at the width of a column. */
const scale = 3;

/** Fonts that come with a package, for machines that have none of their own; none where it is not installed. */
function packagedFonts(): string[] {
  const packages = createRequire(import.meta.url);
  try {
    return ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) =>
      packages.resolve(`dejavu-fonts-ttf/ttf/${file}`),
    );
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
export function png(svg: string, fonts: Fonts = {}): Uint8Array {
  const font = fontFor(fonts);
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: scale } }).render().asPng();
}

/** @throws InputError where there is no font */
function fontFor({ system = true, files = packagedFonts() }: Fonts): NonNullable<ResvgRenderOptions['font']> {
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
  return font;
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
 * Refuses a figure that cannot be written, before long work is done for it.
 * @throws InputError that says which of its files, and why; or that there is no font for a PNG
 */
export async function expectFigure(files: FigureFiles): Promise<void> {
  if (files.png !== undefined) fontFor({});
  const pictures = [files.svg, files.png].filter((name) => name !== undefined);
  const beside = (await Promise.all(pictures.map(besideOf))).flat();
  const taken = new Set(beside.map((name) => resolve(name)));
  for (const name of pictures) {
    if (taken.has(resolve(name)))
      throw new InputError(`${name} would hold two outputs: give each figure a name of its own.`);
    taken.add(resolve(name));
  }
  for (const file of [...pictures, ...new Set(beside)]) await expectWritable(file);
}

/** Files of data that come with a picture: none where it goes into a device, a pipe or a descriptor. */
async function besideOf(name: string): Promise<readonly string[]> {
  const { kind } = await destinationOf(name).catch((error: unknown) => {
    throw fileFault(`${name} cannot be written`, error);
  });
  const { json, csv: table } = dataFiles(name);
  return kind === 'file' ? [json, table] : [];
}

/**
 * Writes a figure, and beside each picture its data: `figure.svg`, `figure.json`, `figure.csv`. There is nothing beside
 * a device, a pipe or an open descriptor.
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
    contents.set(name, content());
    const [json, table] = await besideOf(name);
    if (json !== undefined) contents.set(json, text(`${JSON.stringify(data, null, 2)}\n`));
    if (table !== undefined) contents.set(table, text(csv(rows)));
  }
  for (const [name, content] of contents) await writeFileAtomic(name, content);
  return [...contents.keys()];
}
