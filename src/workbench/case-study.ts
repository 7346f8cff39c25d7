/**
 * Case studies: a task with a probed model and, where there is one, a decoder; what is known of one, for a page.
 * @module
 */
import { z } from 'zod';
import { type LoadedDecoder } from '../inversion/decoder-files.js';
import { metricSchema } from '../inversion/saved-reading.js';
import { type HookedModel } from '../models/hooked-model.js';
import { describeSite, headOf, shortName } from '../models/hooks.js';
import { randomFor } from '../random.js';
import { decoderPresets, decoderRecipe, modelPresets, modelRecipe, studyNamed } from '../studies/index.js';
import { type TemplateTask, isTemplateTask } from '../tasks/index.js';
import { type Task } from '../tasks/task.js';
import { tokenCount, tokenOf, tokensOf } from '../tasks/tokens.js';
import { caseIdSchema, count } from './fields.js';

/** A place where activations are read. */
const siteSchema = z.object({
  /** Full hook name: `blocks.0.attn.hook_result.3`. */
  site: z.string(),
  /** Short name: `a0.3`. */
  short: z.string(),
  /** In a few words: "output of head 3 of layer 0". */
  what: z.string(),
  /** Where it stands in the diagram: column `kind`, row `layer`; `head` for heads. */
  kind: z.enum(['head', 'pre', 'mid', 'mlp', 'post']),
  layer: count,
  head: count.nullable(),
  /** The decoder's in-preimage rate there, 0 … 1, measured at the end of its training; null where unknown. */
  rate: z.number().nullable(),
});

/** A round of Auto mode. */
export const roundSchema = z.object({
  temperature: z.number(),
  noise: z.number(),
  candidates: count,
  /** How noise changes the activation: it is added, or the vector is turned by it (noise is 1 less the cosine). */
  noiseKind: z.enum(['add', 'turn']).exactOptional(),
  /** Rare symbols that earlier rounds drew more often at a place are not drawn there again. */
  repeats: z.number().exactOptional(),
});

/** Rounds in the order in which they are drawn. */
export type RoundList = readonly z.infer<typeof roundSchema>[];

/** A named set of settings of a training. */
const presetSchema = z.object({ name: z.string(), steps: count });

/** Most tokens that a page is sent to choose among. */
const mostTokens = 4096;

/** All that a page needs to know of a case. */
export const caseSchema = z.object({
  id: caseIdSchema,
  task: z.string(),
  /** One sentence: what the inputs are. */
  about: z.string(),
  /** How an input is written: `615+861=1476`. */
  examples: z.array(z.string()).min(1),
  /** Null when readings can be made, else the sentence that says what is missing and how to get it. */
  unavailable: z.string().nullable(),
  layers: count,
  heads: count,
  /** Width of an activation. */
  width: count,
  /** Sites the decoder knows, in the order of a run; without a decoder, those of the task. */
  sites: z.array(siteSchema),
  /** Whether there is no decoder, so that the model searches by itself: readings say nothing of how often finds occur. */
  searches: z.boolean(),
  /** Of a template task, the slots that its texts are filled by, in the order of the file; empty of other tasks. */
  slots: z.array(z.string()),
  /** Token strings that inputs are made of, each once: the first few thousand of a language model's task. */
  vocabulary: z.array(z.string()).max(mostTokens),
  /** Tokens that the model knows. */
  tokens: count,
  bos: z.string(),
  eos: z.string(),
  pad: z.string(),
  /** Most tokens of an input, BOS and EOS included. */
  maxLength: count,
  /** The task's threshold and metric. */
  epsilon: z.number(),
  metric: metricSchema,
  /** What holds instead of it at sites (full hook name) and places where it was chosen from their ε-curve. */
  epsilons: z.array(z.object({ site: z.string(), place: z.string(), epsilon: z.number() })),
  /** Inputs there are, where all of them can be run to find exact preimages; else null. */
  enumerated: count.nullable(),
  /** Auto mode, and how many candidates it draws in all. */
  rounds: z.array(roundSchema),
  candidates: count,
  model: z
    .object({
      name: z.string(),
      hash: z.string(),
      processing: z.string(),
      /** Whether it is known to have trained on none of the task's test split; else the split is ours alone. */
      heldOut: z.boolean(),
      /** Share of held-out inputs with every answer token right; null where its directory does not say. */
      accuracy: z.number().nullable(),
    })
    .nullable(),
  decoder: z
    .object({
      name: z.string(),
      steps: count,
      seconds: z.number(),
      /** Mean in-preimage rate over sites, 0 … 1, and how many queries a site it rests on. */
      rate: z.number().nullable(),
      queries: count,
    })
    .nullable(),
  /** Presets of trainings. */
  trainings: z.object({ model: z.array(presetSchema), decoder: z.array(presetSchema) }),
});
export type Case = z.infer<typeof caseSchema>;
export type CaseSite = z.infer<typeof siteSchema>;

