/**
 * `inversionview read`: what an activation knows.
 * @module
 */
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { type Reading } from '../inversion/reading.js';
import { createInstruments } from '../inversion/instruments.js';
import { createReader } from '../inversion/preimage.js';
import { mostCandidates, roundsFor } from '../inversion/rounds.js';
import { decoderControls, searchControls } from '../interpret/controls.js';
import { createInterpreter } from '../interpret/interpreter.js';
import { usedOfReading } from '../interpret/used-reading.js';
import { decoderFor } from '../jobs/shipped.js';
import { expectWritable, writeFileAtomic } from '../jobs/files.js';
import { resolveSite, shortName } from '../models/hooks.js';
import { randomFor } from '../random.js';
import { renderHtml, renderTerminal } from '../report/index.js';
import { placeName, resolvePosition, type Task, thresholdAt } from '../tasks/index.js';
import {
  type ModelOptions,
  type ThresholdOptions,
  number,
  numbers,
  printJson,
  runtimeFor,
  whole,
  withModelOptions,
  withThreshold,
  openedTask,
} from './options.js';
import { type PatchOptions, expectPatch, withPatch } from './patch-options.js';
import { besides } from './standard-streams.js';
import { styleFor } from './terminal.js';

/** What identifies a query on the command line. */
export interface QueryOptions extends ModelOptions, ThresholdOptions, PatchOptions {
  readonly decoder?: string;
  readonly input?: string;
  readonly site?: string;
  readonly position?: string;
  readonly seed: number;
  readonly temperature?: readonly number[];
  readonly noise?: number;
  readonly candidates?: number;
  readonly shown: number;
  readonly readout: boolean;
  readonly candidate?: readonly string[];
  readonly alsoAt?: string;
  readonly search?: true;
}

