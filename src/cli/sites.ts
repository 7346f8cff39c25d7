/**
 * `inversionview sites`: where and at which tokens an input can be read.
 * @module
 */
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { describeSite, shortName } from '../models/hooks.js';
import { taskNames, taskNamed, tasks } from '../tasks/index.js';
import { randomFor } from '../random.js';
import { printJson } from './options.js';

/** Adds the command. */
export function sitesCommand(program: Command): void {
  program
    .command('sites')
    .argument('[task]', `one of ${taskNames.join(', ')} (default: all)`)
    .option('-i, --input <text>', 'show the places of this input instead of an example')
    .option('--json', 'print the data')
    .addHelpText(
      'after',
      `
Examples:
  inversionview sites addition
  inversionview sites counting --input "abbc|b:2"

A site is where in the model an activation is taken, a place which token it belongs to: read takes one of
each. activations takes every other hook of TransformerLens too, such as hook_pattern.`,
    )
    .action((name: string | undefined, options: { input?: string; json?: true }) => {
      if (name === undefined && options.input !== undefined)
        throw new InputError(`Which task is the input of? Give one of ${taskNames.join(', ')}.`);
      const chosen = name === undefined ? tasks : [taskNamed(name)];
      const lists = chosen.map((task) => {
        const ids = task.encode(options.input ?? task.draw(randomFor(1, 'example')));
        return {
          task: task.name,
          epsilon: task.epsilon,
          metric: task.metric,
          sites: task.sites.map((site) => ({ short: shortName(site), site, what: describeSite(site) })),
          input: task.decode(ids),
          tokens: ids.map((id) => task.vocabulary[id] ?? '?'),
          places: task.places(ids),
        };
      });
      if (options.json) {
        printJson(name === undefined ? lists : lists[0]);
        return;
      }
      for (const list of lists) {
        process.stdout.write(`${list.task} (ε ${list.epsilon}, ${list.metric} distance)\n`);
        for (const { short, site, what } of list.sites)
          process.stdout.write(`  ${short.padEnd(8)} ${what.padEnd(46)} ${site}\n`);
        const places = list.places.map(({ name: place, index }) => `${index} ${place}`);
        process.stdout.write(`  places of ${list.input}, with their index: ${places.join('  ')}\n\n`);
      }
      process.stdout.write(
        'Read one: inversionview read --task addition --input "535+861=1396" --site a0.0 --position "="\n',
      );
    });
}