/** A model or decoder in a configured directory. */
export const directorySchema = z.object({
  /** How requests and case ids name it: `models/mine` for one under --models, `runs/mine` for a finished training. */
  ref: z.string(),
  kind: z.enum(['model', 'decoder']),
  /** The task it was trained for, where its files say so. */
  task: z.string().nullable(),
  /** Hash of the weights of a model, or of the model that a decoder was trained on; null where no file says so. */
  modelHash: z.string().nullable(),
});

/** A template task. */
export const templateSchema = z.object({
  task: z.string(),
  /** What its texts are, in a sentence or two; empty where its file does not say. */
  about: z.string(),
  /** Whether a model is shipped for it, so that its name alone is a case. */
  shipped: z.boolean(),
});

/** A case as it is worked with. */
export interface LoadedCase {
  readonly id: string;
  readonly task: Task;
  readonly model: HookedModel;
  /** Null when there is none: inputs can be looked at, not read. */
  readonly decoder: LoadedDecoder | null;
  readonly described: Case;
}

/** Describes a case whose model could not be loaded: what the task alone tells. */
export const describeUnloaded = (id: string, task: Task, unavailable: string): Case =>
  describe(id, task, null, null, unavailable);

/** Describes a case. @param unavailable what is missing, where readings cannot be made */
export function describe(
  id: string,
  task: Task,
  probed: { readonly model: HookedModel; readonly accuracy: number | null } | null,
  decoder: LoadedDecoder | null,
  unavailable: string | null,
): Case {
  const figures = decoder?.provenance.figures ?? null;
  const rates = new Map(figures?.sites.map(({ site, rate }) => [site, rate]));
  const token = (tokenId: number): string => tokenOf(task, tokenId);
  const { about, first, trainings, slots } = isTemplateTask(task) ? ofTemplate(task) : ofStudy(task);
  const sizes = probed?.model.architecture ?? task.model ?? { layers: 0, heads: 0, width: 0 };
  return {
    id,
    task: task.name,
    about,
    examples: [first, ...[1, 2].map((seed) => task.draw(randomFor(seed, 'example')))],
    unavailable,
    layers: sizes.layers,
    heads: sizes.heads,
    width: sizes.width,
    sites: (decoder?.config.sites ?? task.sites).map((site) => ({
      site,
      short: shortName(site),
      what: describeSite(site),
      kind: kindOf(site),
      layer: Number(/\d+/.exec(site)?.[0] ?? 0),
      head: headOf(site)?.head ?? null,
      rate: rates.get(site) ?? null,
    })),
    searches: probed !== null && decoder === null && unavailable === null,
    slots,
    vocabulary: vocabularyOf(task),
    tokens: tokenCount(task),
    bos: token(task.bos),
    eos: token(task.eos),
    pad: token(task.pad),
    maxLength: task.maxLength,
    epsilon: task.epsilon,
    metric: task.metric,
    epsilons: (task.epsilons ?? []).map((one) => ({ ...one })),
    enumerated: task.enumeration?.kind === 'all' ? (task.data?.size ?? null) : null,
    rounds: task.rounds.map((round) => ({ ...round })),
    candidates: task.rounds.reduce((sum, { candidates }) => sum + candidates, 0),
    model:
      probed === null
        ? null
        : {
            name: probed.model.name,
            hash: probed.model.hash,
            processing: probed.model.processing,
            heldOut: probed.model.trainedOn === task.name,
            accuracy: probed.accuracy,
          },
    decoder:
      decoder === null
        ? null
        : {
            name: decoder.name,
            steps: decoder.provenance.steps,
            seconds: decoder.provenance.seconds,
            rate: figures?.average ?? null,
            queries: figures?.queries ?? 0,
          },
    trainings,
  };
}

function kindOf(site: string): Case['sites'][number]['kind'] {
  if (headOf(site) !== null) return 'head';
  if (site.endsWith('resid_pre')) return 'pre';
  if (site.endsWith('resid_mid')) return 'mid';
  return site.endsWith('mlp_out') ? 'mlp' : 'post';
}

const presetsOf = (names: readonly string[], recipe: (name: string) => { schedule: { steps: number } }) =>
  names.map((name) => ({ name, steps: recipe(name).schedule.steps }));

/** What a study says of itself. */
function ofStudy({ name: task }: Task) {
  const { summary, example } = studyNamed(task);
  return {
    about: summary,
    first: example,
    slots: [],
    trainings: {
      model: presetsOf(modelPresets(task), (name) => modelRecipe(task, name)),
      decoder: presetsOf(decoderPresets(task), (name) => decoderRecipe(task, name)),
    },
  };
}

/** What a template says of itself. Its decoders are trained from the command line. */
const ofTemplate = (task: TemplateTask) => ({
  about: task.about,
  first: task.draw(randomFor(0, 'example')),
  slots: [...new Set(task.texts.patterns.flatMap(({ variables }) => variables.map(({ slot }) => slot)))],
  trainings: { model: [], decoder: [] },
});

/** Strings of the tokens that inputs use: of a language model's tens of thousands they are a few. */
const vocabularyOf = (task: Task): string[] => [
  ...new Set(
    tokensOf(
      task,
      task.usedTokens?.().slice(0, mostTokens) ??
        task.tokenizer.vocabulary.slice(0, mostTokens).map((_, tokenId) => tokenId),
    ),
  ),
];
