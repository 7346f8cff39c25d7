/**
 * Exact conditional sets of many heads: of a pass over the pairs of names in one pattern with one place and one object, what
 * the activation of each query has inside at the ε of its head, what inputs share there, and how they are found.
 * @module
 */
import { epsilonCurve } from '../../src/interpret/epsilon-curve.js';
import { exactness } from '../../src/interpret/exactness.js';
import { randomOfNorm } from '../../src/interpret/control-activations.js';
import { featureBits } from '../../src/interpret/feature-bits.js';
import { type QueryBits, type SiteBits, siteBits } from '../../src/interpret/mutual-information.js';
import { type Prior, createPrior } from '../../src/interpret/prior.js';
import { type PreimageRecord } from '../../src/interpret/records.js';
import { exactSample } from '../../src/interpret/sample.js';
import { activationsAt, passQueries, passTask } from '../../src/interpret/site-epsilons.js';
import { usedExactly } from '../../src/interpret/used-exact.js';
import { type ExactPreimages, openExactSites } from '../../src/inversion/enumerate/exact.js';
import { storeIn } from '../../src/jobs/cache.js';
import { modelText } from '../../src/causal/records.js';
import { shortName } from '../../src/models/hooks.js';
import { randomFor } from '../../src/random.js';
import { type HeldTask } from '../../src/tasks/held-task.js';
import { type TemplateTask, featuresOf, resolvePosition } from '../../src/tasks/index.js';
import { type AskedDecoder, type Found, type Tally, createFinders } from './finders.js';
import { type HeadAt, split } from './ioi-heads.js';
import { type Figures, type Studied, fourDigits, seed } from './study.js';

/** Passes, each with another pattern, place and object, and queries of each. */
export const [passes, queries] = [8, 6];
/** What is asked of the inputs. */
export const featureNames = ['S', 'IO', 'S.order', '{A,B}'];
/** Random vectors beside each query. */
const controls = 2;
/** Queries of a head and pass whose sets are searched for. */
const searched = 2;
/** A set of fewer inputs beside the query's own has nothing to be found. */
const fewestOthers = 4;

/** What is studied. */
export interface StudiedTemplate extends Studied {
  readonly task: TemplateTask;
  /** Full names of all sites: one pass serves them. */
  readonly sites: readonly string[];
  epsilonOf(head: HeadAt): number;
}

/** What the sets of one pass gave at a head. */
export interface HeadSets {
  readonly answers: readonly QueryBits[];
  /** Sizes, one a query. */
  readonly sizes: readonly number[];
  /** Inputs near each control. */
  readonly near: readonly number[];
}

/** A pass whose activations are there. */
interface OpenPass {
  readonly held: HeldTask;
  readonly asked: readonly (readonly number[])[];
  readonly prior: Prior;
  readonly activations: Awaited<ReturnType<typeof activationsAt>>;
  exact(head: HeadAt): ExactPreimages;
}

/** Opens a pass for as long as it is used. */
async function withPass<T>(
  { runtime, model, task, cache, sites }: StudiedTemplate,
  pass: number,
  use: (open: OpenPass) => Promise<T>,
): Promise<T> {
  const held = passTask(task, seed, pass);
  const asked = passQueries(held, seed, pass, queries);
  const activations = await activationsAt(runtime, model, held, sites, asked);
  const store = cache === null ? {} : { store: storeIn(cache) };
  const exacts = await openExactSites(runtime, model, held, sites, store);
  try {
    return await use({
      held,
      asked,
      prior: createPrior(held, featuresOf(held, { names: featureNames })),
      activations,
      exact(head) {
        const found = exacts.find(({ site }) => shortName(site) === split(head)[0]);
        if (found === undefined) throw new RangeError(`no pass of ${head}`);
        return found;
      },
    });
  } finally {
    for (const exact of exacts) await exact.dispose();
  }
}

