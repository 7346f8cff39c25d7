/**
 * Counting a letter: `vvzccvczvvvzvcvc|v:8` gives a string of three letters, asks for one of them after the bar, and
 * ends with how often it occurs.
 *
 * The data: for each of the 2,600 sets of three letters, 200 of the 729 ways to give each letter a count from 1 to 9;
 * for each of these and each of its three letters asked for, one shuffled string. That makes 1,560,000 inputs, each a
 * pure function of its index; 390,000 of them are held out.
 * @module
 */
import { InputError } from '../../input-error.js';
import { characterTokenizer } from '../../models/tokenizers/character.js';
import { hash32, type Random } from '../../random.js';
import { countingFeatures } from './features.js';
import { permute, rankOf } from '../../tasks/permutation.js';
import { type CapableTask } from '../../tasks/capabilities.js';
import { splitData } from '../../tasks/split-data.js';
import { syntheticRounds, type Origin, type Place, type SaidStep, type Split } from '../../tasks/task.js';

const vocabulary = Array.from('abcdefghijklmnopqrstuvwxyz123456789|:BEP');
const LETTERS = 26;
/** The token of count n is ZERO + n, for n from 1 to MOST. */
const ZERO = 25;
const MOST = 9;
const BAR = 35;
const COLON = 36;
const BOS = 37;
const EOS = 38;
const PAD = 39;
const MAX_LENGTH = 33;
/** BOS, three letters with their counts, the letter asked for. */
const MAX_FREE = 8;
const isLetter = (id: number | undefined): id is number => id !== undefined && id >= 0 && id < LETTERS;
const isCount = (id: number | undefined): id is number => id !== undefined && id > ZERO && id <= ZERO + MOST;

const tokenizer = characterTokenizer(vocabulary, ['B', 'E', 'P']);

/** Fix the data and its split. Every shipped model's figures rest on them. */
const COUNTS_KEY = 0xc0c0;
const SHUFFLE_KEY = 0xc054;
const SPLIT_KEY = 0xc057;

/** Sets of three letters in alphabetical order, and the number of each set. */
const triples: (readonly [number, number, number])[] = [];
const tripleNumber = new Map<number, number>();
const tripleKey = (x: number, y: number, z: number): number => (x * LETTERS + y) * LETTERS + z;
for (let x = 0; x < LETTERS; x++) {
  for (let y = x + 1; y < LETTERS; y++) {
    for (let z = y + 1; z < LETTERS; z++) {
      tripleNumber.set(tripleKey(x, y, z), triples.length);
      triples.push([x, y, z]);
    }
  }
}
/** Ways to count three letters, how many of them each set of letters has, and inputs for each set of letters. */
const COUNTINGS = MOST ** 3;
const DRAWN = 200;
const PER_TRIPLE = DRAWN * 3;

/** Fisher and Yates' shuffle of a string, which lies at 1 … length, with numbers that belong to the key. */
function shuffle(ids: number[], key: number): void {
  for (let last = ids.length - 1; last > 1; last--) {
    const other = 1 + (hash32(key, last) % last);
    const kept = ids[last] ?? PAD;
    ids[last] = ids[other] ?? PAD;
    ids[other] = kept;
  }
}

/**
 * The input with an index. Its parts, from slow to fast: the set of letters, which of its 200 countings, the letter
 * asked for. The 200 are the first of a shuffled order of all 729 that belongs to the set of letters.
 */
function instance(index: number): number[] {
  const triple = Math.floor(index / PER_TRIPLE);
  const letters = triples[triple];
  if (letters === undefined) throw new RangeError(`counting has no input ${index}`);
  const drawn = Math.floor((index % PER_TRIPLE) / 3);
  const asked = index % 3;
  const counting = permute(drawn, COUNTINGS, hash32(COUNTS_KEY, triple));
  const counts = [
    1 + Math.floor(counting / 81),
    1 + (Math.floor(counting / 9) % 9),
    1 + (counting % 9),
  ] as const;

  const ids = [BOS];
  for (const place of [0, 1, 2] as const) {
    for (let i = 0; i < counts[place]; i++) ids.push(letters[place]);
  }
  shuffle(ids, hash32(SHUFFLE_KEY, index));
  const place = asked === 0 ? 0 : asked === 1 ? 1 : 2;
  ids.push(BAR, letters[place], COLON, ZERO + counts[place], EOS);
  return ids;
}

