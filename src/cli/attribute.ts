/**
 * `inversionview attribute`: what each site adds to the logits by itself.
 * @module
 */
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { askAttribution, usualAmong } from '../causal/index.js';
import { modelFor } from '../jobs/shipped.js';
import { attributionRows } from '../report/patching-rows.js';
import { renderAttribution } from '../report/patching.js';
import { attributionFigure } from '../report/plots/index.js';
import { taskNamed } from '../tasks/index.js';
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
  readonly among?: number;
  readonly seed: number;
  readonly json?: true;
}

/** Adds the command. */
export function attributeCommand(program: Command): void {
  withFigure(withModelOptions(program.command('attribute')))
    .option('-i, --input <text>', 'one input; without it, inputs of the test split are averaged over')
    .option('-n, --inputs <n>', 'inputs of the test split to average over', whole(1, 1_000_000), 1000)
    .option('-p, --position <place>', 'where the prediction is made (default: before the first answer token)')
    .option('-s, --sites <names>', 'comma-separated sites (default: all that write to the residual stream)')
    .option('--answer <token>', 'the token whose logit is taken apart (default: the one that follows)')
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

A part of the residual stream is centred, divided by the run's own scale of the final LayerNorm and unembedded;
the parts sum to the logits. Over held-out inputs it also gives the shares, with 95% intervals, in which a site has the
answer among the tokens that it raises most, or lowers most, and in which it is the first of the tokens that answer
any of the inputs. A site may matter in other ways too: patch measures all of them.`,
    )
    .action(async (options: AttributeOptions) => {
      const task = taskNamed(options.task);
      if (options.input !== undefined && options.among !== undefined)
        throw new InputError(
          '--among gives shares of held-out inputs: leave out --input, or give --top instead.',
        );
      const model = await modelFor(task, options.model, options.processing);
      const record = await askAttribution(runtimeFor(options), model, task, {
        input: options.input ?? null,
        inputs: options.inputs,
        seed: options.seed,
        position: options.position ?? null,
        sites: options.sites?.split(',') ?? null,
        answer: options.answer ?? null,
        against: options.against ?? null,
        top: options.top,
        among: options.among ?? usualAmong(model.architecture.vocabulary),
      });
      await drawn(options, (theme) => attributionFigure(record, theme), record, attributionRows(record));
      if (options.json === true) printJson(record);
      else {
        const { width } = lookFor(process.stdout, process.env);
        process.stdout.write(`${renderAttribution(record, { width })}\n`);
      }
    });
}