/** A query at a head, with the distances of all inputs. */
interface HeadQuery {
  readonly row: number;
  readonly ids: readonly number[];
  readonly z: Float32Array;
  readonly distances: Float32Array;
  readonly epsilon: number;
}

/** The queries of a pass at a head; one that does not have the place is left out. */
function* queriesAt(
  { asked, activations }: OpenPass,
  exact: ExactPreimages,
  head: HeadAt,
  epsilon: number,
): Generator<HeadQuery> {
  const [, place] = split(head);
  for (const [row, ids] of asked.entries()) {
    const z = activations(exact.site, row, ids, place);
    if (z !== null) yield { row, ids, z, distances: exact.distances(z, { onlyAt: place }), epsilon };
  }
}

/** The sets of a pass, head by head. */
export const setsOfPass = (
  studied: StudiedTemplate,
  heads: readonly HeadAt[],
  pass: number,
): Promise<Record<HeadAt, HeadSets>> =>
  withPass(studied, pass, (open) => {
    const sets: Record<HeadAt, HeadSets> = {};
    for (const head of heads) {
      const exact = open.exact(head);
      const answers: QueryBits[] = [];
      const [sizes, near]: [number[], number[]] = [[], []];
      for (const { row, ids, z, distances, epsilon } of queriesAt(
        open,
        exact,
        head,
        studied.epsilonOf(head),
      )) {
        const members = inside(distances, epsilon);
        sizes.push(members.length);
        answers.push({
          bits: Math.log2(exact.total / Math.max(1, members.length)),
          features: featureBits(open.prior, exactSample(open.prior, { members }), ids, seed),
        });
        for (let number = 0; number < controls; number++) {
          const vector = randomOfNorm(z, randomFor(seed, 'control', pass, row, number));
          near.push(inside(exact.distances(vector, { onlyAt: split(head)[1] }), epsilon).length);
        }
      }
      sets[head] = { answers, sizes, near };
    }
    return Promise.resolve(sets);
  });

/** What is found of the sets of a pass, head by head, of the first queries whose sets have something to be found. */
export const foundInPass = (
  studied: StudiedTemplate,
  heads: readonly HeadAt[],
  pass: number,
  decoder: AskedDecoder,
): Promise<Record<HeadAt, Found[]>> =>
  withPass(studied, pass, async (open) => {
    const finders = createFinders(open.held, decoder);
    const found: Record<HeadAt, Found[]> = {};
    for (const head of heads) {
      const exact = open.exact(head);
      const own: Found[] = [];
      for (const query of queriesAt(open, exact, head, studied.epsilonOf(head))) {
        if (own.length === searched) break;
        if (inside(query.distances, query.epsilon).length <= fewestOthers) continue;
        own.push(
          await finders.find(exact.site, query, (name) => randomFor(seed, name, head, pass, query.row)),
        );
      }
      found[head] = own;
    }
    return found;
  });

const inside = (distances: Float32Array, epsilon: number): Uint32Array =>
  Uint32Array.from(distances.keys()).filter((input) => (distances[input] ?? Infinity) <= epsilon);

/**
 * The bits of all passes together. Queries of one pass have pattern, place and object in common: the mean of each pass counts
 * as one value, and the interval is that of so many.
 */
export const bitsOfPasses = (perPass: readonly HeadSets[]): SiteBits =>
  siteBits(
    perPass.flatMap(({ answers }): QueryBits[] => {
      if (answers.length === 0) return [];
      const { total, features } = siteBits(answers);
      const [first] = answers;
      return [
        {
          bits: total?.bits ?? null,
          features: (first?.features ?? []).map((one) => {
            const mean = features.find(({ feature }) => feature === one.feature);
            return { ...one, bits: mean?.bits ?? 0, consistency: mean?.consistency ?? 0 };
          }),
        },
      ];
    }),
  );

