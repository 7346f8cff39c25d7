/**
 * What was chosen on the Patch page, and how the address holds it.
 * @module
 */
import type { AddressFields } from '../state/address.js';

/** The parts of the page. */
export const tabs = ['sweep', 'sites', 'experiments', 'attribution'] as const;
/** A part of the page. */
export type Tab = (typeof tabs)[number];

/** What an effect is measured by. */
export const measures = ['logit-difference', 'kl', 'probability'] as const;
/** What an effect is measured by. */
export type Measure = (typeof measures)[number];

/** Their names on the page. */
export const measureNames: Readonly<Record<Measure, string>> = {
  'logit-difference': 'logit difference',
  kl: 'KL divergence',
  probability: 'answer probability',
};

/** A token that is changed: to a given one, or to one that is drawn. */
export interface Change {
  /** Place name, or an index where the place has none. */
  at: string | number;
  token: string | null;
}

/** See the module. */
export interface PatchChoice {
  tab: Tab;
  changes: Change[];
  /** A contrast input typed whole. */
  contrast: string | null;
  /** Seed of what is redrawn. */
  draw: number;
  /** Place that is to be predicted; null for the first answer token that differs. */
  answer: string | number | null;
  measure: Measure;
  /** Effects as shares of the way from the clean to the contrast run. */
  shares: boolean;
  /** Contrasts of a sweep, and of chosen sites. */
  contrasts: number;
  many: number;
  /** Chosen sites; the reading's own where there are none. */
  sites: string[];
  experiment: string | null;
  inputs: number;
  experimentSeed: number;
  /** Tokens of an attribution. */
  token: string | null;
  against: string | null;
}

/** Nothing chosen. */
const emptyPatch = (): PatchChoice => ({
  tab: 'sweep',
  changes: [],
  contrast: null,
  draw: 1,
  answer: null,
  measure: 'logit-difference',
  shares: false,
  contrasts: 1,
  many: 64,
  sites: [],
  experiment: null,
  inputs: 1000,
  experimentSeed: 1,
  token: null,
  against: null,
});

/** Between a place and the token given there: no place has it in its name. */
const given = '~';

const placeOf = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);

function changeOf(text: string): Change {
  const at = text.indexOf(given);
  return at < 0
    ? { at: placeOf(text), token: null }
    : { at: placeOf(text.slice(0, at)), token: text.slice(at + 1) };
}

function parse(fields: URLSearchParams): PatchChoice {
  const empty = emptyPatch();
  const whole = (key: string, least: number, otherwise: number): number => {
    const value = Number(fields.get(key) ?? NaN);
    return Number.isSafeInteger(value) && value >= least ? value : otherwise;
  };
  const answer = fields.get('predict');
  const contrast = fields.get('contrast');
  return {
    tab: tabs.find((tab) => tab === fields.get('tab')) ?? empty.tab,
    changes: contrast === null ? fields.getAll('change').filter(Boolean).map(changeOf) : [],
    contrast,
    draw: whole('draw', 0, empty.draw),
    answer: answer === null ? null : placeOf(answer),
    measure: measures.find((measure) => measure === fields.get('measure')) ?? empty.measure,
    shares: fields.get('scale') === 'shares',
    contrasts: whole('contrasts', 1, empty.contrasts),
    many: whole('many', 1, empty.many),
    sites: fields.getAll('patched').filter(Boolean),
    experiment: fields.get('experiment'),
    inputs: whole('inputs', 1, empty.inputs),
    experimentSeed: whole('inputs-seed', 0, empty.experimentSeed),
    token: fields.get('token'),
    against: fields.get('against'),
  };
}

function* format(choice: PatchChoice): Generator<[string, string]> {
  const empty = emptyPatch();
  if (choice.tab !== empty.tab) yield ['tab', choice.tab];
  for (const { at, token } of choice.changes)
    yield ['change', token === null ? String(at) : `${at}${given}${token}`];
  if (choice.contrast !== null) yield ['contrast', choice.contrast];
  if (choice.draw !== empty.draw) yield ['draw', String(choice.draw)];
  if (choice.answer !== null) yield ['predict', String(choice.answer)];
  if (choice.measure !== empty.measure) yield ['measure', choice.measure];
  if (choice.shares) yield ['scale', 'shares'];
  if (choice.contrasts !== empty.contrasts) yield ['contrasts', String(choice.contrasts)];
  if (choice.many !== empty.many) yield ['many', String(choice.many)];
  for (const site of choice.sites) yield ['patched', site];
  if (choice.experiment !== null) yield ['experiment', choice.experiment];
  if (choice.inputs !== empty.inputs) yield ['inputs', String(choice.inputs)];
  if (choice.experimentSeed !== empty.experimentSeed) yield ['inputs-seed', String(choice.experimentSeed)];
  if (choice.token !== null) yield ['token', choice.token];
  if (choice.against !== null) yield ['against', choice.against];
}

/** See the module. */
export const patchFields: AddressFields<PatchChoice> = { parse, format };
