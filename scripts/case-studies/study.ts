/**
 * What the case studies measure with, and what a study gives: figures to be quoted, and pictures.
 * @module
 */
import { type OrderRecord, type SweepRecord, ask } from '../../src/causal/index.js';
import { experimentNamed } from '../../src/studies/index.js';
import { modelText } from '../../src/causal/records.js';
import { type Runtime } from '../../src/engine/index.js';
import { type AttentionRecord } from '../../src/interpret/attention.js';
import { type Mean } from '../../src/interpret/mutual-information.js';
import { type ProfileRecord } from '../../src/interpret/profile.js';
import { type SitesRecord } from '../../src/interpret/records.js';
import { type SiteMapQuestion, mapSites } from '../../src/interpret/site-map.js';
import { type HookedModel } from '../../src/models/hooked-model.js';
import { shortName } from '../../src/models/hooks.js';
import { type Figure } from '../../src/report/plots/index.js';
import { type Task } from '../../src/tasks/index.js';
import { type Parts } from './parts.js';

/** Numbers by name, nested. */
export interface Figures {
  readonly [name: string]: number | string | Figures;
}

/** What a study of one model gave. */
export interface Study {
  readonly figures: Figures;
  /** By name. */
  readonly pictures: Readonly<Record<string, Figure>>;
}

/** The model that is studied, and what runs it. */
export interface Studied {
  readonly runtime: Runtime;
  readonly model: HookedModel;
  /** Where passes over all inputs are kept. */
  readonly cache: string | null;
  readonly parts: Parts;
}

/** Everything that is drawn at random rests on it. */
export const seed = 1;
/** Held-out inputs of a patching experiment; the published figures rest on thousands too. */
const patched = 2000;
const contrasts = 4;
/** Of a sweep, which has many cells. */
const swept = 400;

/** A named experiment in both orders. */
export function experiment(
  { runtime, model, parts }: Studied,
  task: Task,
  name: string,
): Promise<readonly OrderRecord[]> {
  const question = { inputs: patched, contrasts, seed };
  return parts.part(`${task.name} ${name}`, [modelText(model), question], async () => {
    const source = { experiment: experimentNamed(name, task.name) };
    const answer = await ask(runtime, model, task, { source, ...question });
    if (!('length' in answer)) throw new RangeError(`${name} gave no orders`);
    return answer;
  });
}

/** A named experiment, each site at each place by itself. */
export function sweepOf({ runtime, model, parts }: Studied, task: Task, name: string): Promise<SweepRecord> {
  const question = { inputs: swept, contrasts, seed, sweep: true };
  return parts.part(`${task.name} ${name}`, [modelText(model), question], async () => {
    const source = { experiment: experimentNamed(name, task.name) };
    const answer = await ask(runtime, model, task, { source, ...question });
    if (!('effects' in answer)) throw new RangeError(`${name} gave no map`);
    return answer;
  });
}

/**
 * A map of bits, site by site: each site is a part of its own, and gives what it gives among the others.
 * @param question what the map rests on besides sites, places, queries and seed
 */
export async function mapOf(
  { runtime, model, parts }: Studied,
  task: Task,
  asked: Omit<SiteMapQuestion, 'onProgress' | 'seed'>,
  question: unknown,
): Promise<Pick<SitesRecord, 'sites' | 'agreement'>> {
  const { places, queries } = asked;
  const rows: SitesRecord['sites'][number][] = [];
  for (const site of asked.sites) {
    const own = await parts.part(`${task.name} bits`, [site, places, queries, seed, question], () =>
      mapSites(runtime, model, task, { ...asked, sites: [site], seed }),
    );
    rows.push(...own.sites);
  }
  return { sites: rows, agreement: null };
}

/** A number as it is kept: four digits, which is more than is quoted. */
export const fourDigits = (value: number): number => (value === 0 ? 0 : Number(value.toPrecision(4)));

/** Baselines and increments by order and site. */
export function patchFigures(records: readonly OrderRecord[]): Figures {
  const [head] = records;
  return {
    inputs: head?.n ?? 0,
    clean: fourDigits(head?.clean ?? NaN),
    contrast: fourDigits(head?.contrast ?? NaN),
    ...Object.fromEntries(
      records.map(({ order, sets }) => [
        order,
        {
          ...Object.fromEntries(sets.map(({ added, increment }) => [added, fourDigits(increment)])),
          all: fourDigits(sets.at(-1)?.effect ?? NaN),
        },
      ]),
    ),
  };
}

/** Effects by site and place. */
export function sweepFigures({ sites, positions, effects }: SweepRecord): Figures {
  return Object.fromEntries(
    sites.flatMap((site, row) =>
      positions.map((position, column): [string, number] => [
        `${shortName(site)}@${position}`,
        rounded(effects[row]?.[column] ?? 0),
      ]),
    ),
  );
}

/** Bits by site, place and feature, each with its interval; `all` is the information in the activation. */
export function bitsFigures({ sites }: Pick<SitesRecord, 'sites'>): Figures {
  const mean = ({ bits, low, high }: Mean): Figures => ({
    bits: rounded(bits),
    low: rounded(low ?? NaN),
    high: rounded(high ?? NaN),
  });
  return Object.fromEntries(
    sites.map(({ site, place, total, features }) => [
      `${shortName(site)}@${place ?? ''}`,
      {
        ...(total === null ? {} : { all: mean(total) }),
        ...Object.fromEntries(features.map((one) => [one.feature, mean(one)])),
      },
    ]),
  );
}

/** Mean attention by head, place and what is looked at. */
export function attentionFigures({ rows }: AttentionRecord): Figures {
  return Object.fromEntries(
    rows.map(({ site, place, shares }) => [`${shortName(site)}@${place}`, roundedAll(shares)]),
  );
}

/** What a profile says, by value. */
export function profileFigures({ explained, values }: ProfileRecord): Figures {
  return {
    explained: fourDigits(explained),
    values: Object.fromEntries(
      values.map(({ value, norm, deviation, cosine, attention }) => [
        String(value),
        {
          norm: fourDigits(norm),
          deviation: fourDigits(deviation),
          cosine: fourDigits(cosine),
          ...(attention === null ? {} : { attention: roundedAll(attention), ...overBos(attention) }),
        },
      ]),
    ),
  };
}

/** Attention to letters like the query over that to BOS: the head's own measure of one letter. */
function overBos({ 'as query': like, BOS: one }: Readonly<Record<string, number>>): Figures {
  return like === undefined || one === undefined || one < 0.01 ? {} : { ratio: fourDigits(like / one) };
}

/** A number to three places behind the point: more than is quoted, and what is nothing is 0. */
const rounded = (value: number): number => Number(value.toFixed(3)) + 0;

const roundedAll = (shares: Readonly<Record<string, number>>): Figures =>
  Object.fromEntries(Object.entries(shares).map(([source, share]) => [source, rounded(share)]));
