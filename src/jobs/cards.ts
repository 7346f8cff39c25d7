/**
 * Model cards: what a trained file is, how it came about and what it can do.
 * @module
 */
import { type Provenance } from '../inversion/decoder-files.js';
import { shortName } from '../models/hooks.js';
import { type Task } from '../tasks/task.js';
import { type ModelRecipe } from '../training/model-recipe.js';

/** What is said of a probed model. */
export interface ModelSummary {
  readonly task: string;
  readonly hash: string;
  readonly recipe: ModelRecipe;
  readonly steps: number;
  readonly seconds: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly figures: { readonly accuracy: number; readonly inputs: number };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
const minutes = (seconds: number): string => `${(seconds / 60).toFixed(1)} minutes`;
const list = (record: Readonly<Record<string, string>>): string =>
  Object.entries(record)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
const json = (value: unknown): string => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;
const dataOf = (task: Task): string =>
  `${task.data.size.toLocaleString('en')} inputs, generated; ${task.data.splitSize.test.toLocaleString('en')} of them held out`;

/** The card of a probed model. */
export function modelCard(task: Task, summary: ModelSummary): string {
  const { layers, heads, width } = task.model;
  return `---
license: mit
library_name: transformers
---
# Probed model: ${task.name}

A GPT-2 of ${layers} layers, ${heads} ${heads === 1 ? 'head' : 'heads'} and width ${width}, to be read with InversionView.

- Data: ${dataOf(task)}.
- Accuracy on ${summary.figures.inputs.toLocaleString('en')} held-out inputs, every answer token right: **${percent(summary.figures.accuracy)}**.
- Training: ${summary.steps.toLocaleString('en')} steps, ${minutes(summary.seconds)}; ${list(summary.versions)}.
- Hash of the weights: \`${summary.hash}\`.
- Trained by: \`inversionview train-model ${task.name} --preset ${summary.recipe.preset} --seed ${summary.recipe.seed}\`, recipe:

${json(summary.recipe)}
`;
}

/** The card of a decoder. */
export function decoderCard(task: Task, provenance: Provenance): string {
  const { figures, model } = provenance;
  const rows = figures?.sites.map(
    ({ site, rate, valid }) => `| \`${shortName(site)}\` | ${percent(rate)} | ${percent(valid)} |`,
  );
  return `---
license: mit
---
# Decoder: ${task.name}

Proposes inputs of the task from an activation of the probed model; the model judges them. To be used with InversionView.

- Probed model: ${model.name}, hash \`${model.hash}\`, weights processed: ${model.processing}.
- Data: ${dataOf(task)}; activations collected while training.
- Training: ${provenance.steps.toLocaleString('en')} steps, ${minutes(provenance.seconds)}; ${list(provenance.versions)}.
- In-preimage rate: share of held-out queries whose single sample at temperature 1 lies within ε = ${task.epsilon}
  (${task.metric}), over ${figures?.queries ?? 0} queries a site: **${percent(figures?.average ?? 0)}** on average.

| site | inside | valid inputs |
| --- | --- | --- |
${rows?.join('\n') ?? ''}

Recipe:

${json(provenance.recipe)}
`;
}
