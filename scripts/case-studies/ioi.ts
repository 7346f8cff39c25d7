/**
 * What the heads of a model hold of a sentence with two names: exact conditional sets over all pairs of names, each at the ε
 * of its site and place; what they do to the answer; what is used of what is held.
 *
 * Everything is of the template `ioi` with 30 of its names. One pass over the inputs of a pattern serves all heads and places.
 * @module
 */
import { join } from 'node:path';
import { ask, askAttribution } from '../../src/causal/index.js';
import { type OrderRecord, type SweepRecord, modelText } from '../../src/causal/records.js';
import { answerTexts } from '../../src/causal/text-answers.js';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { siteEpsilons } from '../../src/interpret/site-epsilons.js';
import { decoderSampler } from '../../src/inversion/instruments.js';
import { storeIn } from '../../src/jobs/cache.js';
import { portableName } from '../../src/jobs/open-model.js';
import { openTask } from '../../src/jobs/open-task.js';
import { decoderFor } from '../../src/jobs/shipped.js';
import { resolveSite, shortName } from '../../src/models/hooks.js';
import {
  attributionFigure,
  bitsFigure,
  curveFigure,
  incrementsFigure,
} from '../../src/report/plots/index.js';
import { type Share } from '../../src/share.js';
import { experimentNamed } from '../../src/studies/index.js';
import { isTemplateTask } from '../../src/tasks/index.js';
import { type AskedDecoder, type Found } from './finders.js';
import { type HeadAt, type IoiQuestion, questions, split } from './ioi-heads.js';
import {
  type HeadSets,
  type StudiedTemplate,
  bitsOfPasses,
  curveOf,
  featureNames,
  foundFigures,
  foundInPass,
  passes,
  queries,
  setsOfPass,
  usedFigures,
} from './ioi-sets.js';
import { TimeIsUp, savedParts } from './parts.js';
import { type Figures, type Study, bitsFigures, fourDigits, seed } from './study.js';

/** Names of the hundred, taken evenly. */
const names = 30;
/** Tokens that count as raised most, and as lowered most. */
const among = 30;

/**
 * Measures a model.
 * @param choice of the model and its decoder; the shipped ones where none is named
 * @param cache where passes and parts are kept
 * @param until no part is begun after this time, in milliseconds since 1970
 * @returns null where the time is up
 */
export async function measureIoi(
  choice: { readonly model?: string; readonly bos?: string },
  decoder: string | undefined,
  cache: string | null,
  until: number,
): Promise<Study | null> {
  const opened = await openTask({ task: 'ioi', fillers: names, ...choice });
  const { task } = opened;
  if (!isTemplateTask(task)) throw new RangeError('ioi is no template');
  const read = await opened.model();
  const model = { ...read, name: portableName(read.name) };
  const runtime = nodeRuntime({ threads: 2 });
  const question = choice.model === undefined ? questions.shipped : questions.language;
  const parts = savedParts(cache === null ? null : join(cache, 'parts'), model, until);
  const { task: whole } = await openTask({ task: 'ioi', ...choice });
  const loaded = await decoderFor(whole, decoder, model);
  const asked = { whole, decoder: loaded, sampler: decoderSampler(runtime, loaded, whole) };
  try {
    return await studyIoi({ runtime, model, task, cache, parts }, question, asked);
  } catch (error) {
    if (error instanceof TimeIsUp) return null;
    throw error;
  } finally {
    await asked.sampler.dispose();
  }
}

