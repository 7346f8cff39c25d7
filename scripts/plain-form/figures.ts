/**
 * Figures of the plain form, where they come from and where they stand.
 * @module
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../src/input-error.js';
import { type Provenance, provenanceSchema } from '../../src/inversion/decoder-files.js';
import { decoderCard } from '../../src/jobs/cards.js';
import { decoderRecipe, tasks } from '../../src/studies/index.js';
import { type DecoderRecipe, decoderRecipeSchema } from '../../src/training/decoder-recipe.js';
import { filled, table } from '../case-studies/document.js';

/** By task. */
const schema = z.record(
  z.enum(tasks.map(({ name }) => name)),
  z.object({
    steps: z.number().int().positive(),
    minutes: z.number(),
    average: z.number().min(0).max(1),
    valid: z.number().min(0).max(1),
    queries: z.number().int().positive(),
    command: z.string(),
  }),
);

/** Figures of the plain form, by task; of those that have been trained. */
export type PlainFigures = Readonly<Record<string, z.infer<typeof schema>[string]>>;

/** Checks figures that were written earlier. */
export const written = (json: unknown): PlainFigures =>
  z.record(z.string(), schema.valueType).parse(json ?? {});

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

/** Where a shipped decoder says where it comes from. */
export const shippedProvenance = (task: string): Provenance =>
  provenanceSchema.parse(json(join('weights', task, 'decoder', 'provenance.json')));

/**
 * The figures of a finished training.
 * @throws InputError for a decoder of another form, recipe or model than the shipped one's
 */
export function read(directory: string): PlainFigures {
  return figuresOf(provenanceSchema.parse(json(join(directory, 'provenance.json'))), directory);
}

/** The same from its provenance. @param name of the directory, for messages */
export function figuresOf(provenance: Provenance, name: string): PlainFigures {
  const { task, figures, steps, seconds, model } = provenance;
  const recipe = decoderRecipeSchema.parse(provenance.recipe);
  if (recipe.architecture.form !== 'plain') throw new InputError(`${name} is not of the plain form.`);
  if (figures === null) throw new InputError(`${name} has no figures: let the training finish.`);
  if (model.hash !== shippedProvenance(task).model.hash)
    throw new InputError(`${name} was trained on another model than the shipped one of ${task}.`);
  const preset = plainRecipe(task, recipe);
  if (JSON.stringify(preset) !== JSON.stringify(recipe))
    throw new InputError(`${name} has another recipe than ${recipe.preset} in the plain form.`);
  const valid = figures.sites.reduce((sum, site) => sum + site.valid, 0) / figures.sites.length;
  return {
    [task]: {
      steps,
      minutes: Math.round(seconds / 6) / 10,
      average: figures.average,
      valid,
      queries: figures.queries,
      command: commandOf(recipe),
    },
  };
}

/** What `train-decoder --form plain` makes of a preset, with the steps, the batch and the seed of another recipe. */
function plainRecipe(
  task: string,
  { preset, seed, batch, schedule: { steps } }: DecoderRecipe,
): DecoderRecipe {
  const made = decoderRecipe(task, preset, seed);
  return {
    ...made,
    batch,
    architecture: { ...made.architecture, form: 'plain' },
    schedule: { ...made.schedule, steps, warmup: Math.min(made.schedule.warmup, Math.floor(steps / 10)) },
  };
}

function commandOf({ task, preset, seed, batch, schedule: { steps } }: DecoderRecipe): string {
  const { schedule, batch: usual } = decoderRecipe(task, preset);
  return [
    `inversionview train-decoder ${task} --form plain`,
    ...(preset === 'fast' ? [] : [`--preset ${preset}`]),
    ...(steps === schedule.steps ? [] : [`--steps ${steps}`]),
    ...(batch === usual ? [] : [`--batch ${batch}`]),
    ...(seed === 0 ? [] : [`--seed ${seed}`]),
  ].join(' ');
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** The table of docs/training.md: both forms of each task. */
export function formsTable(figures: PlainFigures): string {
  const rows = tasks.flatMap(({ name }) => {
    const { steps, figures: own } = shippedProvenance(name);
    const sites = own?.sites ?? [];
    const valid = sites.reduce((sum, site) => sum + site.valid, 0) / Math.max(1, sites.length);
    const plain = figures[name];
    const row = (
      form: string,
      [done, inside, inputs]: readonly [number, number, number],
      command: string,
    ) => [name, form, done.toLocaleString('en'), percent(inside), percent(inputs), `\`${command}\``];
    return [
      row('completion', [steps, own?.average ?? 0, valid], `inversionview train-decoder ${name}`),
      ...(plain === undefined
        ? []
        : [row('plain', [plain.steps, plain.average, plain.valid], plain.command)]),
    ];
  });
  return table(['task', 'form', 'steps', 'single samples inside', 'valid inputs', 'command'], rows);
}

/** Every file that the figures stand in, as it shall be. */
export async function textsOf(figures: PlainFigures): Promise<Map<string, string>> {
  const page = 'docs/training.md';
  const texts = new Map([
    [page, await filled(readFileSync(page, 'utf8'), {}, { forms: () => formsTable(figures) })],
  ]);
  for (const task of tasks) {
    const facts = { heldOut: true, plain: figures[task.name] ?? null };
    texts.set(
      join('weights', task.name, 'decoder', 'README.md'),
      decoderCard(task, shippedProvenance(task.name), facts),
    );
  }
  return texts;
}
