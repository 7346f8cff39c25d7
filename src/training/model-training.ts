/**
 * Training a probed model: a GPT-2 from scratch on a task's data.
 * @module
 */
import { capability } from '../tasks/capabilities.js';
import { tokenCount } from '../tasks/tokens.js';
import {
  type Tensor,
  type Value,
  type TrainingSpec,
  type TrainingState,
  crossEntropy,
  initialState,
  input,
  reshape,
  type Tensors,
} from '../engine/index.js';
import { readArchitecture } from '../models/families/index.js';
import { type Gpt2Config, readGpt2Config } from '../models/families/gpt2-config.js';
import { transformer } from '../models/transformer.js';
import { padded } from '../models/padding.js';
import { randomFor, seedFor } from '../random.js';
import { type Task } from '../tasks/task.js';
import { type Batch, batchReader } from './batches.js';
import { gpt2Plans, initializeParameters } from './initialize.js';
import { type ModelRecipe } from './model-recipe.js';

/** A training whose every step is decided by its recipe. */
export interface PlannedTraining {
  readonly spec: TrainingSpec;
  readonly steps: number;
  start(): TrainingState;
  /** What step number `step`, from 0, is fed, and the variant of the graph that takes it. */
  feeds(step: number): Promise<{ variant: string; feeds: Tensors }>;
  /** Frees what the plan holds. */
  dispose(): Promise<void>;
}

/** The dimensions of a task's probed model as a Hugging Face config. */
export function probedModelConfig(task: Task): Gpt2Config {
  const { layers, heads, width } = capability(task, 'model', 'The training of a model');
  return readGpt2Config({
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    n_layer: layers,
    n_head: heads,
    n_embd: width,
    n_positions: task.maxLength,
    vocab_size: tokenCount(task),
    bos_token_id: task.bos,
    eos_token_id: task.eos,
    pad_token_id: task.pad,
  });
}

const int32 = (shape: readonly number[], data: Int32Array): Tensor => ({ dtype: 'int32', shape, data });
const float32 = (shape: readonly number[], data: Float32Array): Tensor => ({ dtype: 'float32', shape, data });

/** Plans the training of a task's probed model. */
export function planModelTraining(task: Task, recipe: ModelRecipe): PlannedTraining {
  const config = probedModelConfig(task);
  const architecture = readArchitecture(config);
  const read = batchReader({ task, seed: recipe.seed, size: recipe.batch, trim: recipe.trim });
  const { batch } = recipe;
  const spec: TrainingSpec = {
    optimizer: {
      schedule: recipe.schedule,
      weightDecay: recipe.weightDecay,
      ...(recipe.clip === null ? {} : { clip: recipe.clip }),
      // Hugging Face's trainer leaves biases and norms out of the decay; so does the recipe.
      decays: (name) => !name.endsWith('.bias') && !/ln_\w+\.weight$/.test(name),
      ...(recipe.optimizer === 'muon'
        ? { muon: (name: string) => /(attn|mlp)\.c_\w+\.weight$/.test(name) }
        : {}),
    },
    loss(parameter, variant) {
      // The last token is only ever predicted, never read.
      const places = Number(variant) - 1;
      const ids = input('ids', 'int32', [batch, places]);
      const rows = recipe.loss === 'single' ? batch : batch * places;
      const targets = input('targets', 'int32', [rows]);
      const weights = input('weights', 'float32', [rows]);
      const noise =
        recipe.dropout > 0 ? { rate: recipe.dropout, seed: input('seed', 'uint32', []) } : undefined;
      // The unembedding is tied, as in GPT-2.
      const tied = (name: string): Value | null => (name.startsWith('lm_head') ? null : parameter(name));
      const { logits } = transformer(architecture, tied, ids, {
        ...(noise === undefined ? {} : { dropout: noise }),
        ...(recipe.loss === 'single' ? { readAt: input('readAt', 'int32', [batch]) } : {}),
      });
      return { loss: crossEntropy(reshape(logits, [rows, architecture.vocabulary]), targets, weights) };
    },
  };
  return {
    spec,
    steps: recipe.schedule.steps,
    start: () =>
      initialState(
        initializeParameters(gpt2Plans(architecture, recipe.deviation), randomFor(recipe.seed, 'parameters')),
        spec.optimizer,
      ),
    dispose: () => Promise.resolve(),
    feeds(step) {
      const drawn = read(step);
      const feeds: Record<string, Tensor> = modelFeeds(task, recipe, drawn);
      if (recipe.dropout > 0) {
        const seed = seedFor(recipe.seed, 'dropout', step);
        feeds['seed'] = { dtype: 'uint32', shape: [], data: Uint32Array.of(seed) };
      }
      return Promise.resolve({ variant: String(drawn.places), feeds });
    },
  };
}

function modelFeeds(task: Task, recipe: ModelRecipe, { sequences, places }: Batch): Record<string, Tensor> {
  const rows = sequences.length;
  const read = places - 1;
  const ids = int32([rows, read], padded(sequences, read, task.pad));
  const counted: (sequence: readonly number[]) => readonly number[] =
    recipe.loss === 'every'
      ? (sequence) => sequence.map((_, at) => at).slice(1)
      : capability(task, 'answer', 'A loss on the answer').determined;
  if (recipe.loss === 'single') {
    const asked = sequences.map((sequence) => {
      const [at, ...more] = counted(sequence);
      if (at === undefined || more.length > 0)
        throw new Error(`${task.name}: an input has not one answer token`);
      return at;
    });
    const targets = Int32Array.from(sequences, (sequence, row) => sequence[asked[row] ?? 0] ?? task.pad);
    return {
      ids,
      targets: int32([rows], targets),
      weights: float32([rows], new Float32Array(rows).fill(1)),
      readAt: int32(
        [rows],
        Int32Array.from(asked, (at) => at - 1),
      ),
    };
  }
  const targets = new Int32Array(rows * read);
  const weights = new Float32Array(rows * read);
  sequences.forEach((sequence, row) => {
    for (const at of counted(sequence)) {
      targets[row * read + at - 1] = sequence[at] ?? task.pad;
      weights[row * read + at - 1] = 1;
    }
  });
  return { ids, targets: int32([rows * read], targets), weights: float32([rows * read], weights) };
}
