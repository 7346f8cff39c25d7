/**
 * The address holds everything that was chosen, so that a link shows the same: `#read?case=addition&input=615+861=1476&…`.
 * What is at its default is left out. Pinned readings have the same fields under `1.`, `2.` …
 * @module
 */
import { limits } from '../../../src/workbench/limits.js';
import type { CaseSite } from '../../../src/workbench/case-study.js';

/** A distance. */
export type Metric = 'euclidean' | 'cosine';

/** The fields of the address that hold what was chosen on a page. */
export interface AddressFields<Choice extends object> {
  /** Reads them. What cannot be understood is left at its default. */
  parse(fields: URLSearchParams): Choice;
  /** Those that `parse` reads; what is at its default is left out. */
  format(choice: Choice): Iterable<readonly [key: string, value: string]>;
}

/** What the address needs to know of a page. */
export interface PageAddress<Choice extends object = object> {
  /** As it stands behind `#`. */
  readonly name: string;
  /** None where nothing is chosen on it. */
  readonly fields?: AddressFields<Choice>;
}

/** What is asked: everything that sampling depends on. Null is the default of the case. */
export interface Asking {
  case: string;
  input: string;
  /** Short name: `a0.3`; null before one is chosen. */
  site: CaseSite['short'] | null;
  /** Place name, or an index where the place has none; null before one is chosen. */
  position: string | number | null;
  candidates: number | null;
  /** Both null in Auto mode. Each temperature has a round of its own. */
  temperature: number[] | null;
  noise: number | null;
  seed: number;
}

/** How a reading is shown; changing it samples nothing. Null is the default of the case. */
export interface ChosenView {
  metric: Metric | null;
  epsilon: number | null;
  /** The place at which distances are shown beside the nearest: a name, or an index of a place without one. */
  alsoAt: string | null;
  /** Whether tokens are coloured by what the activation adds. */
  colours: boolean;
  /** Whether a pinned reading goes along when site and position of the live one change. */
  follows: boolean;
}

/** A reading as the address holds it. */
export interface PaneAddress {
  asking: Asking;
  view: ChosenView;
  /** Name of the saved reading that is shown in place of a fresh one. */
  saved: string | null;
  /** A person's own inputs, judged beside the samples. */
  own: string[];
}

/** Everything that was chosen. */
export interface Address {
  /** Name of the page. */
  view: string;
  live: PaneAddress;
  pinned: PaneAddress[];
  /** What was chosen on pages, by their names. */
  choices: ReadonlyMap<string, object>;
}

/** Seed of a reading unless another is given. */
export const firstSeed = 1;
/** A reading of which nothing was chosen. */
export const emptyPane = (): PaneAddress => ({
  asking: {
    case: '',
    input: '',
    site: null,
    position: null,
    candidates: null,
    temperature: null,
    noise: null,
    seed: firstSeed,
  },
  view: { metric: null, epsilon: null, alsoAt: null, colours: true, follows: false },
  saved: null,
  own: [],
});

