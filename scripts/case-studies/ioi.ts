/**
 * What the heads of a model hold of a sentence with two names: exact conditional sets over all pairs of names, each at the ε
 * of its site and place; what they do to the answer; what is used of what is held.
 *
 * Everything is of the template `ioi` with 30 of its names. One pass over the inputs of a pattern serves all heads and places.
 * @module
 */
import { join } from 'node:path';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { openTask } from '../../src/jobs/open-task.js';
import { ask, askAttribution } from '../../src/causal/index.js';
import { modelText } from '../../src/causal/records.js';
import { answerTexts } from '../../src/causal/text-answers.js';
import { type ChosenEpsilon } from '../../src/interpret/choose-epsilon.js';
import { randomOfNorm } from '../../src/interpret/control-activations.js';
import { featureBits } from '../../src/interpret/feature-bits.js';
import { type QueryBits, siteBits } from '../../src/interpret/mutual-information.js';
import { createPrior } from '../../src/interpret/prior.js';
import { exactSample } from '../../src/interpret/sample.js';
import { activationsAt, passQueries, passTask, siteEpsilons } from '../../src/interpret/site-epsilons.js';
import { usedExactly } from '../../src/interpret/used-exact.js';
import { openExactSites } from '../../src/inversion/enumerate/exact.js';
import { storeIn } from '../../src/jobs/cache.js';
import { headSite, resolveSite, shortName } from '../../src/models/hooks.js';
import { randomFor } from '../../src/random.js';
import { type Share } from '../../src/share.js';
import { experimentNamed } from '../../src/studies/index.js';
import { type TemplateTask, featuresOf, isTemplateTask, resolvePosition } from '../../src/tasks/index.js';
import { TimeIsUp, savedParts } from './parts.js';
import { type Figures, type Studied, bitsFigures, fourDigits, seed } from './study.js';

/** A head at a place: `a20.0@END`. */
type HeadAt = string;

/** Heads of SmolLM2-135M-Instruct, found by patching each of the 270 at each place, and one that does nothing beside them. */
const circuit: readonly HeadAt[] = [
  'a16.0@S1+1',
  ...['a17.4', 'a8.0', 'a15.7', 'a14.3', 'a5.6'].map((head) => `${head}@S2`),
  ...[
    'a20.0',
    'a19.2',
    'a23.3',
    'a23.0',
    'a23.2',
    'a23.7',
    'a23.1',
    'a28.1',
    'a29.1',
    'a24.4',
    'a29.0',
    'a21.0',
  ].map((head) => `${head}@END`),
];

/** Every head of the small model at every place. */
const smallHeads: readonly HeadAt[] = [0, 1, 2, 3].flatMap((layer) =>
  [0, 1, 2, 3].flatMap((head) => ['S1+1', 'S2', 'END'].map((place) => `a${layer}.${head}@${place}`)),
);

/** What is measured of a model. */
interface IoiQuestion {
  readonly heads: readonly HeadAt[];
  /** Held-out prompts that are answered, patched and attributed. */
  readonly prompts: number;
  /** Heads of which it is measured what is used: the activation of every input is put into a query's run. */
  readonly used: readonly HeadAt[];
}

/** Names of the hundred, taken evenly. */
const names = 30;
/** Passes, each with another pattern, place and object, and queries of each. */
const [passes, queries] = [2, 12];
const featureNames = ['S', 'IO', 'S.order', '{A,B}'];
/** Random vectors beside each query. */
const controls = 2;
/** Tokens that count as raised most, and as lowered most. */
const among = 30;

const split = (head: HeadAt): [site: string, place: string] => {
  const [site = '', place = ''] = head.split('@');
  return [site, place];
};

/** Held-out prompts, and heads of which it is measured what is used: of the shipped model, and of a language model. */
const questions = {
  shipped: { heads: smallHeads, prompts: 400, used: [] },
  language: { heads: circuit, prompts: 64, used: ['a17.4@S2', 'a20.0@END'] },
} as const satisfies Record<string, IoiQuestion>;

/**
 * Measures a model.
 * @param choice of the model; the shipped one where none is named
 * @param cache where passes and parts are kept
 * @param until no part is begun after this time, in milliseconds since 1970
 * @returns null where the time is up
 */
