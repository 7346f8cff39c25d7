/**
 * Model cards: what a trained file is, how it came about and what it can do.
 * @module
 */
import { type Provenance } from '../inversion/decoder-files.js';
import { shortName } from '../models/hooks.js';
import { capability } from '../tasks/capabilities.js';
import { isTemplateTask, type Task, type TemplateTask } from '../tasks/index.js';
import { decoderRecipeSchema } from '../training/decoder-recipe.js';
import { type ModelRecipe } from '../training/model-recipe.js';
import { type ModelFigures } from './model-subject.js';

/** What is said of a probed model. */
export interface ModelSummary {
  readonly task: string;
  readonly hash: string;
  readonly recipe: ModelRecipe;
  readonly steps: number;
  readonly seconds: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly figures: ModelFigures & { readonly inputs: number };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
const minutes = (seconds: number): string => `${(seconds / 60).toFixed(1)} minutes`;
const list = (record: Readonly<Record<string, string>>): string =>
  Object.entries(record)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
const json = (value: unknown): string => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;
const dataOf = (task: Task): string => sizesOf(task, 'held out');

/** The same of a model of unknown training. */
const splitOf = (task: Task): string => sizesOf(task, 'are the test split, which the decoder does not see');

const sizesOf = (task: Task, held: string): string => {
  const { data } = task;
  if (isTemplateTask(task)) return textsText(task, held);
  return data === undefined
    ? 'inputs drawn as they are needed'
    : `${data.size.toLocaleString('en')} inputs, generated; ${data.splitSize.test.toLocaleString('en')} of them ${held}`;
};

/** A template's texts are drawn as they are needed; which are held out, a hash of each decides, or its fillers. */
function textsText({ name, texts }: TemplateTask, held: string): string {
  const { split, patterns } = texts.template;
  const parted =
    split.by === null
      ? `${percent(split.test)} of them`
      : `those with ${percent(split.test)} of the fillers of ${split.by.join(', ')}`;
  const many = `${texts.size.toLocaleString('en')} fillings of ${patterns.length} ${patterns.length === 1 ? 'pattern' : 'patterns'}`;
  return `texts of the template \`${name}\` (${many}), drawn as they are needed; ${parted} ${held}`;
}

/** How well a model does its task. */
function figuresText({
  accuracy,
  difference,
  standardError = 0,
  above = 0,
  inputs,
}: ModelSummary['figures']): string {
  const count = inputs.toLocaleString('en');
  if (difference === undefined)
    return `Accuracy on ${count} held-out inputs, every answer token right: **${percent(accuracy)}**`;
  return (
    `On ${count} held-out texts the answer has the highest logit in **${percent(accuracy)}**; its logit less that of the contrast answer is ` +
    `**${difference.toFixed(2)}** ± ${standardError.toFixed(2)} (standard error), above 0 in **${percent(above)}**`
  );
}

/** What a model of a template's texts is not. */
const toyText = (task: TemplateTask): string =>
  `A toy: it was trained from scratch on the texts of one template and on nothing else, and its ${task.tokenizer.vocabulary.length} tokens are the words of
these texts. It is no language model: of other texts it knows nothing. What it shows is how a transformer can do this task, not how any
language model does.

`;

/** What the completed form is, and what the plain one gives. */
function formText(steps: number, plain: PlainForm | null): string {
  const own =
    '- Form: completion, the free tokens are said and the task writes the rest, so that nearly every sample is an input. Published rates are of the plain form, in which every token is said.';
  if (plain === null) return own;
  return (
    `${own} That form by the same recipe, but for what its command sets, after ${plain.steps.toLocaleString('en')} steps (here: ${steps.toLocaleString('en')}): ` +
    `**${percent(plain.average)}** inside, ${percent(plain.valid)} valid, over ${plain.queries} queries a site (\`${plain.command}\`).`
  );
}

/** The card of a probed model. */
export function modelCard(task: Task, summary: ModelSummary): string {
  const { layers, heads, width } = capability(task, 'model', 'The card of a model');
  return `---
license: mit
library_name: transformers
---
# Probed model: ${task.name}

A GPT-2 of ${layers} layers, ${heads} ${heads === 1 ? 'head' : 'heads'} and width ${width}, to be read with InversionView.

${isTemplateTask(task) ? toyText(task) : ''}- Data: ${dataOf(task)}.
- ${figuresText(summary.figures)}.
- Training: ${summary.steps.toLocaleString('en')} steps, ${minutes(summary.seconds)}; ${list(summary.versions)}.
- Hash of the weights: \`${summary.hash}\`.
- Trained by: \`inversionview train-model ${task.name} --preset ${summary.recipe.preset} --seed ${summary.recipe.seed}\`, recipe:

${json(summary.recipe)}
`;
}

/** What a decoder of the plain form does, trained by the same recipe for the same model. */
export interface PlainForm {
  readonly steps: number;
  /** Mean over sites of the shares of single samples inside, and of those that are inputs of the task. */
  readonly average: number;
  readonly valid: number;
  /** Queries a site. */
  readonly queries: number;
  /** What trains it. */
  readonly command: string;
}

/** What a decoder's provenance does not say. */
export interface DecoderCardFacts {
  /** Whether the probed model is known not to have trained on the queries. */
  readonly heldOut: boolean;
  /** Where it has been measured. */
  readonly plain?: PlainForm | null;
}

/** The card of a decoder. */
export function decoderCard(
  task: Task,
  provenance: Provenance,
  { heldOut, plain = null }: DecoderCardFacts,
): string {
  const { figures, model } = provenance;
  const completion =
    decoderRecipeSchema.safeParse(provenance.recipe).data?.architecture.form === 'completion';
  const thresholds = figures?.sites[0]?.within?.map(({ epsilon }) => epsilon) ?? [];
  const rows = figures?.sites.map(
    ({ site, rate, valid, within = [] }) =>
      `| ${[`\`${shortName(site)}\``, percent(rate), percent(valid), ...within.map((one) => percent(one.rate))].join(' | ')} |`,
  );
  const head = ['site', 'inside', 'valid inputs', ...thresholds.map((epsilon) => `at ε = ${epsilon}`)];
  return `---
license: mit
---
# Decoder: ${task.name}

Proposes inputs of the task from an activation of the probed model; the model judges them. To be used with InversionView.

- Probed model: ${model.name}, hash \`${model.hash}\`, weights processed: ${model.processing}.
- Data: ${heldOut ? dataOf(task) : splitOf(task)}; activations collected while training.
- Training: ${provenance.steps.toLocaleString('en')} steps, ${minutes(provenance.seconds)}; ${list(provenance.versions)}.
- In-preimage rate: share of ${heldOut ? 'held-out queries' : 'queries that it was not trained on (the probed model may have been)'} whose single sample at temperature 1 lies within ε = ${task.epsilon}
  (${task.metric}), over ${figures?.queries ?? 0} queries a site: **${percent(figures?.average ?? 0)}** on average.
${completion ? formText(provenance.steps, plain) : '- Form: plain, every token is said, as in the published decoders.'}

| ${head.join(' | ')} |
| ${head.map(() => '---').join(' | ')} |
${rows?.join('\n') ?? ''}

Recipe:

${json(provenance.recipe)}
`;
}
