/**
 * `inversionview activations`: the activations of one input.
 * @module
 */
import { type Command } from 'commander';
import { type Tensor } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { modelFor } from '../jobs/shipped.js';
import { cacheNames, runWithCache } from '../models/hooked-model.js';
import { fullName, shortName, vectorSites } from '../models/hooks.js';
import { suggest } from '../input-error.js';
import { taskNamed } from '../tasks/index.js';
import { type ModelOptions, printJson, runtimeFor, withModelOptions } from './options.js';

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

interface ActivationOptions extends ModelOptions {
  readonly input: string;
  readonly sites?: string;
  readonly json?: true;
}

/** Adds the command. */
export function activationsCommand(program: Command): void {
  withModelOptions(program.command('activations'))
    .description('run the probed model on an input and print its activations')
    .requiredOption('-i, --input <text>', 'the input, as the task writes it')
    .option(
      '-s, --sites <names>',
      'comma-separated sites or hook names, hook_pattern among them (default: every vector site)',
    )
    .option('--json', 'print all values; without it, their shapes and norms')
    .action(async (options: ActivationOptions) => {
      const task = taskNamed(options.task);
      const ids = task.encode(options.input);
      const model = await modelFor(task, options.model, options.processing);
      const { n_layer: layers, n_head: heads } = model.config;
      const accepted = cacheNames(model);
      const names =
        options.sites === undefined
          ? vectorSites(layers, heads).filter((name) => !/^blocks\.[1-9]\d*\.hook_resid_pre$/.test(name))
          : options.sites.split(',').flatMap((name) => expandName(name.trim(), accepted));
      const outputs = await runWithCache(runtimeFor(options), model, [ids], {
        names: [...new Set([...names, 'logits'])],
      });
      const { logits, ...sites } = outputs;
      const tokens = ids.map((id) => task.vocabulary[id] ?? '?');
      if (options.json) {
        const values = Object.fromEntries(
          Object.entries(sites).map(([name, tensor]) => [name, nested(tensor)]),
        );
        printJson({ tokens, sites: values, logits: logits === undefined ? [] : nested(logits) });
        return;
      }
      process.stdout.write(`${tokens.join(' ')}\n${model.name}, weights processed: ${model.processing}\n\n`);
      for (const [name, { shape, data }] of Object.entries(sites)) {
        const norm = Math.hypot(...Array.from(data, Number).filter(Number.isFinite)) / Math.sqrt(ids.length);
        process.stdout.write(
          `${shortName(name).padEnd(10)} ${name.padEnd(32)} [${shape.slice(1).join(', ')}]  mean norm ${norm.toFixed(3)}\n`,
        );
      }
    });
}

/** A hook name; without its block, such as `hook_pattern`, it stands for that hook of every block. */
function expandName(name: string, accepted: readonly string[]): string[] {
  const full = fullName(name);
  if (accepted.includes(full)) return [full];
  const everywhere = accepted.filter(
    (candidate) => /^blocks\./.test(candidate) && candidate.endsWith(`.${name}`),
  );
  if (everywhere.length > 0) return everywhere;
  const near = suggest(name, [...accepted.map(shortName), ...accepted]);
  throw new InputError(`Unknown site "${name}".${near} Run inversionview sites for the list.`);
}