/** Reads the part of an address behind `#`. What cannot be understood is left at its default. */
export function parseAddress(hash: string, pages: readonly [PageAddress, ...PageAddress[]]): Address {
  const [name, query] = splitOnce(hash.replace(/^#/, ''), '?');
  const fields = new URLSearchParams(query);
  const numbers = new Set(
    [...fields.keys()].flatMap((key) => {
      const match = /^(\d{1,2})\./.exec(key);
      return match === null ? [] : [Number(match[1])];
    }),
  );
  const pinned = [...numbers].sort((a, b) => a - b).map((number) => paneOf(fields, `${number}.`));
  return {
    view: (pages.find((page) => page.name === name) ?? pages[0]).name,
    live: paneOf(fields, ''),
    pinned,
    choices: new Map(pages.flatMap((page) => (page.fields ? [[page.name, page.fields.parse(fields)]] : []))),
  };
}

/** The part of an address behind `#`: what {@link parseAddress} reads. */
export function formatAddress(
  { view, live, pinned, choices }: Address,
  pages: readonly PageAddress[],
): string {
  const fields: (readonly [string, string])[] = [...paneFields(live, '')];
  for (const [at, pane] of pinned.entries()) fields.push(...paneFields(pane, `${at + 1}.`));
  for (const page of pages) {
    const choice = choices.get(page.name);
    if (page.fields !== undefined && choice !== undefined) fields.push(...page.fields.format(choice));
  }
  const query = fields.map(([key, value]) => `${key}=${escapeField(value)}`).join('&');
  return query === '' ? `#${view}` : `#${view}?${query}`;
}

const isCount = (value: number): boolean => Number.isInteger(value) && value > 0;
const isSeed = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const isNotNegative = (value: number): boolean => value >= 0;

function numberOf(text: string | null, accepted: (value: number) => boolean): number | null {
  if (text === null || text.trim() === '') return null;
  const value = Number(text);
  return Number.isFinite(value) && accepted(value) ? value : null;
}

/** A positive whole number; null where there is none. */
export const countOf = (text: string | null): number | null => numberOf(text, isCount);

/** Temperatures of a comma-separated list, each once; null unless all of them are ones. */
export function temperaturesOf(text: string | null): number[] | null {
  if (text === null || text.trim() === '') return null;
  const all = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  const sound = all.every((one) => one >= 0.001 && one <= 1000) && new Set(all).size === all.length;
  return sound && all.length <= limits.temperatures ? all : null;
}

function splitOnce(text: string, sign: string): [string, string] {
  const at = text.indexOf(sign);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + sign.length)];
}

/** A place that looks like a number is an index: `8`, `-1`. */
const positionOf = (text: string | null): string | number | null =>
  text === null || text === '' ? null : /^-?\d+$/.test(text) ? Number(text) : text;

function paneOf(fields: URLSearchParams, prefix: string): PaneAddress {
  const get = (key: string): string | null => fields.get(prefix + key);
  const metric = get('metric');
  return {
    asking: {
      case: get('case') ?? '',
      input: get('input') ?? '',
      site: get('site'),
      position: positionOf(get('at')),
      candidates: countOf(get('candidates')),
      temperature: temperaturesOf(get('temperature')),
      noise: numberOf(get('noise'), isNotNegative),
      seed: numberOf(get('seed'), isSeed) ?? firstSeed,
    },
    view: {
      metric: metric === 'euclidean' || metric === 'cosine' ? metric : null,
      epsilon: numberOf(get('epsilon'), isNotNegative),
      alsoAt: get('also'),
      colours: get('colours') !== 'off',
      follows: get('follows') === 'on',
    },
    saved: get('saved'),
    own: [...new Set(fields.getAll(`${prefix}own`))].filter((text) => text !== '').slice(0, limits.own),
  };
}

function* paneFields({ asking, view, saved, own }: PaneAddress, prefix: string): Generator<[string, string]> {
  if (asking.case !== '') yield [`${prefix}case`, asking.case];
  if (asking.input !== '' || prefix !== '') yield [`${prefix}input`, asking.input];
  if (asking.site !== null) yield [`${prefix}site`, asking.site];
  if (asking.position !== null) yield [`${prefix}at`, String(asking.position)];
  for (const key of ['candidates', 'temperature', 'noise'] as const) {
    if (asking[key] !== null) yield [prefix + key, String(asking[key])];
  }
  if (asking.seed !== firstSeed) yield [`${prefix}seed`, String(asking.seed)];
  if (view.metric !== null) yield [`${prefix}metric`, view.metric];
  if (view.epsilon !== null) yield [`${prefix}epsilon`, String(view.epsilon)];
  if (view.alsoAt !== null) yield [`${prefix}also`, view.alsoAt];
  if (!view.colours) yield [`${prefix}colours`, 'off'];
  if (view.follows) yield [`${prefix}follows`, 'on'];
  if (saved !== null) yield [`${prefix}saved`, saved];
  for (const text of own) yield [`${prefix}own`, text];
}

/** Signs that inputs are full of and that are safe behind `#` stay readable. */
const escapeField = (value: string): string =>
  encodeURIComponent(value).replace(/%(3D|3A|7C|2C|2F|7E)/gi, (escaped) => decodeURIComponent(escaped));
