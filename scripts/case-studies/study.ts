/**
 * What the case studies measure with, and what a study gives: figures to be quoted, and pictures.
 * @module
 */
import { type OrderRecord, type SweepRecord, ask, experimentNamed } from '../../src/causal/index.js';
import { type Runtime } from '../../src/engine/index.js';
import { type AttentionRecord } from '../../src/interpret/attention.js';
import { type ProfileRecord } from '../../src/interpret/profile.js';
import { type SitesRecord } from '../../src/interpret/records.js';
import { type HookedModel } from '../../src/models/hooked-model.js';
import { shortName } from '../../src/models/hooks.js';
import { type Figure } from '../../src/report/plots/index.js';
import { type Task } from '../../src/tasks/index.js';

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
}

/** Everything that is drawn at random rests on it. */
export const seed = 1;
/** Held-out inputs of a patching experiment; the published figures rest on thousands too. */
const patched = 2000;
const contrasts = 4;
/** Of a sweep, which has many cells. */
const swept = 400;

/** A named experiment in both orders. */
export async function experiment(
  { runtime, model }: Studied,
  task: Task,
  name: string,
): Promise<readonly OrderRecord[]> {
  const source = { experiment: experimentNamed(name, task.name) };
  const answer = await ask(runtime, model, task, { source, inputs: patched, contrasts, seed });
  if (!('length' in answer)) throw new RangeError(`${name} gave no orders`);
  return answer;
}

/** A named experiment, each site at each place by itself. */
export async function sweepOf({ runtime, model }: Studied, task: Task, name: string): Promise<SweepRecord> {
  const source = { experiment: experimentNamed(name, task.name) };
  const answer = await ask(runtime, model, task, { source, inputs: swept, contrasts, seed, sweep: true });
  if (!('effects' in answer)) throw new RangeError(`${name} gave no map`);
  return answer;
}

/** A number as it is kept: four digits, which is more than is quoted. */
export const kept = (value: number): number => (value === 0 ? 0 : Number(value.toPrecision(4)));

/** Baselines and increments by order and site. */
export function patchFigures(records: readonly OrderRecord[]): Figures {
  const [head] = records;
  return {
    inputs: head?.n ?? 0,
    clean: kept(head?.clean ?? NaN),
    contrast: kept(head?.contrast ?? NaN),
    ...Object.fromEntries(
      records.map(({ order, sets }) => [
        order,
        {
          ...Object.fromEntries(sets.map(({ added, increment }) => [added, kept(increment)])),
          all: kept(sets.at(-1)?.effect ?? NaN),
        },
      ]),
    ),
  };
}

/** Effects by site and place, those that are worth a word. */
export function sweepFigures({ sites, positions, effects }: SweepRecord): Figures {
  return Object.fromEntries(
    sites.flatMap((site, row) =>
      positions.flatMap((position, column): [string, number][] => {
        const effect = effects[row]?.[column] ?? 0;
        return Math.abs(effect) < 0.05 ? [] : [[`${shortName(site)}@${position}`, kept(effect)]];
      }),
    ),
  );
}

/** Bits by site, place and feature; `all` is the information in the activation. */
export function bitsFigures({ sites }: Pick<SitesRecord, 'sites'>): Figures {
  return Object.fromEntries(
    sites.map(({ site, place, total, features }) => [
      `${shortName(site)}@${place ?? ''}`,
      {
        ...(total === null ? {} : { all: kept(total.bits) }),
        ...Object.fromEntries(
          features
            .filter(({ bits }) => bits >= 0.05)
            .map(({ feature, bits }): [string, number] => [feature, kept(bits)]),
        ),
      },
    ]),
  );
}

/** Mean attention by head and place, from a hundredth on. */
export function attentionFigures({ rows }: AttentionRecord): Figures {
  return Object.fromEntries(
    rows.map(({ site, place, shares }) => [`${shortName(site)}@${place}`, worthAWord(shares)]),
  );
}

/** What a profile says, by value. */
export function profileFigures({ explained, values }: ProfileRecord): Figures {
  return {
    explained: kept(explained),
    values: Object.fromEntries(
      values.map(({ value, norm, deviation, cosine, attention }) => [
        String(value),
        {
          norm: kept(norm),
          deviation: kept(deviation),
          cosine: kept(cosine),
          ...(attention === null ? {} : { attention: worthAWord(attention), ...overBos(attention) }),
        },
      ]),
    ),
  };
}

/** Attention to letters like the query over that to BOS: the head's own measure of one letter. */
function overBos({ 'as query': like, BOS: one }: Readonly<Record<string, number>>): Figures {
  return like === undefined || one === undefined || one < 0.01 ? {} : { ratio: kept(like / one) };
}

const worthAWord = (shares: Readonly<Record<string, number>>): Figures =>
  Object.fromEntries(
    Object.entries(shares)
      .filter(([, share]) => share >= 0.01)
      .map(([source, share]): [string, number] => [source, kept(share)]),
  );
