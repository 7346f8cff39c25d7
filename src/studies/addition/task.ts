/**
 * Three-digit addition, `a+b=c` for every a and b in 100 … 999: the task on which a two-layer model is read.
 *
 * The input `615+861=1476` has the tokens `B 6 1 5 + 8 6 1 = 1 4 7 6 E`; its places are named
 * `F1 F2 F3 + S1 S2 S3 = A1 A2 A3 (A4)`. A sum below 1000 has three answer digits and ends one token sooner.
 * All 810,000 pairs are data; 202,500 of them are held out, by a shuffle that depends on the pair alone.
 * @module
 */
import { InputError } from '../../input-error.js';
import { characterTokenizer } from '../../models/tokenizers/character.js';
import type { Random } from '../../random.js';
import { additionFeatures } from './features.js';
import { type CapableTask } from '../../tasks/capabilities.js';
import { splitData } from '../../tasks/split-data.js';
import { syntheticRounds, type Origin, type Place, type Split } from '../../tasks/task.js';

const vocabulary = Array.from('0123456789B+=EP');
const BOS = 10;
const PLUS = 11;
const EQUALS = 12;
const EOS = 13;
const PAD = 14;
const MAX_LENGTH = 14;
/** Index of "=" in every input. */
const EQUATION_SIGN = 8;
const isDigit = (id: number | undefined): id is number => id !== undefined && id >= 0 && id <= 9;

const tokenizer = characterTokenizer(vocabulary, ['B', 'E', 'P']);

/** Smallest number added, and how many there are: 100 … 999. */
const FIRST = 100;
const NUMBERS = 900;
/** Fixes which pairs are held out. Every shipped model's figures rest on it. */
const SPLIT_KEY = 0x0add;

const hundreds = (value: number): number => Math.floor(value / 100) % 10;
const tens = (value: number): number => Math.floor(value / 10) % 10;

/** Tokens of `a+b=a+b`, the numbers written with three digits each and the sum with as many as it needs. */
function sumTokens(a: number, b: number): number[] {
  const sum = a + b;
  const ids = [BOS, hundreds(a), tens(a), a % 10, PLUS, hundreds(b), tens(b), b % 10, EQUALS];
  if (sum >= 1000) ids.push(Math.floor(sum / 1000));
  if (sum >= 100) ids.push(hundreds(sum));
  if (sum >= 10) ids.push(tens(sum));
  ids.push(sum % 10, EOS);
  return ids;
}

/** The index of a pair in the data; the order is by a, then by b. */
export const additionIndex = (a: number, b: number): number => (a - FIRST) * NUMBERS + (b - FIRST);

/** The pair with an index: the inverse of `additionIndex`. */
export const additionPair = (index: number): { a: number; b: number } => ({
  a: FIRST + Math.floor(index / NUMBERS),
  b: FIRST + (index % NUMBERS),
});

const data = splitData(NUMBERS * NUMBERS, SPLIT_KEY, (index) => {
  const { a, b } = additionPair(index);
  return sumTokens(a, b);
});

/** Numbers of a sequence of the right form (whatever its answer), or the reason why it has not that form. */
function parse(ids: readonly number[]): { a: number; b: number; answer: string } | string {
  const framed = /^B([^BEP]*)EP*$/.exec(tokenizer.tokens(ids).join(''));
  if (framed === null) return 'not one input from B to E';
  const text = framed[1] ?? '';
  const match = /^([1-9]\d\d)\+([1-9]\d\d)=(\d+)$/.exec(text);
  if (match === null) return `not of the form a+b=c with a and b in 100…999: ${text}`;
  return { a: Number(match[1]), b: Number(match[2]), answer: match[3] ?? '' };
}

function check(ids: readonly number[]): string | null {
  const parsed = parse(ids);
  if (typeof parsed === 'string') return parsed;
  const { a, b, answer } = parsed;
  return answer === String(a + b) ? null : `does not hold: ${a}+${b} is ${a + b}, not ${answer}`;
}

function encode(input: string): number[] {
  if (input === '') throw new InputError('The input is empty: give a sum such as 615+861=1476.');
  const ids = tokenizer.encode(input);
  if (ids.length > MAX_LENGTH - 2) {
    throw new InputError(
      `The input ${JSON.stringify(input)} has ${ids.length} tokens: addition takes ${MAX_LENGTH - 2} at most, as in 615+861=1476.`,
    );
  }
  return [BOS, ...ids, EOS];
}

/** Digits are named by the part they stand in and counted within it; of signs that occur twice, the first is named. */
function places(ids: readonly number[]): Place[] {
  const named: Place[] = [];
  const seen = { F: 0, S: 0, A: 0 };
  let part: keyof typeof seen = 'F';
  const plus = ids.indexOf(PLUS);
  const equals = ids.indexOf(EQUALS);
  const end = ids.indexOf(EOS);
  for (const [index, id] of ids.entries()) {
    if (index === 0 && id === BOS) named.push({ name: 'BOS', index });
    else if (isDigit(id)) named.push({ name: `${part}${++seen[part]}`, index });
    else if (index === plus) {
      named.push({ name: '+', index });
      if (part === 'F') part = 'S';
    } else if (index === equals) {
      named.push({ name: '=', index });
      part = 'A';
    } else if (index === end) named.push({ name: 'E', index });
  }
  return named;
}

