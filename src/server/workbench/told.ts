/**
 * What one activation tells, for a page: bits, features and words, from draws of the decoder and, where it is asked for
 * and can be, from all inputs. The draws of recent questions are kept, so that ε and metric move without drawing again.
 * @module
 */
import {
  type InterpretEvent,
  type InterpretRequest,
  type ProgressEvent,
  interpretRequestSchema,
} from '../contract/index.js';
import { type Runtime } from '../../engine/index.js';
import { InputError } from '../../input-error.js';
import { expectEnumerable } from '../../inversion/enumerate/activations.js';
import { type ExactSet } from '../../inversion/enumerate/exact.js';
import { someMembers } from '../../inversion/enumerate/members.js';
import { type Interpreter, createInterpreter } from '../../interpret/interpreter.js';
import { type Prior } from '../../interpret/prior.js';
import { type Pool, type Proposer } from '../../interpret/proposal.js';
import { activationsOf } from '../../interpret/queries.js';
import { type BitsRecord, type QueryRecord } from '../../interpret/records.js';
import { modelText } from '../../models/hooked-model.js';
import { resolveSite, shortName } from '../../models/hooks.js';
import { randomFor } from '../../random.js';
import { bitsFigure } from '../../report/plots/bits.js';
import { type Figure, figureSvg } from '../../report/plots/figure.js';
import { type Theme, themes } from '../../report/plots/theme.js';
import { featuresOf } from '../../tasks/feature.js';
import { placeName, resolvePosition } from '../../tasks/positions.js';
import { type LoadedCase } from './cases.js';
import { type Passes } from './passes.js';

/** Questions whose draws are kept: ten thousand inputs each. */
const mostPools = 6;
/** Milliseconds between two words on progress. */
const progressEvery = 100;

type Emit = (event: Exclude<InterpretEvent, { event: 'queued' | 'error' }>) => void;

/** Tells what activations of one case hold. */
export interface Teller {
  /** What draws and weighs; of a case that has a decoder. */
  proposer(): Proposer;
  /** What is asked, in the program's own terms. @throws InputError naming what cannot be taken */
  order(request: InterpretRequest): ToldOrder;
  tell(order: ToldOrder, emit: Emit, signal: AbortSignal): Promise<void>;
  dispose(): Promise<void>;
}

/** A question that has been checked. */
export interface ToldOrder {
  readonly query: QueryRecord;
  readonly ids: readonly number[];
  readonly features: readonly string[] | null;
  readonly exact: boolean;
  readonly members: number;
  readonly figures: boolean;
}

/** What an order is about, checked. @throws InputError */
export function queryOf(
  { task, decoder, model }: LoadedCase,
  asked: Pick<ReturnType<typeof interpretRequestSchema.parse>, 'input' | 'site' | 'position' | 'seed'> & {
    readonly epsilon?: number | undefined;
    readonly metric?: QueryRecord['metric'] | undefined;
  },
): { query: QueryRecord; ids: number[] } {
  const ids = task.encode(asked.input);
  const position = resolvePosition(task, ids, asked.position);
  const problem = task.check(ids);
  return {
    ids,
    query: {
      task: task.name,
      input: task.decode(ids),
      position,
      place: placeName(task, ids, position),
      site: resolveSite(asked.site, decoder?.config.sites ?? task.sites),
      metric: asked.metric ?? task.metric,
      epsilon: asked.epsilon ?? task.epsilon,
      seed: asked.seed,
      model: modelText(model),
      decoder: decoder?.name ?? null,
      warnings: problem === null ? [] : [`The input is not one of the task's: ${problem}.`],
    },
  };
}