const data = splitData(triples.length * PER_TRIPLE, SPLIT_KEY, instance);

interface Parsed {
  readonly string: readonly number[];
  /** Letters in alphabetical order with their counts. */
  readonly counts: readonly (readonly [number, number])[];
  readonly asked: number;
  readonly answer: number;
}

/** The parts of a sequence of the right form, or the reason why it has not that form. */
function parse(ids: readonly number[]): Parsed | string {
  const framed = /^B([^BEP]*)EP*$/.exec(tokenizer.tokens(ids).join(''));
  if (framed === null) return 'not one input from B to E';
  const text = framed[1] ?? '';
  const match = /^([a-z]+)\|[a-z]:[1-9]$/.exec(text);
  if (match === null) return `not of the form string|letter:count with a count of 1…9: ${text}`;
  const end = 1 + (match[1] ?? '').length;
  const string = ids.slice(1, end);
  const counts = new Map<number, number>();
  for (const id of string) counts.set(id, (counts.get(id) ?? 0) + 1);
  return {
    string,
    counts: [...counts].sort(([x], [y]) => x - y),
    asked: ids[end + 1] ?? PAD,
    answer: (ids[end + 3] ?? PAD) - ZERO,
  };
}

const letterOf = (id: number): string => vocabulary[id] ?? '?';

/** Any string with three letters, 1 to 9 of each, is an input of the task: it need not be among the drawn countings. */
function check(ids: readonly number[]): string | null {
  const parsed = parse(ids);
  if (typeof parsed === 'string') return parsed;
  const { counts, asked, answer } = parsed;
  if (counts.length !== 3)
    return `has ${counts.length} distinct ${counts.length === 1 ? 'letter' : 'letters'}, not 3`;
  const crowded = counts.find(([, count]) => count > MOST);
  if (crowded !== undefined) return `has ${crowded[1]} times ${letterOf(crowded[0])}, more than ${MOST}`;
  const found = counts.find(([letter]) => letter === asked)?.[1];
  if (found === undefined) return `asks for ${letterOf(asked)}, which is not in the string`;
  return found === answer ? null : `the count is wrong: ${found} times ${letterOf(asked)}, not ${answer}`;
}

/** The number of the set of letters; null where there are not three. */
function tripleOf(parsed: Parsed | string): number | null {
  if (typeof parsed === 'string') return null;
  const [x, y, z] = parsed.counts.map(([letter]) => letter);
  if (x === undefined || y === undefined || z === undefined) return null;
  return tripleNumber.get(tripleKey(x, y, z)) ?? null;
}

function groupOf(ids: readonly number[]): number {
  const triple = tripleOf(parse(ids));
  if (triple === null) throw new RangeError('not an input of counting: it has no three letters');
  return triple;
}

/** Ways to count three letters and to ask for one of them. */
const CLASSES = COUNTINGS * 3;

/** An input with the letters of a triple and the counts and question of a class, its string shuffled. */
function member(triple: number, classNumber: number, random: Random): number[] {
  const letters = triples[triple];
  if (letters === undefined) throw new RangeError(`counting has no set of letters ${triple}`);
  const counting = Math.floor(classNumber / 3);
  const counts = [1 + Math.floor(counting / 81), 1 + (Math.floor(counting / 9) % 9), 1 + (counting % 9)];
  const string = letters.flatMap((letter, at) => new Array<number>(counts[at] ?? 0).fill(letter));
  for (let last = string.length - 1; last > 0; last--) {
    const other = random.int(last + 1);
    const kept = string[last] ?? PAD;
    string[last] = string[other] ?? PAD;
    string[other] = kept;
  }
  const asked = classNumber % 3;
  return [BOS, ...string, BAR, letters[asked] ?? PAD, COLON, ZERO + (counts[asked] ?? 0), EOS];
}