export async function measureIoi(
  choice: { readonly model?: string; readonly bos?: string },
  cache: string | null,
  until: number,
): Promise<Figures | null> {
  const opened = await openTask({ task: 'ioi', fillers: names, ...choice });
  const { task } = opened;
  if (!isTemplateTask(task)) throw new RangeError('ioi is no template');
  const model = await opened.model();
  const parts = savedParts(cache === null ? null : join(cache, 'parts'), model, until);
  const question = choice.model === undefined ? questions.shipped : questions.language;
  try {
    return await studyIoi({ runtime: nodeRuntime({ threads: 2 }), model, task, cache, parts }, question);
  } catch (error) {
    if (error instanceof TimeIsUp) return null;
    throw error;
  }
}

/** Studies a model. */
async function studyIoi(
  studied: Studied & { readonly task: TemplateTask },
  { heads, prompts, used }: IoiQuestion,
): Promise<Figures> {
  const { runtime, model, task, cache, parts } = studied;
  const sites = [...new Set(heads.map((head) => resolveSite(split(head)[0], task.sites)))];
  const places = [...new Set(heads.map((head) => split(head)[1]))];
  const store = cache === null ? {} : { store: storeIn(cache) };
  const question = { sites, places, passes, queries, seed, metric: task.metric };
  const chosen = await parts.part('ioi epsilon', question, () =>
    siteEpsilons(runtime, model, task, question, store),
  );
  const of = (head: HeadAt): ChosenEpsilon | null =>
    chosen.find(({ site, place }) => `${shortName(site)}@${place}` === head)?.chosen ?? null;
  const epsilonOf = (head: HeadAt): number => of(head)?.epsilon ?? task.epsilon;

  const perPass: {
    readonly answers: Record<HeadAt, QueryBits[]>;
    readonly near: Record<HeadAt, number[]>;
  }[] = [];
  for (let pass = 0; pass < passes; pass++) {
    const asked = {
      pass,
      heads: heads.map((head) => [head, epsilonOf(head)]),
      features: featureNames,
      queries,
      seed,
    };
    perPass.push(
      await parts.part('ioi sets', asked, () => setsOfPass(studied, sites, heads, epsilonOf, pass)),
    );
  }
  const bits = siteBitsOf(heads, perPass);
  const patched = await parts.part('ioi patch', [prompts, sites, seed], async () => {
    const record = await ask(runtime, model, task, {
      source: { experiment: experimentNamed('heads', task) },
      sites,
      inputs: prompts,
      contrasts: 1,
      seed,
    });
    if (!('effects' in record)) throw new RangeError('no map of heads');
    return record;
  });
  const attributed = await parts.part('ioi attribution', [prompts, sites, seed], () =>
    askAttribution(runtime, model, task, {
      input: null,
      inputs: prompts,
      seed,
      position: null,
      sites,
      answer: null,
      against: null,
      top: 0,
      among: Math.min(among, Math.floor(model.architecture.vocabulary / 5)),
    }),
  );
  const answered = await parts.part('ioi answers', [prompts, seed], () =>
    answerTexts(runtime, model, task, prompts, seed),
  );
  const usedOf: Record<HeadAt, Figures> = {};
  for (const head of used)
    usedOf[head] = await parts.part('ioi used', [head, epsilonOf(head), seed], () =>
      usedFigures(studied, head, epsilonOf(head)),
    );
  return {
    model: modelText(model),
    names,
    passes,
    queries: passes * queries,
    prompts,
    among: attributed.among?.count ?? 0,
    difference: {
      mean: fourDigits(answered.difference?.mean ?? NaN),
      above: fourDigits(answered.difference?.above.share ?? NaN),
    },
    epsilon: Object.fromEntries(
      heads.flatMap((head) => {
        const own = of(head);
        return own === null
          ? []
          : [
              [
                head,
                { epsilon: own.epsilon, inside: fourDigits(own.inside), growth: fourDigits(own.growth) },
              ],
            ];
      }),
    ),
    bits: bitsFigures({ sites: bits }),
    consistency: Object.fromEntries(
      bits.map(({ site, place, features }) => [
        `${shortName(site)}@${place}`,
        Object.fromEntries(features.map(({ feature, consistency }) => [feature, fourDigits(consistency)])),
      ]),
    ),
    control: Object.fromEntries(
      heads.map((head) => [head, Math.max(...perPass.flatMap(({ near }) => near[head] ?? []))]),
    ),
    patch: Object.fromEntries(
      patched.sites.flatMap((site, row) =>
        patched.positions.map((place, column) => [
          `${shortName(site)}@${place}`,
          {
            effect: fourDigits(patched.effects[row]?.[column] ?? NaN),
            error: fourDigits(patched.standardErrors[row]?.[column] ?? NaN),
          },
        ]),
      ),
    ),
    clean: fourDigits(patched.clean),
    direct: Object.fromEntries(
      attributed.sites.map((one) => [
        shortName(one.site),
        {
          value: fourDigits(one.value),
          error: fourDigits(one.standardError ?? NaN),
          raised: shareOf(one.shares?.raised),
          lowered: shareOf(one.shares?.lowered),
          subjectRaised: shareOf(one.againstShares?.raised),
          subjectLowered: shareOf(one.againstShares?.lowered),
        },
      ]),
    ),
    used: usedOf,
  };
}

