/**
 * How a model counts: from the length of attention to a direction that the colon reads.
 * @module
 */
import { counting, experiments } from '../../src/studies/index.js';
import { modelText } from '../../src/causal/records.js';
import { interpretByClasses } from '../../src/interpret/by-classes.js';
import { conditionOf } from '../../src/interpret/condition.js';
import { type Prior, createPrior } from '../../src/interpret/prior.js';
import { profileOf } from '../../src/interpret/profile.js';
import { type SitesRecord } from '../../src/interpret/records.js';
import { type AskedActivation } from '../../src/interpret/site-map.js';
import { fullName } from '../../src/models/hooks.js';
import { bitsFigure, incrementsFigure, profileFigure } from '../../src/report/plots/index.js';
import { featuresOf } from '../../src/tasks/index.js';
import {
  type Figures,
  type Studied,
  type Study,
  bitsFigures,
  experiment,
  mapOf,
  patchFigures,
  profileFigures,
  seed,
} from './study.js';

const sites = ['a0.0', 'm0', 'x0.post', 'a1.0', 'x1.post'].map(fullName);
const places = ['query', ':'];
const featureNames = ['count', 'letter', 'letters', 'length', 'rest', 'others', 'first', 'last'];
/** Of each site and place. */
const queries = 30;
/** Strings of each class with the query's letters, and rounds through all classes with others: few, for it takes long. */
const classes = { repeats: 1, rounds: 4 };
/** Profiles by the count; one letter alone where each letter has a direction of its own. */
const profiles = [
  { name: 'a0.0-query', site: 'a0.0', place: 'query', only: 'letter=v', drawn: true },
  { name: 'm0-query', site: 'm0', place: 'query', only: 'letter=v', drawn: true },
  { name: 'm0-query-any', site: 'm0', place: 'query', only: null, drawn: false },
  { name: 'a0.0-query-any', site: 'a0.0', place: 'query', only: null, drawn: false },
  { name: 'a0.0-length', site: 'a0.0', place: 'query', only: 'count=5', by: 'length', drawn: false },
  { name: 'a0.0-colon', site: 'a0.0', place: ':', only: 'letter=v', drawn: false },
  { name: 'a1.0-colon', site: 'a1.0', place: ':', only: null, drawn: true },
] as const;

/** Studies a model. */
export async function studyCounting(studied: Studied): Promise<Study> {
  const { runtime, model, parts } = studied;
  const patch: Record<string, Figures> = {};
  const profile: Record<string, Figures> = {};
  const pictures: Record<string, Study['pictures'][string]> = {};
  for (const { name } of experiments.filter(({ task }) => task === counting)) {
    const orders = await experiment(studied, counting, name);
    patch[name] = patchFigures(orders);
    pictures[name] = incrementsFigure(orders);
  }
  for (const { name, site, place, only, drawn, ...rest } of profiles) {
    const [feature] = featuresOf(counting, { names: ['by' in rest ? rest.by : 'count'] });
    if (feature === undefined) throw new RangeError('a feature was lost');
    const asked = { site: fullName(site), place, inputs: 2000, seed, model: modelText(model) };
    const record = await parts.part('counting profile', [asked, feature.name, only], () =>
      profileOf(runtime, model, counting, {
        ...asked,
        feature,
        only: only === null ? null : conditionOf(counting, only),
      }),
    );
    profile[name] = profileFigures(record);
    if (drawn) pictures[name] = profileFigure(record);
  }
  const record = await bitsOfSites(studied);
  pictures['bits'] = bitsFigure(record);
  return { figures: { model: modelText(model), bits: bitsFigures(record), patch, profile }, pictures };
}

/** Preimages by classes: no decoder is asked, so any model can be. */
async function bitsOfSites(studied: Studied): Promise<SitesRecord> {
  const { runtime, model } = studied;
  const { epsilon, metric } = counting;
  let prior: Prior | null = null;
  const open = () =>
    Promise.resolve({
      async measure({ seed: own, ...query }: AskedActivation) {
        prior ??= createPrior(counting, featuresOf(counting, { names: featureNames }));
        const how = { epsilon, metric, ...classes, seed: own };
        const answer = await interpretByClasses(runtime, model, prior, query, how);
        return { exact: null, estimate: answer.estimate, features: answer.features };
      },
      dispose: () => Promise.resolve(),
    });
  const map = await mapOf(studied, counting, { sites, places, queries, open }, [classes, featureNames]);
  return {
    task: counting.name,
    metric,
    epsilon,
    seed,
    queries,
    heldOut: model.trainedOn === counting.name,
    exact: false,
    model: modelText(model),
    decoder: null,
    features: featureNames,
    ...map,
  };
}
