/**
 * Options of commands that can draw what they print.
 * @module
 */
import { type Command } from 'commander';
import { writeFigure } from '../jobs/figures.js';
import { type Field } from '../report/csv.js';
import { type Figure, figureSvg, themes } from '../report/plots/index.js';
import { type Theme } from '../report/plots/theme.js';
import { choice } from './options.js';

/** Where a figure goes. */
export interface FigureOptions {
  readonly svg?: string;
  readonly png?: string;
  readonly scheme: 'light' | 'dark';
}

/** Adds `--svg`, `--png` and `--scheme`. */
export function withFigure(command: Command): Command {
  return command
    .option('--svg <file>', 'write the figure, and its data beside it as .json and .csv')
    .option('--png <file>', 'the same as a picture')
    .addOption(choice('--scheme <name>', 'colours of the figure', ['light', 'dark']).default('light'));
}

/** Writes the figure that was asked for, if one was; what was written is said on stderr. */
export async function drawn(
  { svg, png, scheme }: FigureOptions,
  figure: (theme: Theme) => Figure,
  data: unknown,
  rows: readonly Readonly<Record<string, Field>>[],
): Promise<void> {
  if (svg === undefined && png === undefined) return;
  const theme = themes[scheme];
  const files = { ...(svg === undefined ? {} : { svg }), ...(png === undefined ? {} : { png }) };
  const written = await writeFigure(files, figureSvg(figure(theme), { theme }), data, rows);
  process.stderr.write(`Written: ${written.join(', ')}\n`);
}
