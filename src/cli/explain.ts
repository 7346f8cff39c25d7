/**
 * `inversionview explain`: a language model says what a site holds, and its claims are measured; or sentences from anywhere
 * are, with --judge.
 * @module
 */
import { type Command } from 'commander';
import { createInstruments } from '../inversion/instruments.js';
import { createReader } from '../inversion/preimage.js';
import { mostCandidates } from '../inversion/rounds.js';
import { InputError } from '../input-error.js';
import { type Explanation, explain } from '../interpret/explain.js';
import { type ExplainedQuery, distinctlySeen, explainPrompt } from '../interpret/explain-prompt.js';
import { createInterpreter } from '../interpret/interpreter.js';
import { type PlacedInput, activationsOf, drawQueries } from '../interpret/queries.js';
import { expectWritable, writeFileAtomic } from '../jobs/files.js';
import { type Endpoint, endpointFrom, languageModelAt } from '../jobs/language-model.js';
import { openSentences } from '../jobs/sentences.js';
import { seedFor } from '../random.js';
import { placeName, resolvePosition, thresholdAt } from '../tasks/index.js';
import { decoderControlSets, exactControlSets } from '../interpret/sentences/evidence.js';
import { renderExplanation } from '../report/explanation.js';
import { renderSentences } from '../report/judged-sentences.js';
import { type JudgeOptions, judgedAt, sourceOf } from './judge-sentences.js';
import { type Opened, decoderOf, exactAt, opened, siteOf, withInterpretOptions } from './interpreting.js';
import { number, printJson, whole } from './options.js';
import { besides } from './standard-streams.js';
import { styleFor, progress } from './terminal.js';

interface ExplainOptions extends JudgeOptions {
  readonly queries?: number;
  readonly inside: number;
  readonly outside: number;
  readonly exact: boolean;
  readonly prompt?: true;
  readonly attempts: number;
  readonly patience: number;
  readonly out?: string;
  readonly json?: true;
  readonly judge?: string;
  readonly ask: boolean;
  readonly asked: number;
  readonly endpoint?: string;
  readonly endpointModel?: string;
}

