/**
 * `inversionview explain`: a language model says what a site holds, and its claims are measured.
 * @module
 */
import { type Command } from 'commander';
import { createInstruments } from '../inversion/instruments.js';
import { createReader } from '../inversion/preimage.js';
import { type Explanation, explain } from '../interpret/explain.js';
import { type ExplainedQuery, distinctlySeen, explainPrompt } from '../interpret/explain-prompt.js';
import { createInterpreter } from '../interpret/interpreter.js';
import { type PlacedInput, activationsOf, drawQueries } from '../interpret/queries.js';
import { expectWritable, writeFileAtomic } from '../jobs/files.js';
import { endpointFrom, languageModelAt } from '../jobs/language-model.js';
import { seedFor } from '../random.js';
import { placeName, resolvePosition, thresholdAt } from '../tasks/index.js';
import { renderExplanation } from '../report/explanation.js';
import {
  type InterpretOptions,
  type Opened,
  decoderOf,
  exactAt,
  opened,
  siteOf,
  withInterpretOptions,
} from './interpreting.js';
import { number, printJson, whole } from './options.js';
import { besides } from './standard-streams.js';
import { styleFor, progress } from './terminal.js';

interface ExplainOptions extends InterpretOptions {
  readonly queries: number;
  readonly inside: number;
  readonly outside: number;
  readonly exact: boolean;
  readonly prompt?: true;
  readonly attempts: number;
  readonly patience: number;
  readonly out?: string;
  readonly json?: true;
}

/** Adds the command. */
export function explainCommand(program: Command): void {
  withInterpretOptions(program.command('explain'))
    .option(
      '-q, --queries <n>',
      'queries shown: --input first, the rest from the test split',
      whole(1, 100),
      5,
    )
    .option('--inside <n>', 'samples inside shown of each', whole(1, 200), 16)
    .option('--outside <n>', 'samples outside shown of each', whole(0, 200), 6)
    .option('--no-exact', 'score by samples alone where all inputs could be gone through')
    .option('--prompt', 'print what would be asked, and ask nothing')
    .option('--attempts <n>', 'attempts at the most', whole(1, 20), 3)
    .option('--patience <seconds>', 'longest silence of the endpoint', number(0.001, 86_400), 60)
    .option('-o, --out <file>', 'store prompt, attempts, answer and scores as JSON')
    .option('--json', 'print them')
    .addHelpText(
      'after',
      `
The language model is any OpenAI-compatible endpoint:
  OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_MODEL=some-model inversionview explain --site a0.0 --position "="
It is shown inputs inside and outside of each query's ε-preimage, each up to the token where it matches, which is marked:
what comes after it the activation cannot have seen. OPENAI_API_KEY is sent where it is set, and stored nowhere. What the model claims is measured on the same queries:
bits and consistency of each feature, and how much of the activations' information the claims account for.`,
    )
    .action(async (options: ExplainOptions) => {
      if (options.out !== undefined) await expectWritable(options.out);
      // Before any work: without an endpoint there is nothing to work for.
      const languageModel = options.prompt === true ? null : languageModelAt(endpointFrom(process.env));
      const open = await opened(options);
      const site = siteOf(open.task, options);
      const placed = placedQueries(open, options);
      const { queries, prior } = await explainedQueries(open, options, site, placed);
      if (languageModel === null) {
        const messages = explainPrompt(open.task, prior, queries);
        if (options.json === true) printJson(messages);
        else
          process.stdout.write(
            `${messages.map(({ role, content }) => `[${role}]\n${content}`).join('\n\n')}\n`,
          );
        return;
      }
      const [first] = placed;
      const place = first === undefined ? null : placeName(open.task, first.ids, first.position);
      const explanation = await explain(languageModel, open.task, prior, { site, place }, queries, {
        attempts: options.attempts,
        patience: options.patience * 1000,
        onFailure: (failure, again) =>
          process.stderr.write(`${languageModel.name}: ${failure}${again ? '; asking again' : ''}\n`),
      });
      await printExplanation(explanation, options);
    });
}

async function printExplanation(explanation: Explanation, options: ExplainOptions): Promise<void> {
  const { out } = options;
  const text = `${JSON.stringify(explanation, null, 2)}\n`;
  const written =
    out !== undefined && (await besides(() => writeFileAtomic(out, new TextEncoder().encode(text))));
  if (options.json === true) printJson(explanation);
  else {
    process.stdout.write(`${renderExplanation(explanation, styleFor(process.stdout, process.env))}\n`);
    if (written) process.stdout.write(`\nWritten: ${out}\n`);
  }
  // What came is shown and saved; that nothing whole came is still a failure.
  if (!explanation.complete) process.exitCode ??= 1;
}

function placedQueries({ task }: Opened, options: ExplainOptions): PlacedInput[] {
  const place = options.position ?? null;
  const own = options.input === undefined ? null : task.encode(options.input);
  const first =
    own === null
      ? []
      : [
          {
            ids: own,
            position: place === null ? (task.positions(own)[0] ?? 0) : resolvePosition(task, own, place),
          },
        ];
  return [...first, ...drawQueries(task, options.queries - first.length, place, options.seed)];
}

/** Samples and measures every query. */
async function explainedQueries(
  open: Opened,
  options: ExplainOptions,
  site: string,
  placed: readonly PlacedInput[],
): Promise<{ queries: ExplainedQuery[]; prior: ReturnType<typeof createInterpreter>['prior'] }> {
  const { task, model, runtime } = open;
  const decoder = await decoderOf(open, options);
  const exact = options.exact && task.enumeration?.kind === 'all' ? await exactAt(open, site, options) : null;
  // Where the whole preimage is known, nothing needs to be estimated.
  const proposing = exact === null ? decoder : null;
  const instruments = createInstruments(runtime, model, decoder, task);
  const interpreter = createInterpreter(runtime, model, proposing, task, {
    features: open.features,
    instruments,
  });
  const reader = createReader(runtime, model, decoder, task, instruments);
  const activations = await activationsOf(runtime, model, task, site, placed);
  const show = progress('queries');
  const queries: ExplainedQuery[] = [];
  try {
    for (const [at, { ids, position }] of placed.entries()) {
      const seed = seedFor(options.seed, 'query', site, at);
      const { epsilon, metric } = thresholdAt(task, site, placeName(task, ids, position), options);
      const { reading } = await reader.read({
        ids,
        site,
        position,
        seed,
        shown: 1000,
        epsilon,
        metric,
      });
      const {
        exact: known,
        estimate,
        features,
        sample,
      } = await interpreter.interpret({
        ids,
        site,
        z: activations[at] ?? new Float32Array(0),
        seed,
        exact,
        epsilon,
        metric,
      });
      const valid = reading.samples.filter((one) => one.valid);
      const inside = valid.filter((one) => one.inside);
      const outside = valid.filter((one) => !one.inside);
      queries.push({
        ids,
        position,
        inside: spreadOut(distinctlySeen(inside), options.inside),
        outside: spreadOut(distinctlySeen(outside), options.outside),
        bits: known === null ? (estimate?.bits ?? null) : known.bits,
        features,
        sample,
      });
      show(at + 1, placed.length);
    }
    return { queries, prior: interpreter.prior };
  } finally {
    await interpreter.dispose();
    await reader.dispose();
    await instruments.dispose();
    await exact?.dispose();
  }
}

/** So many of a sorted list, evenly spaced. */
function spreadOut<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list];
  return Array.from(
    { length: count },
    (_, at) => list[Math.floor(((at + 0.5) * list.length) / count)],
  ).filter((item) => item !== undefined);
}
