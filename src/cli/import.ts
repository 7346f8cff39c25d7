/**
 * `inversionview import`: a reading from another program's file.
 * @module
 */
import { readFile } from 'node:fs/promises';
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { readingOf } from '../inversion/saved-reading.js';
import { expectWritable, writeFileAtomic } from '../jobs/files.js';
import { importReading } from '../report/import-reading.js';
import { studies } from '../studies/index.js';
import { renderHtml, renderTerminal } from '../report/index.js';
import { number, printJson, whole } from './options.js';
import { styleFor } from './terminal.js';

interface ImportOptions {
  readonly epsilon?: number;
  readonly shown: number;
  readonly limit: number;
  readonly out?: string;
  readonly html?: string;
  readonly json?: true;
}

/** Adds the command. */
export function importCommand(program: Command): void {
  program
    .command('import')
    .argument(
      '<file>',
      'a cached file of the published web app, a saved reading, or what read --json printed',
    )
    .option(
      '-e, --epsilon <x>',
      "largest distance that counts as inside (default: the file's; of a cached file the study's, 0.25 for facts, else 0.1)",
      number(0, 1e6),
    )
    .option('--shown <n>', 'most samples in the report, about 70% of them inside', whole(1, 10_000), 100)
    .option('--limit <n>', 'most samples printed to the terminal', whole(1), 30)
    .option('-o, --out <file>', 'write it as a saved reading, which the workbench opens')
    .option('--html <file>', 'write a self-contained page')
    .option('--json', 'print the data, as read --json does')
    .addHelpText(
      'after',
      `
Example:
  inversionview import "training_outputs/cached_addition_generation/B615+861=1476/blocks.0.attn.hook_result.0-8-Auto-dist.json" \\
    --out readings/615.json      (the list of saved readings in the workbench: inversionview serve --readings readings)

A cached file has one metric and three digits; it names neither model nor decoder nor seed. Its temperature stays with
it.`,
    )
    .action(async (file: string, options: ImportOptions) => {
      for (const path of [options.out, options.html]) if (path !== undefined) await expectWritable(path);
      const imported = importReading(await parsedFile(file), file, studies);
      const { epsilon = imported.view.epsilon } = options;
      const saved = { ...imported, view: { ...imported.view, epsilon } };
      const reading = readingOf(saved, options.shown);
      const write = (path: string, text: string): Promise<void> =>
        writeFileAtomic(path, new TextEncoder().encode(text));
      if (options.out !== undefined)
        await write(options.out, `${JSON.stringify({ ...saved, request: imported.request ?? null })}\n`);
      if (options.html !== undefined) await write(options.html, renderHtml(reading));
      if (options.json === true) {
        printJson(reading);
        return;
      }
      const style = styleFor(process.stdout, process.env);
      process.stdout.write(`${renderTerminal(reading, { ...style, limit: options.limit })}\n`);
      const written = [options.out, options.html].filter((path) => path !== undefined);
      if (written.length > 0) process.stdout.write(`\nWritten: ${written.join(', ')}\n`);
    });
}

/** @throws InputError for a file that cannot be read or is not JSON */
async function parsedFile(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(
      code === 'ENOENT'
        ? `${file} does not exist.`
        : code === 'EISDIR'
          ? `${file} is a directory: give one of its files.`
          : `${file} cannot be read: ${code ?? String(error)}.`,
    );
  }
  try {
    // A byte order mark is no part of JSON, but other programs write it.
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown;
  } catch {
    throw new InputError(`${file} is not JSON.`);
  }
}