function positions(ids: readonly number[]): number[] {
  const found: number[] = [];
  for (const [index, id] of ids.entries()) {
    if (id !== BOS && id !== EOS && id !== PAD) found.push(index);
  }
  return found;
}

const sample = (random: Random, split: Split): number[] =>
  data.member(split, random.int(data.splitSize[split]));

function inSplit(ids: readonly number[]): Split | null {
  const parsed = parse(ids);
  if (typeof parsed === 'string' || check(ids) !== null) return null;
  return data.splitOf(additionIndex(parsed.a, parsed.b));
}

/** The six digits stand for the sum; a leading zero is completed too, and `check` then finds it outside the data. */
function complete(free: readonly number[]): number[] | null {
  const [bos, f1, f2, f3, s1, s2, s3] = free;
  if (free.length !== 7 || bos !== BOS) return null;
  if (!isDigit(f1) || !isDigit(f2) || !isDigit(f3) || !isDigit(s1) || !isDigit(s2) || !isDigit(s3))
    return null;
  return sumTokens(f1 * 100 + f2 * 10 + f3, s1 * 100 + s2 * 10 + s3);
}

/** A digit of a number that is added may be any, a leading one too: what comes out need not be data. */
const digits = Array.from({ length: 10 }, (_, digit) => digit);
function choices(ids: readonly number[], at: number): readonly number[] {
  return isDigit(ids[at]) && at < ids.indexOf(EQUALS) ? digits : [];
}

/** The sum of two numbers of any length, with as many digits as they have at the least. */
function follow(ids: readonly number[]): number[] | null {
  const question = ids.slice(0, ids.indexOf(EQUALS) + 1);
  const match = /^B(\d+)\+(\d+)=$/.exec(tokenizer.tokens(question).join(''));
  if (match === null) return null;
  const [, a = '', b = ''] = match;
  const sum = String(Number(a) + Number(b)).padStart(Math.max(a.length, b.length), '0');
  return [...question, ...Array.from(sum, Number), EOS];
}

function toFree(ids: readonly number[]): number[] {
  const equals = ids.indexOf(EQUALS);
  return [BOS, ...(equals < 0 ? ids : ids.slice(0, equals)).filter(isDigit)];
}

/** The six digits are said one by one; the digits of the sum follow from them. */
function origins(ids: readonly number[]): Origin[] | null {
  const free = toFree(ids);
  const question = complete(free)?.slice(0, EQUATION_SIGN + 1);
  if (question?.every((id, at) => id === ids[at]) !== true) return null;
  let at = 0;
  return ids.map((id, place): Origin => {
    if (place > EQUATION_SIGN) return id === EOS ? { kind: 'fixed' } : { kind: 'follows' };
    return isDigit(id) ? { kind: 'said', steps: [{ at: ++at, among: [id] }] } : { kind: 'fixed' };
  });
}

/** C2 and C3 are the carries out of the tens and out of the ones. */
function annotate(ids: readonly number[]): Record<string, string | number> {
  const parsed = parse(ids);
  if (typeof parsed === 'string') return {};
  const { a, b } = parsed;
  return { sum: a + b, C2: (a % 100) + (b % 100) >= 100 ? 1 : 0, C3: (a % 10) + (b % 10) >= 10 ? 1 : 0 };
}

/** Three-digit addition. */
export const addition: CapableTask = {
  name: 'addition',
  about:
    'Three-digit addition, a+b=c with a and b from 100 to 999. F1 F2 F3 are the digits of a, S1 S2 S3 those of b, hundreds first; A1 A2 A3 (A4) those of the sum.',
  tokenizer,
  bos: BOS,
  eos: EOS,
  pad: PAD,
  maxLength: MAX_LENGTH,
  sites: [
    'blocks.0.hook_resid_pre',
    'blocks.0.attn.hook_result.0',
    'blocks.0.attn.hook_result.1',
    'blocks.0.attn.hook_result.2',
    'blocks.0.attn.hook_result.3',
    'blocks.0.hook_resid_mid',
    'blocks.0.hook_resid_post',
    'blocks.1.attn.hook_result.0',
    'blocks.1.attn.hook_result.1',
    'blocks.1.attn.hook_result.2',
    'blocks.1.attn.hook_result.3',
    'blocks.1.hook_resid_mid',
    'blocks.1.hook_resid_post',
  ],
  epsilon: 0.1,
  metric: 'euclidean',
  model: { layers: 2, heads: 4, width: 32 },
  encode,
  decode: (ids) => tokenizer.decode(ids),
  check,
  places,
  positions,
  answer: {
    determined: (ids) =>
      ids.flatMap((_, at) => (at > ids.indexOf(EQUALS) && ids.includes(EQUALS) ? [at] : [])),
  },
  sample,
  data: { ...data, inSplit },
  completion: { toFree, complete, done: (free) => free.length === 7, maxFree: 7, origins },
  redraw: { choices, follow, accepts: () => true },
  annotate,
  features: additionFeatures,
  distribution: {
    logProbability: (ids) => (check(ids) === null ? -Math.log(data.size) : -Infinity),
    draw: (random) => data.instance(random.int(data.size)),
  },
  enumeration: { kind: 'all' },
  rounds: syntheticRounds,
  draw: (random) => tokenizer.decode(data.instance(random.int(data.size))),
};