/** Makes a teller. @param prior the features over all inputs of the task, gone through when they are first needed */
export function createTeller(runtime: Runtime, own: LoadedCase, prior: () => Prior, passes: Passes): Teller {
  const { task, model, decoder, described } = own;
  let made: Interpreter | null = null;
  const interpreter = (): Interpreter =>
    (made ??= createInterpreter(runtime, model, decoder, task, { prior: prior() }));
  const pools = new Map<string, { readonly z: Float32Array; readonly pool: Pool | null }>();

  async function drawn(
    { ids, query: { site, position, seed } }: ToldOrder,
    onProgress: (done: number, all: number) => void,
    signal: AbortSignal,
  ): Promise<{ z: Float32Array; pool: Pool | null }> {
    const key = JSON.stringify([ids, site, position, seed]);
    const known = pools.get(key);
    pools.delete(key);
    if (known !== undefined) {
      pools.set(key, known);
      return known;
    }
    const [z = new Float32Array(0)] = await activationsOf(runtime, model, task, site, [{ ids, position }]);
    const pool =
      decoder === null ? null : await interpreter().gather({ ids, site, z, seed, onProgress, signal });
    pools.set(key, { z, pool });
    for (const old of [...pools.keys()].slice(0, -mostPools)) pools.delete(old);
    return { z, pool };
  }

  return {
    proposer() {
      const { proposer } = interpreter();
      if (proposer === null) throw new InputError(described.unavailable ?? `${described.id} has no decoder.`);
      return proposer;
    },
    order(request) {
      const { exact, members, figures, features, ...asked } = interpretRequestSchema.parse(request);
      if (exact) expectEnumerable(task);
      else if (decoder === null)
        throw new InputError(described.unavailable ?? `${described.id} has no decoder.`);
      return {
        ...queryOf(own, asked),
        features:
          features === undefined ? null : featuresOf(task, { names: features }).map(({ name }) => name),
        exact,
        members,
        figures,
      };
    },
    async tell(order, emit, signal) {
      const { ids, query, features, exact } = order;
      const { epsilon, metric, site, seed } = query;
      const started = performance.now();
      const tell = (what: string): ((done: number, all: number) => void) =>
        seldom((done, all) => emit({ event: 'progress', data: { what, done, all } }));
      const { z, pool } = await drawn(order, tell('inputs drawn and judged'), signal);
      const set: ExactSet | null = !exact
        ? null
        : await passes.use(
            model,
            task,
            site,
            { onProgress: tell(`inputs run at ${shortName(site)}`), signal },
            (preimages) => preimages.find(z, { epsilon, metric }),
          );
      signal.throwIfAborted();
      const told = await interpreter().tell({
        ids,
        seed,
        epsilon,
        metric,
        pool,
        set,
        signal,
        ...(features === null ? {} : { features }),
      });
      const { estimate, proposed } = told;
      const record: BitsRecord = {
        ...query,
        exact: told.exact,
        estimate,
        features: told.features,
        readout: told.readout(),
      };
      const shown = randomFor(seed, 'shown');
      emit({
        event: 'told',
        data: {
          record: { ...record, warnings: [...record.warnings], features: [...record.features] },
          draws:
            pool === null || proposed === null
              ? null
              : {
                  decoder: pool.said,
                  blind: pool.blind,
                  valid: proposed.valid,
                  inside: proposed.inside,
                  distinct: proposed.found.length,
                },
          total: set?.total ?? null,
          members:
            set === null
              ? []
              : await someMembers(runtime, model, task, { site, z, metric }, set, order.members, shown),
          figure: order.figures ? bothSchemes((theme) => bitsFigure(record, theme)) : null,
          milliseconds: Math.round(performance.now() - started),
        },
      });
    },
    async dispose() {
      pools.clear();
      await made?.dispose();
    },
  };
}

/** A figure in the colours of light and of dark pages. */
export const bothSchemes = (figure: (theme: Theme) => Figure): { light: string; dark: string } => ({
  light: figureSvg(figure(themes.light), { theme: themes.light }),
  dark: figureSvg(figure(themes.dark), { theme: themes.dark }),
});

/** Tells progress some ten times a second. */
export function seldom(
  tell: (done: ProgressEvent['done'], all: ProgressEvent['all']) => void,
): (done: number, all: number) => void {
  let last = -Infinity;
  return (done, all) => {
    const now = performance.now();
    if (done < all && now - last < progressEvery) return;
    last = now;
    tell(done, all);
  };
}
