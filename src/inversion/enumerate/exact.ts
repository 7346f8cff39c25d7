/**
 * Exact ε-preimages: of all inputs of a task, those whose activation at a site is near a query's. Nothing is sampled.
 *
 * One pass of the probed model gives the activations of all inputs; any query, threshold and metric is then answered
 * from them. They are kept in 16 bits, so the few inputs whose distance lies so near the threshold that rounding could
 * decide are run through the model again.
 * @module
 */
import { capability } from '../../tasks/capabilities.js';
import { type Runtime } from '../../engine/index.js';
import { InputError } from '../../input-error.js';
import { type HookedModel } from '../../models/hooked-model.js';
import { resolveSite } from '../../models/hooks.js';
import { type Task } from '../../tasks/task.js';
import { type Judge, createJudge } from '../judge.js';
import { type Metric } from '../metrics.js';
import {
  type EnumeratedActivations,
  type PassOptions,
  enumerateActivations,
  expectEnumerable,
} from './activations.js';
import { type Keep, identityOf, keepActivations, keptActivations } from './kept.js';
import { measure } from './measure.js';

/** All inputs within ε of a query. */
export interface ExactSet {
  /** Inputs inside, and inputs there are. */
  readonly size: number;
  readonly total: number;
  /** `−log2(size / total)`: the information in the activation; null of an empty set. */
  readonly bits: number | null;
  /** Numbers of the inputs inside, rising: `instance` of the task's data gives them. */
  readonly members: Uint32Array;
  /** Least distance of every input over its positions, to four digits or so; see {@link ExactView} for those outside. */
  readonly distances: Float32Array;
  /** Index of the token that has it. */
  readonly positions: Uint8Array;
  /** Inputs that the model had to run again. */
  readonly rechecked: number;
}

/** How a query is looked at; the task's unless given. */
export interface ExactView {
  readonly epsilon?: number;
  readonly metric?: Metric;
  /** Only what is inside is wanted: distances of other inputs may be infinite then. It takes a fraction of the time. */
  readonly insideOnly?: boolean;
}

/** Answers queries at one site. */
export interface ExactPreimages {
  readonly site: string;
  readonly total: number;
  /** @param z the query's activation */
  find(z: Float32Array, view?: ExactView): Promise<ExactSet>;
  dispose(): Promise<void>;
}

/** What opening a site may use. */
export interface ExactOptions extends PassOptions {
  /** Where passes are kept; without it each is made anew. */
  readonly keep?: Keep;
  /** Hears why a pass could not be kept; its answers stand. */
  readonly onNotKept?: (reason: string) => void;
}

/**
 * Makes or takes up the pass of a site.
 * @throws InputError for an unknown site or a task whose inputs cannot be enumerated
 * @example
 * const exact = await openExactPreimages(runtime, model, addition, 'a0.0');
 * const { size, bits } = await exact.find(z);
 */
export async function openExactPreimages(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  siteName: string,
  options: ExactOptions = {},
): Promise<ExactPreimages> {
  expectEnumerable(task);
  const { instance } = capability(task, 'data', 'An exact preimage');
  const site = resolveSite(siteName, task.sites);
  const activations = await activationsOf(runtime, model, task, site, options);
  const total = activations.inputs;
  let judge: Judge | null = null;
  return {
    site,
    total,
    async find(z, { epsilon = task.epsilon, metric = task.metric, insideOnly = false } = {}) {
      if (z.length !== activations.width) {
        throw new InputError(
          `The query has ${z.length} elements, the activations of ${model.name} have ${activations.width}.`,
        );
      }
      const { distances, lower, upper, positions } = measure(
        activations.marks,
        activations.rows,
        z,
        metric,
        insideOnly ? epsilon : Infinity,
      );
      const inside = new Uint8Array(total);
      const open: number[] = [];
      for (let input = 0; input < total; input++) {
        if ((upper[input] ?? Infinity) <= epsilon) inside[input] = 1;
        else if ((lower[input] ?? Infinity) <= epsilon) open.push(input);
      }
      if (open.length > 0) {
        judge ??= createJudge(runtime, model, task, site);
        const verdicts = await judge.judge(
          open.map((input) => instance(input)),
          z,
        );
        open.forEach((input, at) => {
          const verdict = verdicts[metric][at];
          if (verdict === undefined) return;
          inside[input] = verdict.distance <= epsilon ? 1 : 0;
          distances[input] = verdict.distance;
          positions[input] = verdict.position;
        });
      }
      const members = new Uint32Array(inside.reduce((sum, one) => sum + one, 0));
      let next = 0;
      for (let input = 0; input < total; input++) if (inside[input] === 1) members[next++] = input;
      const size = members.length;
      return {
        size,
        total,
        bits: size === 0 ? null : Math.log2(total / size),
        members,
        distances,
        positions,
        rechecked: open.length,
      };
    },
    async dispose() {
      await judge?.dispose();
    },
  };
}

async function activationsOf(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  site: string,
  { keep, onNotKept, ...options }: ExactOptions,
): Promise<EnumeratedActivations> {
  if (keep === undefined) return enumerateActivations(runtime, model, task, site, options);
  const identity = identityOf(model, task, site);
  const kept = await keptActivations(keep, identity);
  if (kept !== null) return kept;
  const made = await enumerateActivations(runtime, model, task, site, options);
  try {
    await keepActivations(keep, identity, made);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    onNotKept?.(error.message);
  }
  return made;
}