const logFactorials = Array.from({ length: 3 * MOST + 1 }, (_, n) =>
  Array.from({ length: n }, (__, k) => Math.log(k + 1)).reduce((sum, term) => sum + term, 0),
);
const logFactorial = (n: number): number => logFactorials[n] ?? Infinity;

/**
 * The data are drawn from this distribution: the letters, each letter's count and the question are uniform and
 * independent, and so is the order of the string given the counts.
 */
function logProbability(ids: readonly number[]): number {
  const parsed = parse(ids);
  if (typeof parsed === 'string' || check(ids) !== null) return -Infinity;
  const orders = parsed.counts.reduce(
    (sum, [, count]) => sum - logFactorial(count),
    logFactorial(parsed.string.length),
  );
  return -Math.log(triples.length * CLASSES) - orders;
}

function encode(input: string): number[] {
  if (input === '')
    throw new InputError('The input is empty: give a string, a letter and its count, as in abbc|b:2.');
  const ids = tokenizer.encode(input);
  if (ids.length > MAX_LENGTH - 2) {
    throw new InputError(
      `The input ${JSON.stringify(input)} has ${ids.length} tokens: counting takes ${MAX_LENGTH - 2} at most.`,
    );
  }
  return [BOS, ...ids, EOS];
}

/** Index of the letter asked for, or −1. */
function askedAt(ids: readonly number[]): number {
  const bar = ids.indexOf(BAR);
  return bar >= 0 && isLetter(ids[bar + 1]) ? bar + 1 : -1;
}

/** Letters of the string have no names: their index is their place. */
function places(ids: readonly number[]): Place[] {
  const colon = ids.indexOf(COLON);
  const found: [string, number][] = [
    ['BOS', ids[0] === BOS ? 0 : -1],
    ['|', ids.indexOf(BAR)],
    ['query', askedAt(ids)],
    [':', colon],
    ['count', colon >= 0 && isCount(ids[colon + 1]) ? colon + 1 : -1],
    ['E', ids.indexOf(EOS)],
  ];
  return found
    .filter(([, index]) => index >= 0)
    .map(([name, index]) => ({ name, index }))
    .sort((x, y) => x.index - y.index);
}

/** The letter asked for and the colon: where the published decoders are trained and read. */
const positions = (ids: readonly number[]): number[] =>
  [askedAt(ids), ids.indexOf(COLON)].filter((index) => index >= 0).sort((x, y) => x - y);

const sample = (random: Random, split: Split): number[] =>
  data.member(split, random.int(data.splitSize[split]));

/** An input is data when it is the very string that its letters, counts and question have in the data. */
function inSplit(ids: readonly number[]): Split | null {
  const parsed = parse(ids);
  if (typeof parsed === 'string' || check(ids) !== null) return null;
  const [x, y, z] = parsed.counts;
  const triple = tripleOf(parsed);
  if (triple === null || x === undefined || y === undefined || z === undefined) return null;
  const counting = (x[1] - 1) * 81 + (y[1] - 1) * 9 + (z[1] - 1);
  const drawn = rankOf(counting, COUNTINGS, hash32(COUNTS_KEY, triple));
  if (drawn >= DRAWN) return null;
  const asked = parsed.counts.findIndex(([letter]) => letter === parsed.asked);
  const index = triple * PER_TRIPLE + drawn * 3 + asked;
  return parsed.string.every((id, i) => id === instance(index)[i + 1]) ? data.splitOf(index) : null;
}

