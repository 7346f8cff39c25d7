/**
 * `inversionview attribute`: what each site adds to the logits by itself.
 * @module
 */
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { type AttributionRecord, askAttribution, attributePrompt, usualAmong } from '../causal/index.js';
import { type OpenedTask } from '../jobs/open-task.js';
import { attributionRows } from '../report/patching-rows.js';
import { renderAttribution } from '../report/patching.js';
import { attributionFigure } from '../report/plots/index.js';
import { type FigureOptions, drawn, withFigure } from './figure-options.js';
import { printJson, runtimeFor, whole, withModelOptions } from './options.js';
import { type PromptOptions, type TextAsked, askedOf, givenPrompt, withPrompt } from './prompt.js';
import { progress, styleFor } from './terminal.js';

interface AttributeOptions extends PromptOptions, FigureOptions {
  readonly inputs: number;
  readonly position?: string;
  readonly sites?: string;
  readonly answer?: string;
  readonly against?: string;
  readonly top: number;
  readonly among?: number;
  readonly seed: number;
  readonly json?: true;
}

/** Adds the command. */
export function attributeCommand(program: Command): void {
  withPrompt(withFigure(withModelOptions(program.command('attribute'))))
    .option(
      '-n, --inputs <n>',
      "without an input: inputs of the task's test split to average over",
      whole(1, 1_000_000),
      1000,
    )
    .option(
      '-p, --position <place>',
      'where the prediction is made (default: before the first answer token; of a text its last token)',
    )
    .option('-s, --sites <names>', 'comma-separated sites (default: all that write to the residual stream)')
    .option(
      '--answer <token>',
      'the token whose logit is taken apart (default: the one that follows; after a text the likeliest)',
    )
    .option('--against <token>', "take apart its difference from this token's logit")
    .option('--top <n>', 'tokens listed that a site raises and lowers most, of one input', whole(0, 100), 5)
    .option(
      '--among <n>',
      'over many inputs: tokens that count as raised most, and as lowered most (default: 30, of a small vocabulary a fifth)',
      whole(1),
    )
    .option('--seed <n>', 'decides which inputs of the test split', whole(0), 1)
    .option('--json', 'print the data')
    .addHelpText(
      'after',
      `
Examples:
  inversionview attribute --input "615+861=1476" --position A1
  inversionview attribute --task counting --inputs 2000 --png attribution.png
  inversionview attribute --inputs 1000 --position A1 --among 1
  inversionview attribute --task ioi --model openai-community/gpt2 --inputs 1000
  inversionview attribute --model openai-community/gpt2 --answer " Mary" --against " John" \\
    --input "When Mary and John went to the store, John gave a drink to"

A part of the residual stream is centred, divided by the run's own scale of the final LayerNorm and unembedded;
the parts sum to the logits. Over held-out inputs it also gives the shares, with 95% intervals, in which a site has the
answer among the tokens that it raises most, or lowers most, and in which it is the first of the tokens that answer
any of the inputs. Of a template task the logit is held against that of the template's contrast answer, shares of that
token and of any answer (all names) are given too, and first is ahead of all answers. A site may matter in other ways too: patch measures all of them.`,
    )
    .action(async (options: AttributeOptions, command: Command) => {
      if (options.input !== undefined && options.among !== undefined)
        throw new InputError(
          '--among gives shares of held-out inputs: leave out --input, or give --top instead.',
        );
      const asked = await askedOf(options, command);
      const record = asked.kind === 'task' ? await ofTask(asked, options) : await ofPrompt(asked, options);
      await drawn(options, (theme) => attributionFigure(record, theme), record, attributionRows(record));
      if (options.json === true) printJson(record);
      else {
        const { width } = styleFor(process.stdout, process.env);
        process.stdout.write(`${renderAttribution(record, { width })}\n`);
      }
    });
}

async function ofTask(
  { task, model: readModel }: OpenedTask,
  options: AttributeOptions,
): Promise<AttributionRecord> {
  if (options.ids !== undefined) throw new InputError(`An input of ${task.name} is written out: --input.`);
  const model = await readModel();
  return askAttribution(runtimeFor(options), model, task, {
    input: options.input ?? null,
    inputs: options.inputs,
    seed: options.seed,
    position: options.position ?? null,
    sites: options.sites?.split(',') ?? null,
    answer: options.answer ?? null,
    against: options.against ?? null,
    top: options.top,
    among: options.among ?? usualAmong(model.architecture.vocabulary),
    onProgress: progress('inputs'),
  });
}

async function ofPrompt(
  { model, language }: TextAsked,
  options: AttributeOptions,
): Promise<AttributionRecord> {
  const token = (text: string | undefined): number | null =>
    text === undefined ? null : language.token(text);
  return attributePrompt(runtimeFor(options), model, {
    prompt: givenPrompt(language, options),
    position: options.position ?? null,
    answer: token(options.answer),
    against: token(options.against),
    show: (id) => language.pieces([id])[0] ?? '',
    sites: options.sites ?? null,
    top: options.top,
  });
}
