/**
 * What a study is: a task with everything that belongs to it alone. One folder is one study; it is listed in
 * `studies/index.ts`, and nothing to the left of studies knows a particular one.
 * @module
 */
import { type AblationCheck } from '../causal/ablation-check.js';
import { type Experiment } from '../causal/experiment.js';
import { type ViewerTask } from '../report/streamlit.js';
import { type Task } from '../tasks/task.js';
import { type DecoderSettings } from '../training/decoder-recipe.js';
import { type ModelSettings } from '../training/model-recipe.js';
import { type Presets } from '../training/presets.js';

/** A study. */
export interface Study {
  readonly task: Task;
  /** What its inputs are, in one sentence, and one that shows how they are written. */
  readonly summary: string;
  readonly example: string;
  /** Named patching experiments. */
  readonly experiments: readonly Experiment[];
  /** Named mean ablations, listed after the experiments. */
  readonly ablations: readonly AblationCheck[];
  /** How its models and decoders are trained, by the name of a preset. */
  readonly recipes: {
    readonly model: Presets<ModelSettings>;
    readonly decoder: Presets<DecoderSettings>;
  };
  /** How the published web app shows it; null where it does not. */
  readonly viewer: ViewerTask | null;
}