/** Adds the command. */
export function explainCommand(program: Command): void {
  withInterpretOptions(program.command('explain'))
    .option(
      '-q, --queries <n>',
      'queries: --input first, the rest from the test split (default: 5; with --judge and --input 1)',
      whole(1, 100),
    )
    .option('--inside <n>', 'samples inside shown of each', whole(1, 200), 16)
    .option('--outside <n>', 'samples outside shown of each', whole(0, 200), 6)
    .option('--no-exact', 'score by samples alone where all inputs could be gone through')
    .option(
      '--judge <file>',
      'measure sentences instead: one a line, or a .json file with an array of texts or of { "label", "id", "source" }',
    )
    .option(
      '--search',
      'with --judge: ask no decoder; the model searches by itself, and says of inputs that they are inside',
    )
    .option(
      '--candidates <n>',
      'with --search: inputs that are run (default: 1024)',
      whole(1, mostCandidates),
    )
    .option('--at-place', 'with --judge: compare inputs at the place of the query alone (exact preimages)')
    .option('--no-ask', 'with --judge: ask no language model about sentences that no predicate stands for')
    .option(
      '--asked <n>',
      'with --judge: inputs of each set that a language model is asked about',
      whole(2, 1000),
      24,
    )
    .option('--endpoint <url>', 'where the language model is (default: OPENAI_BASE_URL)')
    .option('--endpoint-model <name>', 'its name there (default: OPENAI_MODEL)')
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
bits and consistency of each feature, and how much of the activations' information the claims account for. Controls: how often
inputs near random vectors and near BOS have the query's value as well.

With --judge sentences of anyone are measured, of a person, a language model or a label of a sparse autoencoder:
  inversionview explain --judge sentences.txt --input "835+141=976" --site a0.0 --position "="
  inversionview explain --judge said.json --task ioi --site a1.1 --position END --at-place \
    --input "When Mary and John went to the house, John gave a letter to"

A sentence is a predicate: F1 = 8 and S1 = 1, sum > 900, {F1,S1} = 1,8, S.gender = f or gender(S) = f, F1 in {7, 8}, not C2 = 1,
F1 = S1, with and, or, not and brackets. A feature by itself, or F1 = query, says that the value is the query's. Plain
sentences do where nothing in them is left over: The gender of the S is f. What is not understood is printed with the reason;
where an endpoint is set, a language model says of each of some inputs (--asked) whether the sentence is true of it.
Precision is the share of the preimage for which it is true, lift that over its share of all inputs, recall the share of
such inputs that are inside. Bits: what it accounts for of the activation's. The same shares are given near random vectors of
the query's norm and near BOS: of the inputs within ε of them, or of as many of the nearest as the preimage has.`,
    )
    .action(async (options: ExplainOptions) => {
      if (options.out !== undefined) await expectWritable(options.out);
      if (options.judge !== undefined) {
        await judge(options, options.judge);
        return;
      }
      expectNoJudging(options);
      // Before any work: without an endpoint there is nothing to work for.
      const languageModel = options.prompt === true ? null : languageModelAt(endpointOf(options));
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

const endpointOf = ({ endpoint, endpointModel }: ExplainOptions): Endpoint =>
  endpointFrom(process.env, { url: endpoint, model: endpointModel });

/** @throws InputError for options that are of no use without --judge */
function expectNoJudging({ search, atPlace, candidates, vary }: ExplainOptions): void {
  const given = { '--search': search, '--at-place': atPlace, '--candidates': candidates, '--vary': vary };
  const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (name !== undefined) throw new InputError(`${name} is for --judge: give it a file of sentences.`);
}

/** Measures the sentences of a file. */
async function judge(options: ExplainOptions, file: string): Promise<void> {
  if (options.prompt === true)
    throw new InputError('Give --judge or --prompt: where sentences are judged nothing is asked beforehand.');
  const sentences = await openSentences(file);
  const url = options.endpoint ?? process.env['OPENAI_BASE_URL'] ?? '';
  const languageModel = options.ask && url !== '' ? languageModelAt(endpointOf(options)) : null;
  const open = await opened(options);
  sourceOf(open.task, options);
  const site = siteOf(open.task, options);
  const placed = placedQueries(open, options);
  const record = await judgedAt(
    open,
    options,
    site,
    placed,
    sentences,
    languageModel === null
      ? null
      : {
          languageModel,
          options: {
            inputs: options.asked,
            attempts: options.attempts,
            patience: options.patience * 1000,
            onFailure: (failure, again) =>
              process.stderr.write(`${languageModel.name}: ${failure}${again ? '; asking again' : ''}\n`),
          },
        },
  );
  await printed(record, renderSentences, options);
  // A sentence that could not be asked about whole is a failure; one that is not understood is an answer.
  const failed = record.sentences.some(({ judgements }) =>
    judgements.some(({ asking }) => asking !== null && asking.failure !== null),
  );
  if (failed) process.exitCode ??= 1;
}

/** Prints a record, and stores it where that is asked for. */
async function printed<T>(
  record: T,
  render: (record: T, style: ReturnType<typeof styleFor>) => string,
  { out, json }: ExplainOptions,
): Promise<void> {
  const text = `${JSON.stringify(record, null, 2)}\n`;
  const written =
    out !== undefined && (await besides(() => writeFileAtomic(out, new TextEncoder().encode(text))));
  if (json === true) printJson(record);
  else {
    process.stdout.write(`${render(record, styleFor(process.stdout, process.env))}\n`);
    if (written) process.stdout.write(`\nWritten: ${out}\n`);
  }
}

async function printExplanation(explanation: Explanation, options: ExplainOptions): Promise<void> {
  await printed(explanation, renderExplanation, options);
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
  const count = options.queries ?? (options.judge !== undefined && own !== null ? 1 : 5);
  return [...first, ...drawQueries(task, count - first.length, place, options.seed)];
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
      const judged = await reader.read({
        ids,
        site,
        position,
        seed,
        shown: 1000,
        epsilon,
        metric,
      });
      const { reading } = judged;
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
        ...(options.prompt === true
          ? {}
          : {
              controls:
                exact === null
                  ? await decoderControlSets(runtime, model, decoder, interpreter.prior, judged, reading)
                  : await exactControlSets(
                      runtime,
                      model,
                      interpreter.prior,
                      exact,
                      {
                        ids,
                        z: judged.z,
                        seed,
                        epsilon: reading.epsilon,
                        metric: reading.metric,
                        onlyAt: null,
                      },
                      known?.size ?? 1,
                    ),
            }),
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