const shareOf = (share: Share | undefined): number => fourDigits(share?.share ?? 0);

/** What the activations of a pass's queries tell, and how many inputs are near random vectors of their norms. */
async function setsOfPass(
  { runtime, model, task, cache }: Studied & { readonly task: TemplateTask },
  sites: readonly string[],
  heads: readonly HeadAt[],
  epsilonOf: (head: HeadAt) => number,
  pass: number,
) {
  const held = passTask(task, seed, pass);
  const asked = passQueries(held, seed, pass, queries);
  const prior = createPrior(held, featuresOf(held, { names: featureNames }));
  const activations = await activationsAt(runtime, model, held, sites, asked);
  const exacts = await openExactSites(
    runtime,
    model,
    held,
    sites,
    cache === null ? {} : { store: storeIn(cache) },
  );
  const answers: Record<HeadAt, QueryBits[]> = {};
  const near: Record<HeadAt, number[]> = {};
  for (const head of heads) {
    const [site, place] = split(head);
    const exact = exacts.find((one) => shortName(one.site) === site);
    if (exact === undefined) throw new RangeError(`no pass of ${site}`);
    const epsilon = epsilonOf(head);
    const inside = (z: Float32Array): Uint32Array => {
      const distances = exact.distances(z, { onlyAt: place });
      return Uint32Array.from(distances.keys()).filter((input) => (distances[input] ?? Infinity) <= epsilon);
    };
    answers[head] = [];
    near[head] = [];
    for (const [row, ids] of asked.entries()) {
      const z = activations(exact.site, row, ids, place);
      if (z === null) continue;
      const members = inside(z);
      answers[head].push({
        bits: Math.log2(exact.total / Math.max(1, members.length)),
        features: featureBits(prior, exactSample(prior, { members }), ids, seed),
      });
      for (let number = 0; number < controls; number++)
        near[head].push(inside(randomOfNorm(z, randomFor(seed, 'control', pass, row, number))).length);
    }
  }
  for (const exact of exacts) await exact.dispose();
  return { answers, near };
}

/** The bits of all passes together. */
const siteBitsOf = (
  heads: readonly HeadAt[],
  perPass: readonly { readonly answers: Readonly<Record<HeadAt, readonly QueryBits[]>> }[],
) =>
  heads.map((head) => {
    const [short, place] = split(head);
    const [layer = 0, number = 0] = short.slice(1).split('.').map(Number);
    return {
      site: headSite(layer, number),
      place,
      ...siteBits(perPass.flatMap(({ answers }) => answers[head] ?? [])),
    };
  });

/** What the first query of the first pass holds and what of it is used. */
async function usedFigures(
  { runtime, model, task, cache }: Studied & { readonly task: TemplateTask },
  head: HeadAt,
  epsilon: number,
): Promise<Figures> {
  const [short, place] = split(head);
  const held = passTask(task, seed, 0);
  const [ids = []] = passQueries(held, seed, 0, queries);
  const site = resolveSite(short, task.sites);
  const [exact] = await openExactSites(
    runtime,
    model,
    held,
    [site],
    cache === null ? {} : { store: storeIn(cache) },
  );
  const activations = await activationsAt(runtime, model, held, [site], [ids]);
  const z = activations(site, 0, ids, place);
  if (exact === undefined || z === null) throw new RangeError(`nothing at ${head}`);
  try {
    const set = await exact.find(z, { epsilon, onlyAt: place });
    const prior = createPrior(held, featuresOf(held, { names: featureNames }));
    const { parts, maxKl, features } = await usedExactly(runtime, model, prior, exact, set, {
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
  } finally {
    await exact.dispose();
  }
}