/** Studies a model. */
async function studyIoi(
  base: Omit<StudiedTemplate, 'sites' | 'epsilonOf'>,
  question: IoiQuestion,
  decoder: AskedDecoder & { readonly decoder: { readonly name: string } },
): Promise<Study> {
  const { runtime, model, task, cache, parts } = base;
  const { heads, prompts } = question;
  const sites = [...new Set(heads.map((head) => resolveSite(split(head)[0], task.sites)))];
  const places = [...new Set(heads.map((head) => split(head)[1]))];
  const asked = { sites, places, passes, queries, seed, metric: task.metric };
  const chosen = await parts.part('ioi epsilon', asked, () =>
    siteEpsilons(runtime, model, task, asked, cache === null ? {} : { store: storeIn(cache) }),
  );
  const ownEpsilon = (head: HeadAt): number | null =>
    chosen.find(({ site, place }) => `${shortName(site)}@${place}` === head)?.chosen?.epsilon ?? null;
  const epsilonOf = (head: HeadAt): number => ownEpsilon(head) ?? task.epsilon;
  const studied: StudiedTemplate = { ...base, sites, epsilonOf };

  const at = heads.map((head) => [head, epsilonOf(head)]);
  const perPass: Record<HeadAt, HeadSets>[] = [];
  const found: Record<HeadAt, Found[]>[] = [];
  for (let pass = 0; pass < passes; pass++)
    perPass.push(
      await parts.part('ioi sets', [pass, at, featureNames, queries, seed], () =>
        setsOfPass(studied, heads, pass),
      ),
    );
  for (let pass = 0; pass < passes; pass++)
    found.push(
      await parts.part(
        'ioi found',
        [pass, at, queries, seed, decoder.decoder.name, decoder.whole.rounds],
        () => foundInPass(studied, heads, pass, decoder),
      ),
    );
  const setsOf = (head: HeadAt): HeadSets[] => perPass.flatMap((sets) => sets[head] ?? []);
  const bits = heads.map((head) => {
    const [site, place] = split(head);
    return { site: resolveSite(site, task.sites), place, ...bitsOfPasses(setsOf(head)) };
  });
  const map = await parts.part('ioi patch', [prompts, sites, seed], () => patchMap(studied, sites, prompts));
  const orders = await parts.part('ioi orders', [prompts, question.steps, seed], () =>
    patchOrders(studied, question.steps, prompts),
  );
  const attributed = await parts.part('ioi attribution', [prompts, sites, question.writing, seed], () =>
    askAttribution(runtime, model, task, {
      input: null,
      inputs: prompts,
      seed,
      position: null,
      sites: [...sites, ...question.writing],
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
  for (const head of question.used)
    usedOf[head] = await parts.part('ioi used', [head, epsilonOf(head), seed], () =>
      usedFigures(studied, head),
    );
  const pictures: Record<string, Study['pictures'][string]> = {
    bits: bitsFigure({
      task: task.name,
      metric: task.metric,
      epsilon: task.epsilon,
      epsilonFrom: 'curve',
      seed,
      queries: passes * queries,
      heldOut: model.trainedOn === task.name,
      exact: true,
      model: modelText(model),
      decoder: null,
      features: featureNames,
      agreement: null,
      sites: bits,
    }),
    orders: incrementsFigure(orders),
    attribution: attributionFigure(attributed),
  };
  for (const head of question.curves) {
    const record = await parts.part('ioi curve', [head, epsilonOf(head), seed, queries], () =>
      curveOf(studied, head),
    );
    pictures[`curve-${head.replace('@', '-')}`] = curveFigure(record);
  }
  return {
    figures: {
      model: modelText(model),
      decoder: decoder.decoder.name,
      names,
      passes,
      queries: passes * queries,
      prompts,
      among: attributed.among?.count ?? 0,
      difference: {
        mean: fourDigits(answered.difference?.mean ?? NaN),
        above: fourDigits(answered.difference?.above.share ?? NaN),
      },
      sets: Object.fromEntries(heads.map((head) => [head, setFigures(setsOf(head), ownEpsilon(head))])),
      bits: bitsFigures({ sites: bits }),
      shared: Object.fromEntries(
        bits.map(({ site, place, features }) => [
          `${shortName(site)}@${place}`,
          Object.fromEntries(features.map(({ feature, consistency }) => [feature, fourDigits(consistency)])),
        ]),
      ),
      found: Object.fromEntries(
        heads.map((head) => [head, foundFigures(found.flatMap((one) => one[head] ?? []))]),
      ),
      patch: patchedFigures(map),
      orders: ordersFigures(orders, question.steps),
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
    },
    pictures,
  };
}

/** Each head at each place by itself, from sentences with three other names. */
async function patchMap(
  { runtime, model, task }: StudiedTemplate,
  sites: readonly string[],
  prompts: number,
): Promise<SweepRecord> {
  const source = { experiment: experimentNamed('heads', task) };
  const record = await ask(runtime, model, task, { source, sites, inputs: prompts, contrasts: 1, seed });
  if (!('effects' in record)) throw new RangeError('no map of heads');
  return record;
}

/** Heads one group after another, the earliest of the model first and last. */
async function patchOrders(
  { runtime, model, task }: StudiedTemplate,
  steps: IoiQuestion['steps'],
  prompts: number,
): Promise<readonly OrderRecord[]> {
  const { map: _, ...experiment } = experimentNamed('heads', task);
  const named = steps.map(({ heads }) =>
    heads.map((head) => {
      const [site, place] = split(head);
      return { site, place };
    }),
  );
  const record = await ask(runtime, model, task, {
    source: {
      experiment: {
        ...experiment,
        name: 'circuit',
        about: 'groups of heads, from sentences with three other names',
        steps: named,
      },
    },
    inputs: prompts,
    contrasts: 1,
    seed,
  });
  if (!('length' in record)) throw new RangeError('no orders');
  return record;
}

/** Increments by order and group. */
const ordersFigures = (records: readonly OrderRecord[], steps: IoiQuestion['steps']): Figures =>
  Object.fromEntries(
    records.map(({ order, sets }) => {
      const own = order === 'forward' ? steps : steps.toReversed();
      return [
        order,
        {
          ...Object.fromEntries(own.map(({ name }, at) => [name, fourDigits(sets[at]?.increment ?? NaN)])),
          all: fourDigits(sets.at(-1)?.effect ?? NaN),
        },
      ];
    }),
  );

/** The sizes of a head's sets: their geometric mean, which bits are of, and the largest near a control. */
function setFigures(perPass: readonly HeadSets[], epsilon: number | null): Figures {
  const sizes = perPass.flatMap((one) => one.sizes);
  const near = perPass.flatMap((one) => one.near);
  const logs = sizes.reduce((sum, size) => sum + Math.log2(Math.max(1, size)), 0) / sizes.length;
  return {
    ...(epsilon === null ? {} : { epsilon }),
    size: fourDigits(2 ** logs),
    controls: near.length,
    nearest: Math.max(...near),
  };
}

const patchedFigures = ({ sites, positions, effects, standardErrors, clean }: SweepRecord): Figures => ({
  clean: fourDigits(clean),
  ...Object.fromEntries(
    sites.flatMap((site, row) =>
      positions.map((place, column) => [
        `${shortName(site)}@${place}`,
        {
          effect: fourDigits(effects[row]?.[column] ?? NaN),
          error: fourDigits(standardErrors[row]?.[column] ?? NaN),
        },
      ]),
    ),
  ),
});

const shareOf = (share: Share | undefined): number => fourDigits(share?.share ?? 0);
