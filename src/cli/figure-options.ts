/**
 * Options of commands that can draw what they print.
 * @module
 */
import { type Command } from 'commander';
import { type FigureFiles, expectFigure, writeFigure } from '../jobs/figures.js';
import { type Field } from '../report/csv.js';
import { type Figure, figureSvg, themes } from '../report/plots/index.js';
import { type Theme } from '../report/plots/theme.js';
import { choice } from './options.js';
import { besides } from './standard-streams.js';

/** Where a figure goes. */
export interface FigureOptions {
  readonly svg?: string;
  readonly png?: string;
  readonly scheme: 'light' | 'dark';
}

/** Adds `--svg`, `--png` and `--scheme`. Where a figure cannot be written, the command is refused before any work. */
export function withFigure(command: Command): Command {
  return command
    .option('--svg <file>', 'write the figure, and its data beside a file as .json and .csv')
    .option('--png <file>', 'the same as a picture')
    .addOption(choice('--scheme <name>', 'colours of the figure', ['light', 'dark']).default('light'))
    .hook('preAction', (own) => expectFigure(filesOf(own.opts<FigureOptions>())));
}

const filesOf = ({ svg, png }: FigureOptions): FigureFiles => ({
  ...(svg === undefined ? {} : { svg }),
  ...(png === undefined ? {} : { png }),
});

/** Writes the figure that was asked for, if one was; what was written, or why not, is said on stderr. */
export async function drawn(
  options: FigureOptions,
  figure: (theme: Theme) => Figure,
  data: unknown,
  rows: readonly Readonly<Record<string, Field>>[],
): Promise<void> {
  const files = filesOf(options);
  if (Object.keys(files).length === 0) return;
  const theme = themes[options.scheme];
  await besides(async () => {
    const written = await writeFigure(files, figureSvg(figure(theme), { theme }), data, rows);
    process.stderr.write(`Written: ${written.join(', ')}\n`);
  });
}