/** Where the string ends: at the bar, or at what ends the input. */
function stringEnd(ids: readonly number[]): number {
  const end = ids.findIndex((id) => id === BAR || id === EOS || id === PAD);
  return end < 0 ? ids.length : end;
}

/** Letters of the string in alphabetical order with their counts. */
function countsOf(ids: readonly number[]): [letter: number, count: number][] {
  const counts = new Map<number, number>();
  for (const id of ids.slice(0, stringEnd(ids))) {
    if (isLetter(id)) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return [...counts].sort(([x], [y]) => x - y);
}

/**
 * The free tokens: three letters in alphabetical order, each with its count, then the letter asked for. The order of the
 * string is no part of them: the data shuffles it. A malformed input gives as much of this as it has.
 */
function toFree(ids: readonly number[]): number[] {
  const pairs = countsOf(ids).slice(0, 3);
  const asked = askedAt(ids);
  return [
    BOS,
    ...pairs.flatMap(([letter, count]) => [letter, ZERO + Math.min(count, MOST)]),
    ...(asked < 0 ? [] : [ids[asked] ?? PAD]),
  ];
}

/** The letters and counts that free tokens name, or null when they are not three pairs in order and one of the letters. */
function readFree(free: readonly number[]): { pairs: [number, number][]; asked: number } | null {
  const [bos, x, nx, y, ny, z, nz, asked] = free;
  if (free.length !== MAX_FREE || bos !== BOS) return null;
  if (!isLetter(x) || !isLetter(y) || !isLetter(z) || !(x < y && y < z)) return null;
  if (!isCount(nx) || !isCount(ny) || !isCount(nz)) return null;
  if (asked !== x && asked !== y && asked !== z) return null;
  const pairs: [number, number][] = [
    [x, nx - ZERO],
    [y, ny - ZERO],
    [z, nz - ZERO],
  ];
  return { pairs, asked };
}

function complete(free: readonly number[], order = 0): number[] | null {
  const read = readFree(free);
  if (read === null) return null;
  const ids = [BOS];
  for (const [letter, count] of read.pairs) for (let i = 0; i < count; i++) ids.push(letter);
  shuffle(ids, hash32(SHUFFLE_KEY, order));
  return withCount([...ids, BAR, read.asked]);
}

function logOrders(free: readonly number[]): number {
  const counts = readFree(free)?.pairs.map(([, count]) => count) ?? [];
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count) => sum - logFactorial(count), logFactorial(all));
}

/** Tokens of counts: of one alone, and of it and all above, by count. */
const countToken = Array.from({ length: MOST + 1 }, (_, count) => [ZERO + count]);
const countsFrom = countToken.map((_, least) => countToken.slice(least).flat());

/**
 * A letter's first occurrence is decided by its name, and each further one by its count: that there are so many at the
 * least, where there is one fewer. That the string then ends is decided by all three counts: that there are no more.
 */
function origins(ids: readonly number[]): Origin[] | null {
  const read = readFree(toFree(ids));
  const end = stringEnd(ids);
  if (read === null || ids[0] !== BOS || ids[end] !== BAR || ids[end + 2] !== COLON) return null;
  const { pairs, asked } = read;
  const length = pairs.reduce((sum, [, count]) => sum + count, 0);
  if (length !== end - 1 || ids[end + 1] !== asked) return null;
  const said = (...steps: SaidStep[]): Origin => ({ kind: 'said', steps });
  const seen = new Map<number, number>();
  return ids.map((id, at): Origin => {
    if (at > 0 && at < end) {
      const pair = pairs.findIndex(([letter]) => letter === id);
      const before = seen.get(id) ?? 0;
      seen.set(id, before + 1);
      const more = { at: 2 + 2 * pair, among: countsFrom[before + 1] ?? [] };
      return before === 0
        ? said({ at: 1 + 2 * pair, among: [id] }, more)
        : said({ ...more, given: countsFrom[before] ?? [] });
    }
    if (at === end) {
      const noMore = ([, count]: readonly [number, number], pair: number): SaidStep => ({
        at: 2 + 2 * pair,
        among: countToken[count] ?? [],
        given: countsFrom[count] ?? [],
      });
      return said(...pairs.map(noMore));
    }
    if (at === end + 1) return said({ at: 1 + 2 * pairs.length, among: [asked] });
    return at > end + 2 && id !== EOS ? { kind: 'follows' } : { kind: 'fixed' };
  });
}

