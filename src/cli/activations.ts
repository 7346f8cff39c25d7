/**
 * `inversionview activations`: the activations of one input.
 * @module
 */
import { type Command } from 'commander';
import { type Tensor, type Tensors } from '../engine/index.js';
import { cacheNames, runWithCache } from '../models/hooked-model.js';
import { distinctSites, shortName, sitesNamed } from '../models/hooks.js';
import { printJson, runtimeFor, withModelOptions } from './options.js';
import { type PromptOptions, modelAndPrompt, withPrompt } from './prompt.js';

/** Nested arrays of a tensor's elements. */
export type Nested = number | Nested[];

/** Elements as nested arrays, the first axis (the batch of one) left out. */
export function nested({ shape, data }: Tensor): Nested {
  const build = (axis: number, from: number, size: number): Nested => {
    const length = shape[axis];
    if (length === undefined) return Number(data[from]);
    const part = size / length;
    return Array.from({ length }, (_, at) => build(axis + 1, from + at * part, part));
  };
  return build(1, 0, data.length);
}

interface ActivationOptions extends PromptOptions {
  readonly sites?: string;
  readonly json?: true;
}

/** Adds the command. */
export function activationsCommand(program: Command): void {
  withPrompt(withModelOptions(program.command('activations')))
    .option(
      '-s, --sites <names>',
      'comma-separated sites or hook names (default: every site that gives a vector a token)',
    )
    .option('--json', 'print all values; without it, their shapes and norms')
    .addHelpText(
      'after',
      `
Examples:
  inversionview activations --input "615+861=1476"
  inversionview activations --input "615+861=1476" --sites x0.post,a0.1 --json
  inversionview activations --input "615+861=1476" --sites blocks.0.attn.hook_pattern,hook_normalized --json
  inversionview activations --model openai-community/gpt2 --input "When Mary and John went" --sites a9.9
  inversionview activations --model SmolLM2-135M-Instruct.Q4_1.gguf --bos "<|endoftext|>" --input "The capital of"
  inversionview activations --model checkpoint/ --ids 5,9,12 --json

Sites are short names (a0.3: layer 0, head 3; x0.pre, x0.mid, x0.post; m0), patterns of them ("a0.*") or
TransformerLens' hook names; one without its block, such as hook_pattern, stands for that hook of every block.
With --json: tokens (BOS and EOS included), sites: by full hook name one array a token (hook_pattern: [head, query,
key]), and logits; of hook_attn_scores what the causal mask hides (minus infinity) is null. An activation that
overflows is refused.`,
    )
    .action(async (options: ActivationOptions, command: Command) => {
      const { model, ids, tokens } = await modelAndPrompt(options, command);
      const accepted = cacheNames(model);
      const names =
        options.sites === undefined ? distinctSites(model.architecture) : sitesNamed(options.sites, accepted);
      const outputs = await runWithCache(runtimeFor(options), model, [ids], {
        names: [...names, ...(names.includes('logits') ? [] : ['logits'])],
      });
      const { logits, ...sites } = outputs;
      if (options.json) {
        const values = Object.fromEntries(
          Object.entries(sites).map(([name, tensor]) => [name, nested(tensor)]),
        );
        printJson({ tokens, sites: values, logits: logits === undefined ? [] : nested(logits) });
        return;
      }
      process.stdout.write(`${tokens.join(' ')}\n${model.name}, weights processed: ${model.processing}\n\n`);
      process.stdout.write(table(sites, ids.length));
    });
}

/** One line a site: names, shape, and the norm of a token's values in the quadratic mean over the tokens. */
function table(sites: Tensors, tokens: number): string {
  const rows = Object.entries(sites).map(([name, { shape, data }]) => {
    const norm = Math.hypot(...Array.from(data, Number).filter(Number.isFinite)) / Math.sqrt(tokens);
    const short = shortName(name);
    return [short === name ? '' : short, name, `[${shape.slice(1).join(', ')}]`, norm.toFixed(3)];
  });
  const all = [['site', 'hook', 'shape', 'norm a token'], ...rows];
  const width = (column: number): number => Math.max(...all.map((row) => row[column]?.length ?? 0));
  const widths = [width(0), width(1), width(2), 0];
  return all.map((row) => `${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}\n`).join('');
}
