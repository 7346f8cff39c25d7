/**
 * How a model adds: what each head knows at each place, and how the carry travels.
 * @module
 */
import { askAblation } from '../../src/causal/index.js';
import { addition, experiments, plusCheck } from '../../src/studies/index.js';
import { type ExactPreimages, openExactPreimages } from '../../src/inversion/enumerate/exact.js';
import { type AttentionRecord, attentionOf } from '../../src/interpret/attention.js';
import { conditionOf } from '../../src/interpret/condition.js';
import { createInterpreter } from '../../src/interpret/interpreter.js';
import { type SitesRecord } from '../../src/interpret/records.js';
import { activationsOf } from '../../src/interpret/queries.js';
import { storeIn } from '../../src/jobs/cache.js';
import { modelText } from '../../src/causal/records.js';
import { headSite } from '../../src/models/hooks.js';
import { attentionFigure, bitsFigure, incrementsFigure, sweepFigure } from '../../src/report/plots/index.js';
import { featuresOf, resolvePosition } from '../../src/tasks/index.js';
import {
  type Figures,
  type Studied,
  type Study,
  attentionFigures,
  bitsFigures,
  experiment,
  fourDigits,
  mapOf,
  patchFigures,
  seed,
  sweepFigures,
  sweepOf,
} from './study.js';

const heads = [0, 1].flatMap((layer) => [0, 1, 2, 3].map((head) => headSite(layer, head)));
/** Before each answer digit, and the last digit read: where a column can be gathered before it is asked for. */
const places = ['S3', '=', 'A1', 'A2', 'A3'];
/** Columns and carries; digits and answers follow from them. */
const featureNames = [
  '{F1,S1}',
  'F1+S1',
  '{F2,S2}',
  'F2+S2',
  '{F3,S3}',
  'F3+S3',
  'C2',
  'C3',
  'A1',
  'A2',
  'A3',
];
/** Of each head and place. */
const queries = 30;
/** One activation that is told in full. */
const told = { input: '835+141=976', site: headSite(0, 0), place: '=' };
/** Where the two models part. */
const maps = ['A2-from-F3S3-A1not1', 'A3-from-F2S2-A1is1', 'A2-from-F1S1-A1is1'];
/** Drawn with both orders. */
const bars = ['A1-from-F1S1', 'A2-from-F2S2-A1not1'];

/** Studies a model. */
export async function studyAddition(studied: Studied): Promise<Study> {
  const { runtime, model, parts } = studied;
  const patch: Record<string, Figures> = {};
  const sweeps: Record<string, Figures> = {};
  const pictures: Record<string, Study['pictures'][string]> = {};
  for (const { name } of experiments.filter(({ task }) => task === addition)) {
    const orders = await experiment(studied, addition, name);
    patch[name] = patchFigures(orders);
    if (bars.includes(name)) pictures[name] = incrementsFigure(orders);
  }
  for (const name of maps) {
    const map = await sweepOf(studied, addition, name);
    sweeps[name] = sweepFigures(map);
    pictures[`${name}-sweep`] = sweepFigure(map);
  }
  const plus = await parts.part('addition plus', [modelText(model), 2000, seed], () =>
    askAblation(runtime, model, plusCheck, 2000, seed),
  );
  const attention: AttentionRecord[] = [];
  for (const text of ['A1=1', 'A1!=1']) {
    const asked = { sites: heads, places, inputs: 2000, seed, model: modelText(model) };
    attention.push(
      await parts.part('addition attention', [asked, text], () =>
        attentionOf(runtime, model, addition, { ...asked, only: conditionOf(addition, text) }),
      ),
    );
  }
  pictures['attention'] = attentionFigure(attention);
  const { record, query } = await bitsOfHeads(studied);
  pictures['bits'] = bitsFigure(record);
  return {
    figures: {
      model: modelText(model),
      told: query,
      bits: bitsFigures(record),
      patch,
      sweep: sweeps,
      plus: Object.fromEntries(
        plus.places.map(({ place, kl, logitLoss }) => [
          place,
          { kl: fourDigits(kl), loss: fourDigits(logitLoss) },
        ]),
      ),
      attention: Object.fromEntries(attention.map((one) => [one.only ?? 'all', attentionFigures(one)])),
    },
    pictures,
  };
}

/** Exact preimages at every head and place, and of the one activation. */
async function bitsOfHeads(studied: Studied): Promise<{ record: SitesRecord; query: Figures }> {
  const { runtime, model, cache, parts } = studied;
  const features = featuresOf(addition, { names: featureNames });
  const interpreter = createInterpreter(runtime, model, null, addition, { features });
  const open = (site: string): Promise<ExactPreimages> =>
    openExactPreimages(runtime, model, addition, site, cache === null ? {} : { store: storeIn(cache) });
  try {
    const map = await mapOf(
      studied,
      addition,
      {
        sites: heads,
        places,
        queries,
        open: async (site) => {
          const exact = await open(site);
          return {
            measure: (asked) => interpreter.interpret({ ...asked, exact }),
            dispose: () => exact.dispose(),
          };
        },
      },
      featureNames,
    );
    const query = await parts.part('addition told', [told, seed, featureNames], async () => {
      const exact = await open(told.site);
      const ids = addition.encode(told.input);
      const position = resolvePosition(addition, ids, told.place);
      const placed = [{ ids, position }];
      const [z = new Float32Array(0)] = await activationsOf(runtime, model, addition, told.site, placed);
      const answer = await interpreter.interpret({ ids, site: told.site, z, seed, exact });
      await exact.dispose();
      return {
        size: answer.exact?.size ?? 0,
        bits: fourDigits(answer.exact?.bits ?? NaN),
        sentence: answer.readout().sentence,
      };
    });
    const { epsilon, metric, name } = addition;
    const record = {
      task: name,
      metric,
      epsilon,
      seed,
      queries,
      heldOut: model.trainedOn === name,
      exact: true,
      model: modelText(model),
      decoder: null,
    };
    return { record: { ...record, features: featureNames, ...map }, query };
  } finally {
    await interpreter.dispose();
  }
}
