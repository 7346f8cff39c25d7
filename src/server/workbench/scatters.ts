/**
 * Completeness scatters in the making. Hundreds of draws of noise take a minute: they are made some at a time, so that
 * who asks for a reading meanwhile waits for a moment and not for all of them.
 * @module
 */
import { capability } from '../../tasks/capabilities.js';
import {
  type CompletenessEvent,
  type CompletenessRequest,
  completenessRequestSchema,
  limits,
} from '../contract/index.js';
import { type Runtime } from '../../engine/index.js';
import { InputError } from '../../input-error.js';
import { expectEnumerable } from '../../inversion/enumerate/activations.js';
import { type Completeness, type Scoring, startCompleteness } from '../../interpret/completeness.js';
import { activationsOf } from '../../interpret/queries.js';
import { type CompletenessRecord } from '../../interpret/records.js';
import { shortName } from '../../models/hooks.js';
import { completenessFigure } from '../../report/plots/completeness.js';
import { type Task } from '../../tasks/task.js';
import { type LoadedCase } from './cases.js';
import { type Passes } from './passes.js';
import { ProblemError } from './problem-error.js';
import { bothSchemes, queryOf, seldom } from './told.js';

/** Milliseconds of draws in one turn. */
const turn = 400;
/** Inputs inside that are named, the least likely ones. */
const mostUnlikely = 12;
/** A probability of nothing has no logarithm that JSON could hold. */
const leastLog = -1e6;

type Emit = (event: Exclude<CompletenessEvent, { event: 'queued' | 'error' }>) => void;

/** A scatter's turn: its request, under a number that tells it from others. */
export type ScatterRequest = CompletenessRequest & { readonly scatter: number };

/** Makes scatters. */
export interface Scatters {
  /** Throws what a scatter would throw before it begins. */
  check(own: LoadedCase, request: CompletenessRequest): void;
  /**
   * Goes on with a scatter for a moment; the last turn emits it.
   * @returns whether it is complete
   */
  advance(own: LoadedCase, request: ScatterRequest, emit: Emit, signal: AbortSignal): Promise<boolean>;
  /** Lets go of a scatter that nobody waits for. */
  end(scatter: number): Promise<void>;
  dispose(): Promise<void>;
}

/** See the module. */
export function createScatters(runtime: Runtime, passes: Passes): Scatters {
  const begun = new Map<number, { readonly scoring: Scoring; readonly started: number }>();

  const orderOf = (own: LoadedCase, request: CompletenessRequest) => {
    const { noise, draws, outside, floor, ...asked } = completenessRequestSchema.parse(request);
    const { decoder, described, task } = own;
    expectEnumerable(task);
    if (decoder === null) throw new InputError(described.unavailable ?? `${described.id} has no decoder.`);
    const order = { ...queryOf(own, asked), decoder, noise, draws, outside };
    return floor === undefined ? order : { ...order, floor };
  };

  async function begin(own: LoadedCase, request: ScatterRequest, emit: Emit, signal: AbortSignal) {
    if (begun.size >= limits.scatters) {
      throw new ProblemError({
        code: 'busy',
        message: `${limits.scatters} scatters are in the making already: try again when one is done.`,
      });
    }
    const { task, model } = own;
    const { scatter, ...asked } = request;
    const { ids, query, decoder, noise, draws, outside, ...floor } = orderOf(own, asked);
    const { site, position, epsilon, metric, seed } = query;
    const started = performance.now();
    const [z = new Float32Array(0)] = await activationsOf(runtime, model, task, site, [{ ids, position }]);
    const onProgress = seldom((done, all) =>
      emit({ event: 'progress', data: { what: `inputs run at ${shortName(site)}`, done, all } }),
    );
    const set = await passes.use(model, task, site, { onProgress, signal }, (exact) =>
      exact.find(z, { epsilon, metric }),
    );
    if (set.size > limits.inside) {
      throw new InputError(
        `${set.size.toLocaleString('en')} inputs are inside, more than the ${limits.inside.toLocaleString('en')} that are scored here: choose a smaller ε, or another site or position.`,
      );
    }
    const scoring = startCompleteness(runtime, decoder, task, { z, site }, set, {
      epsilon,
      metric,
      noise,
      draws,
      outside,
      ...('floor' in floor ? { floor: floor.floor } : {}),
      seed,
    });
    begun.set(scatter, { scoring, started });
  }

  async function end(scatter: number): Promise<void> {
    const known = begun.get(scatter);
    begun.delete(scatter);
    await known?.scoring.dispose();
  }

  return {
    check: (own, request) => void orderOf(own, request),
    async advance(own, request, emit, signal) {
      const { scatter, ...asked } = request;
      if (!begun.has(scatter)) await begin(own, request, emit, signal);
      const known = begun.get(scatter);
      if (known === undefined) throw new RangeError(`there is no scatter ${scatter}`);
      const { scoring, started } = known;
      const until = performance.now() + turn;
      while (scoring.done < scoring.draws && performance.now() < until) {
        signal.throwIfAborted();
        await scoring.advance();
      }
      const { done, draws: all } = scoring;
      emit({ event: 'progress', data: { what: 'draws of noise', done, all } });
      if (done < all) return false;
      const record: CompletenessRecord = {
        ...orderOf(own, asked).query,
        completeness: finite(scoring.result()),
      };
      await end(scatter);
      const { completeness } = record;
      emit({
        event: 'scatter',
        data: {
          record: {
            ...record,
            warnings: [...record.warnings],
            completeness: { ...completeness, points: [...completeness.points] },
          },
          unlikely: unlikelyOf(own.task, completeness),
          figure: bothSchemes((theme) => completenessFigure(record, theme)),
          milliseconds: Math.round(performance.now() - started),
        },
      });
      return true;
    },
    end,
    async dispose() {
      for (const scatter of [...begun.keys()]) await end(scatter);
    },
  };
}

function unlikelyOf(task: Task, { points }: Completeness) {
  const { instance } = capability(task, 'data', 'Completeness');
  return points
    .filter(({ inside }) => inside)
    .sort((a, b) => a.logProbability - b.logProbability)
    .slice(0, mostUnlikely)
    .map(({ input, logProbability, distance }) => ({
      text: task.decode(instance(input)),
      logProbability,
      distance,
    }));
}

/** Figures that JSON can hold, to the digits that are known. */
const finite = (completeness: Completeness): Completeness => ({
  ...completeness,
  least: Math.max(leastLog, completeness.least),
  points: completeness.points.map(({ input, distance, logProbability, inside }) => ({
    input,
    distance: Math.round(distance * 1e5) / 1e5,
    logProbability: Math.max(leastLog, Math.round(logProbability * 1e4) / 1e4),
    inside,
  })),
});