/** What each finder found, over all queries of all passes: shares of the sets, inputs judged, and shares of these that were inside. */
export function foundFigures(found: readonly Found[]): Figures {
  if (found.length === 0) return { queries: 0 };
  const by = (pick: (one: Found) => Tally | null): Figures | null => {
    const own = found.flatMap((one) => {
      const tally = pick(one);
      return tally === null ? [] : [{ ...tally, others: one.others }];
    });
    const mean = (value: (one: (typeof own)[number]) => number): number =>
      fourDigits(own.reduce((sum, one) => sum + value(one), 0) / own.length);
    return own.length === 0
      ? null
      : {
          found: mean((one) => one.found / one.others),
          judged: mean((one) => one.judged),
          hits: mean((one) => one.found / Math.max(1, one.judged)),
        };
  };
  const decoder = by((one) => one.decoder);
  return {
    queries: found.length,
    others: fourDigits(found.reduce((sum, { others }) => sum + others, 0) / found.length),
    blind: by(({ blind }) => blind) ?? {},
    search: by(({ search }) => search) ?? {},
    ...(decoder === null ? {} : { decoder }),
  };
}

/** The first query of the first pass at a head. */
interface FirstQuery extends OpenPass {
  readonly at: ExactPreimages;
  readonly place: string;
  readonly epsilon: number;
  readonly ids: readonly number[];
  readonly z: Float32Array;
}

/** Opens the first pass for its first query at a head. */
const withFirstQuery = <T>(
  studied: StudiedTemplate,
  head: HeadAt,
  use: (first: FirstQuery) => Promise<T>,
): Promise<T> =>
  withPass(studied, 0, (open) => {
    const at = open.exact(head);
    const [, place] = split(head);
    const [ids = []] = open.asked;
    const z = open.activations(at.site, 0, ids, place);
    if (z === null) throw new RangeError(`nothing at ${head}`);
    return use({ ...open, at, place, epsilon: studied.epsilonOf(head), ids, z });
  });

/** What the first query of the first pass holds and what of it is used. */
export const usedFigures = (studied: StudiedTemplate, head: HeadAt): Promise<Figures> =>
  withFirstQuery(studied, head, async ({ held, prior, at, place, epsilon, ids, z }) => {
    const set = await at.find(z, { epsilon, onlyAt: place });
    const { parts, maxKl, features } = await usedExactly(studied.runtime, studied.model, prior, at, set, {
      ids,
      position: resolvePosition(held, ids, place),
      epsilon,
      seed,
    });
    const bitsOf = (side: 'distance' | 'effect'): Figures =>
      Object.fromEntries(features.map((own) => [own.feature, fourDigits(own[side]?.bits ?? NaN)]));
    return {
      input: held.decode(ids),
      epsilon,
      maxKl,
      total: set.total,
      ...parts,
      distance: bitsOf('distance'),
      effect: bitsOf('effect'),
    };
  });

/** How far ε reaches at a head of the first query of the first pass. */
export const curveOf = (
  studied: StudiedTemplate,
  head: HeadAt,
): Promise<PreimageRecord & Required<Pick<PreimageRecord, 'curve'>>> =>
  withFirstQuery(studied, head, async ({ held, prior, at, place, epsilon, ids, z }) => {
    const { metric } = held;
    const { size, total, bits } = await at.find(z, { epsilon, onlyAt: place, insideOnly: true });
    return {
      task: held.name,
      input: held.decode(ids),
      position: resolvePosition(held, ids, place),
      place,
      site: at.site,
      metric,
      epsilon,
      seed,
      model: modelText(studied.model),
      decoder: null,
      warnings: [],
      size,
      total,
      bits,
      interval: null,
      exactness: exactness(total, held),
      samples: [],
      readout: null,
      sampler: null,
      conditional: { varying: held.varying, held: held.held },
      at: place,
      curve: await epsilonCurve(at, prior, { ids, z, metric, onlyAt: place }),
    };
  });
