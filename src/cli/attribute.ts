/**
 * `inversionview attribute`: what each site adds to the logits by itself.
 * @module
 */
import { type Command } from 'commander';
import {
  type AttributionRecord,
  attributableSites,
  attribute,
  extremes,
  heldOut,
  meanAttribution,
  modelText,
  resolveHook,
  writingSites,
} from '../causal/index.js';
import { type Runtime } from '../engine/index.js';
import { InputError, suggest } from '../input-error.js';
import { modelFor } from '../jobs/shipped.js';
import { type HookedModel } from '../models/hooked-model.js';
import { attributionRows } from '../report/patching-rows.js';
import { renderAttribution } from '../report/patching.js';
import { attributionFigure } from '../report/plots/index.js';
import { placeName, resolvePosition, type Task, taskNamed } from '../tasks/index.js';
import { type FigureOptions, drawn, withFigure } from './figure-options.js';
import { type ModelOptions, printJson, runtimeFor, whole, withModelOptions } from './options.js';
import { lookFor } from './terminal.js';

interface AttributeOptions extends ModelOptions, FigureOptions {
  readonly input?: string;
  readonly inputs: number;
  readonly position?: string;
  readonly sites?: string;
  readonly answer?: string;
  readonly against?: string;
  readonly top: number;
  readonly seed: number;
  readonly json?: true;
}

/** Adds the command. */
export function attributeCommand(program: Command): void {
  withFigure(withModelOptions(program.command('attribute')))
    .option('-i, --input <text>', 'one input; without it, held-out inputs are averaged over')
    .option('-n, --inputs <n>', 'held-out inputs to average over', whole(1, 1_000_000), 1000)
    .option('-p, --position <place>', 'where the prediction is made (default: before the first answer token)')
    .option('-s, --sites <names>', 'comma-separated sites (default: all that write to the residual stream)')
    .option('--answer <token>', 'the token whose logit is taken apart (default: the one that follows)')
    .option('--against <token>', "take apart its difference from this token's logit")
    .option('--top <n>', 'tokens listed that a site raises and lowers most, of one input', whole(0, 100), 5)
    .option('--seed <n>', 'decides which held-out inputs', whole(0), 1)
    .option('--json', 'print the data')
    .addHelpText(
      'after',
      `
Examples:
  inversionview attribute --input "615+861=1476" --position A1
  inversionview attribute --task counting --inputs 2000 --png attribution.png

A part of the residual stream is centred, divided by the run's own scale of the final LayerNorm and unembedded;
the parts sum to the logits. A site may matter in other ways too: patch measures all of them.`,
    )
    .action(async (options: AttributeOptions) => {
      const task = taskNamed(options.task);
      const model = await modelFor(task, options.model, options.processing);
      const record = await recordOf(runtimeFor(options), model, task, options);
      await drawn(options, (theme) => attributionFigure(record, theme), record, attributionRows(record));
      if (options.json === true) printJson(record);
      else {
        const { width } = lookFor(process.stdout, process.env);
        process.stdout.write(`${renderAttribution(record, { width })}\n`);
      }
    });
}

async function recordOf(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  options: AttributeOptions,
): Promise<AttributionRecord> {
  const known = attributableSites(model);
  const sites = options.sites?.split(',').map((name) => resolveHook(name, known)) ?? writingSites(model);
  const single = options.input !== undefined;
  const inputs =
    options.input === undefined ? heldOut(task, options.seed, options.inputs) : [task.encode(options.input)];
  const positions = inputs.map((ids) =>
    options.position === undefined
      ? (task.determined(ids)[0] ?? 1) - 1
      : resolvePosition(task, ids, options.position),
  );
  const token = (text: string): number => {
    const id = task.vocabulary.indexOf(text);
    if (id >= 0) return id;
    throw new InputError(
      `"${text}" is no token of ${task.name}.${suggest(text, task.vocabulary)} Tokens: ${task.vocabulary.join(' ')}.`,
    );
  };
  const [asked, against] = [options.answer, options.against].map((text) =>
    text === undefined ? null : token(text),
  );
  const answers = inputs.map((ids, at) => {
    const answer = asked ?? ids[(positions[at] ?? 0) + 1];
    if (answer === undefined) {
      throw new InputError(
        `Nothing follows position ${positions[at] ?? 0} of ${task.decode(ids)}: give --answer.`,
      );
    }
    return { answer, against: against ?? null };
  });
  const question = { inputs, pad: task.pad, positions, sites };
  const mean = await meanAttribution(runtime, model, question, answers);
  const tops = new Map<string, ReturnType<typeof extremes>>();
  if (single && options.top > 0) {
    await attribute(runtime, model, question, ({ parts }) => {
      for (const [site, values] of parts) tops.set(site, extremes(values, options.top));
    });
  }
  const [first = [], at = 0] = [inputs[0], positions[0]];
  const place = placeName(task, first, at) ?? String(at);
  const nameOf = (id: number): string => task.vocabulary[id] ?? '?';
  const answer =
    asked === null || asked === undefined
      ? single
        ? nameOf(answers[0]?.answer ?? 0)
        : 'the token that follows'
      : nameOf(asked);
  const difference = options.against === undefined ? '' : `, less the logit of ${options.against}`;
  const error = (value: number): number | null => (Number.isFinite(value) ? value : null);
  const listed = (list: ReturnType<typeof extremes>['raised']): { token: string; value: number }[] =>
    list.map(({ token: id, value }) => ({ token: nameOf(id), value }));
  return {
    task: task.name,
    about: `Logit of ${answer}${difference}, as predicted at ${place}${single ? ` of ${task.decode(first)}` : ''}`,
    model: modelText(model),
    seed: single ? null : options.seed,
    n: mean.n,
    place,
    total: mean.total.mean,
    totalStandardError: error(mean.total.standardError),
    sites: mean.sites.map(({ site, value }) => {
      const top = tops.get(site);
      return {
        site,
        value: value.mean,
        standardError: error(value.standardError),
        ...(top === undefined ? {} : { raised: listed(top.raised), lowered: listed(top.lowered) }),
      };
    }),
    rest: mean.total.mean - mean.sites.reduce((sum, { value }) => sum + value.mean, 0),
  };
}