/**
 * Writes how often the letter asked for occurs and ends the input.
 * @param ids BOS, a string, the bar, a letter
 * @returns null when the end is not a bar and a letter, or when the count has no token (0, or above 9)
 */
export function withCount(ids: readonly number[]): number[] | null {
  const asked = ids.at(-1);
  if (ids[0] !== BOS || !isLetter(asked) || ids.at(-2) !== BAR || ids.length > MAX_LENGTH - 3) return null;
  const string = ids.slice(1, -2);
  if (string.some((id) => id === BOS || id === EOS || id === PAD)) return null;
  const count = string.filter((id) => id === asked).length;
  return count >= 1 && count <= MOST ? [...ids, COLON, ZERO + count, EOS] : null;
}

/** A letter of the string, and the one asked for, may be any of the string's. */
function choices(ids: readonly number[], at: number): readonly number[] {
  const inString = at > 0 && at < stringEnd(ids) && isLetter(ids[at]);
  return inString || at === askedAt(ids) ? countsOf(ids).map(([letter]) => letter) : [];
}

function annotate(ids: readonly number[]): Record<string, string | number> {
  const parsed = parse(ids);
  if (typeof parsed === 'string') return {};
  const found = parsed.counts.find(([letter]) => letter === parsed.asked)?.[1] ?? 0;
  const letters = parsed.counts.map(([letter, count]) => `${letterOf(letter)} ${count}`).join(', ');
  return { count: found, letters };
}

/** Counting a letter in a string. */
export const counting: CapableTask = {
  name: 'counting',
  about:
    'Counting a letter: a shuffled string of three different letters, 1 to 9 of each; after the bar the letter asked for; after the colon how often it occurs.',
  tokenizer,
  bos: BOS,
  eos: EOS,
  pad: PAD,
  maxLength: MAX_LENGTH,
  sites: [
    'blocks.0.hook_resid_pre',
    'blocks.0.attn.hook_result.0',
    'blocks.0.hook_resid_mid',
    'blocks.0.hook_mlp_out',
    'blocks.0.hook_resid_post',
    'blocks.1.attn.hook_result.0',
    'blocks.1.hook_resid_mid',
    'blocks.1.hook_mlp_out',
    'blocks.1.hook_resid_post',
  ],
  epsilon: 0.1,
  metric: 'euclidean',
  model: { layers: 2, heads: 1, width: 64 },
  encode,
  decode: (ids) => tokenizer.decode(ids),
  check,
  places,
  positions,
  answer: {
    determined: (ids) => ids.flatMap((id, at) => (isCount(id) && ids[at - 1] === COLON ? [at] : [])),
  },
  sample,
  data: { ...data, inSplit },
  completion: {
    toFree,
    complete,
    done: (free) => free.length === MAX_FREE,
    maxFree: MAX_FREE,
    logOrders,
    origins,
  },
  redraw: {
    choices,
    follow: (ids) => withCount(ids.slice(0, askedAt(ids) + 1)),
    accepts: (ids) => check(ids) === null,
  },
  annotate,
  features: countingFeatures,
  distribution: {
    logProbability,
    draw: (random) => member(random.int(triples.length), random.int(CLASSES), random),
  },
  enumeration: {
    kind: 'strata',
    groups: triples.length,
    classes: CLASSES,
    groupOf,
    member,
    fixed: 'the three letters, their counts and the letter asked for',
    drawn: 'the order of the string',
  },
  rounds: syntheticRounds,
  draw: (random) => tokenizer.decode(data.instance(random.int(data.size))),
};