/** Adds the options of {@link QueryOptions}. */
export function withQueryOptions(command: Command): Command {
  withModelOptions(command)
    .option('-d, --decoder <dir>', 'decoder directory (default: the shipped one)')
    .option('-i, --input <text>', 'the input, as the task writes it (default: one drawn by the seed)')
    .option(
      '-s, --site <name>',
      'where in the model: a0.3 (layer 0, head 3), x0.pre, x0.mid, x0.post (residual stream), m0 (MLP), or a hook name',
    )
    .option(
      '-p, --position <place>',
      'which token: a place name (=, A1, query, :) or an index; 0 is BOS, -1 the last',
    )
    .option('--seed <n>', 'the same seed gives the same samples', whole(0), 1);
  return withThreshold(command)
    .option(
      '--temperature <x,…>',
      'sample at one temperature, or in a round for each of several; without it and --noise, in auto mode: rounds from sharp to flat and noisy',
      numbers(0.001, 1000),
    )
    .option('--noise <x>', 'noise on the activation, in its standard deviations', number(0, 1000))
    .option('-n, --candidates <n>', 'candidates to draw (default: 1024)', whole(1, mostCandidates))
    .option('--shown <n>', 'most samples in the report, about 70% of them inside', whole(1, 10_000), 100)
    .option(
      '--candidate <text>',
      'an input of your own, run and judged beside the candidates and counted in no figure; may be given again',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .option(
      '--also-at <place>',
      'give distances at this place too, beside the nearest: a place name or an index of the input',
    )
    .option(
      '--search',
      'ask no decoder: the model searches inputs by itself, changing a part at a time (any model and task at once)',
    )
    .option('--no-readout', 'leave out the sentence that says what the samples tell');
}

/** Answers the query of a command line. */
export async function answer(options: QueryOptions): Promise<Reading> {
  const open = await openedTask(options);
  const input = options.input ?? open.task.draw(randomFor(options.seed, 'input'));
  const ids = open.task.encode(input);
  if (options.site === undefined)
    throw new InputError(`Which site? Give --site with one of ${open.task.sites.map(shortName).join(', ')}.`);
  if (options.position === undefined)
    throw new InputError(`Which position? Give --position with ${placesOf(open.task, ids)}.`);
  const position = resolvePosition(open.task, ids, options.position);
  const rounds = roundsFor(open.task, options);
  const own = (options.candidate ?? []).map((text) => open.task.encode(text));
  if (options.alsoAt !== undefined) resolvePosition(open.task, ids, options.alsoAt);
  const runtime = runtimeFor(options);
  const { task, model } = await open.whole();
  if (options.search === true && options.decoder !== undefined)
    throw new InputError('Give --search or --decoder: a search asks no decoder.');
  const decoder = options.search === true ? null : await decoderFor(task, options.decoder, model);
  const { epsilonFrom, ...threshold } = thresholdAt(
    task,
    resolveSite(options.site, decoder?.config.sites ?? task.sites),
    placeName(task, ids, position),
    options,
  );
  const instruments = createInstruments(runtime, model, decoder, task);
  const reader = createReader(runtime, model, decoder, task, instruments);
  const interpreter = createInterpreter(runtime, model, decoder, task, { instruments });
  try {
    const preimage = await reader.read({
      ids,
      site: options.site,
      position,
      rounds,
      seed: options.seed,
      shown: options.shown,
      own,
      ...(options.alsoAt === undefined ? {} : { alsoAt: options.alsoAt }),
      ...threshold,
    });
    const view = { rounds, ...threshold };
    const { prior } = options.patch === true || options.controls === true ? interpreter : { prior: null };
    return {
      ...preimage.reading,
      epsilonFrom,
      ...(options.readout ? { readout: await interpreter.readout(preimage, view) } : {}),
      ...(options.patch === true
        ? {
            used: await usedOfReading(runtime, model, reader, interpreter, preimage, {
              ...view,
              ...(options.maxKl === undefined ? {} : { maxKl: options.maxKl }),
            }),
          }
        : {}),
      ...(prior !== null && options.controls === true
        ? {
            controls:
              decoder === null
                ? await searchControls(reader, prior, preimage, rounds, view)
                : await decoderControls(runtime, model, decoder, prior, preimage, view),
          }
        : {}),
    };
  } finally {
    await reader.dispose();
    await interpreter.dispose();
    await instruments.dispose();
  }
}

const placesOf = (task: Task, ids: readonly number[]): string =>
  `${task
    .places(ids)
    .map(({ name }) => name)
    .join(', ')}, or an index from 0 to ${ids.length - 1}`;

/** Adds the command. */
export function readCommand(program: Command): void {
  withPatch(withQueryOptions(program.command('read')))
    .option('--json', 'print the data')
    .option('--html <file>', 'write a self-contained page')
    .option('--limit <n>', 'most samples printed to the terminal', whole(1), 30)
    .addHelpText(
      'after',
      `
Examples:
  inversionview read --input "535+861=1396" --site a0.0 --position "="
  inversionview read --task counting --input "vvzccvczvvvzvcvc|v:8" --site x1.post --position ":"
  inversionview read --input "535+861=1396" --site x0.post --position A1 --html reading.html
  inversionview read --input "535+861=1396" --site a0.0 --position "=" --candidate "861+535=1396" --also-at "="
  inversionview read --input "535+861=1396" --site a0.0 --position "=" --patch --controls

How to read it: a decoder proposes inputs, the model runs each of them, and its own activations say how near
they come. Samples above the rule at ε are inside the ε-preimage: what they share, and those below it do not,
is what the activation holds. Blue (▴) tokens are made likelier by the activation, red (▾) unlikelier; dim ones are
not judged, as every input has them. Tokens that follow from others (the digits of a sum) are judged at their place.
With --json: query, metric, epsilon, candidates, inside, samples (text, tokens, valid, distance,
matchedPosition, inside, distances a position, tokenDelta a token (null where not judged), follows: the indices
of tokens judged at their place, round, temperature), own: those of --candidate, alsoAt: the place of --also-at with
its counts (in each sample: position and distance there) and, for a head, its attention; used and controls, where asked
for. --patch puts the activations of candidates and of blind draws into the query's run: what inputs with the same
effect share is used, what inputs within ε share is held. --controls says what is read of BOS and of random vectors.`,
    )
    .action(async (options: QueryOptions & { json?: true; html?: string; limit: number }) => {
      expectPatch(options);
      const { html } = options;
      if (html !== undefined) await expectWritable(html);
      const reading = await answer(options);
      const written =
        html !== undefined &&
        (await besides(() => writeFileAtomic(html, new TextEncoder().encode(renderHtml(reading)))));
      if (options.json) {
        for (const warning of reading.warnings) process.stderr.write(`Warning: ${warning}\n`);
        printJson(reading);
        return;
      }
      const style = styleFor(process.stdout, process.env);
      const temperatures = (options.temperature ?? []).length > 1;
      process.stdout.write(`${renderTerminal(reading, { ...style, limit: options.limit, temperatures })}\n`);
      if (written) process.stdout.write(`\nWritten: ${html}\n`);
    });
}
