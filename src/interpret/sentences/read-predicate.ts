/**
 * Sentences as predicates: `F1 = 5 and S1 = 3`, `gender(S) = f`, `{F1,S1}` (which the query has too), and plain sentences that
 * name features, such as `The gender of S is f.`. Every word must be understood: a sentence of which only a part is would
 * be measured as something that nobody said.
 * @module
 */
import { InputError } from '../../input-error.js';
import { type Predicate, type Sign } from './predicate.js';
import { Cursor } from './cursor.js';
import { type Vocabulary } from './vocabulary.js';

/** Most letters of a sentence that is read as a predicate, and most brackets inside one another. */
const [mostLetters, mostDepth] = [2000, 50];

/**
 * Reads a sentence.
 * @throws InputError saying what in it is not understood
 * @example readPredicate('F1 = 5 and not S1 > 3', vocabularyOf(prior))
 */
export function readPredicate(sentence: string, vocabulary: Vocabulary): Predicate {
  const text = sentence.trim();
  if (text.length > mostLetters)
    throw new InputError(`It has ${text.length} letters: ${mostLetters} at most are read as a predicate.`);
  try {
    return read(text, vocabulary);
  } catch (error) {
    // A full stop ends a sentence, and may also be the end of a value.
    const without = text.replace(/[.!]$/, '');
    if (without === text || !(error instanceof InputError)) throw error;
    return read(without, vocabulary);
  }
}

function read(text: string, vocabulary: Vocabulary): Predicate {
  const cursor = new Cursor(text, vocabulary);
  cursor.skipOpening();
  if (cursor.atEnd()) throw new InputError('It says nothing of any feature.');
  const predicate = either(cursor, 0);
  if (!cursor.atEnd())
    throw new InputError(
      `"${cursor.rest()}" is not understood: an "and", an "or" or the end is expected there.`,
    );
  const { bare, compared } = namesIn(predicate);
  const [first] = bare;
  if (first !== undefined && compared)
    throw new InputError(
      `"${first}" stands there without a value, beside a comparison: write "${first} = query" if the query’s value is meant.`,
    );
  return plain(predicate);
}

/** Predicates, and names of features that stand by themselves. */
type Raw =
  | { readonly kind: 'bare'; readonly feature: string }
  | { readonly kind: 'said'; readonly predicate: Predicate }
  | { readonly kind: 'not'; readonly of: Raw }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Raw[] };

function namesIn(raw: Raw): { readonly bare: readonly string[]; readonly compared: boolean } {
  switch (raw.kind) {
    case 'bare':
      return { bare: [raw.feature], compared: false };
    case 'said':
      return { bare: [], compared: true };
    case 'not':
      return namesIn(raw.of);
    default: {
      const parts = raw.of.map(namesIn);
      return { bare: parts.flatMap(({ bare }) => bare), compared: parts.some(({ compared }) => compared) };
    }
  }
}

/** A feature by itself says that the value is the query's. */
function plain(raw: Raw): Predicate {
  switch (raw.kind) {
    case 'bare':
      return { kind: 'compare', feature: raw.feature, sign: '=', operand: { kind: 'query' } };
    case 'said':
      return raw.predicate;
    case 'not':
      return { kind: 'not', of: plain(raw.of) };
    default:
      return { kind: raw.kind, of: raw.of.map(plain) };
  }
}

const either = (cursor: Cursor, depth: number): Raw =>
  joined(cursor, 'or', () => joined(cursor, 'and', () => one(cursor, depth)));

function joined(cursor: Cursor, kind: 'and' | 'or', next: () => Raw): Raw {
  const first = next();
  const parts = [first];
  while (cursor.takeJoin(kind)) parts.push(next());
  return parts.length === 1 ? first : { kind, of: parts };
}

function one(cursor: Cursor, depth: number): Raw {
  if (depth > mostDepth) throw new InputError(`More than ${mostDepth} brackets stand inside one another.`);
  // A feature may be called as a word of the language is.
  const named = cursor.peekFeature() !== null;
  if (!named && cursor.take(/not\b|!(?!=)|¬/iy) !== null) return { kind: 'not', of: one(cursor, depth + 1) };
  if (!named && cursor.take(/\(/y) !== null) {
    const inner = either(cursor, depth + 1);
    if (cursor.take(/\)/y) === null)
      throw new InputError(
        cursor.atEnd()
          ? 'A bracket is not closed.'
          : `"${cursor.rest()}" is not understood: a bracket is open there.`,
      );
    return inner;
  }
  const same = !named && cursor.take(/(?:the\s+)?same\b/iy) !== null;
  const feature = cursor.takeFeature();
  if (same || cursor.take(/as\s+(?:in\s+)?(?:the\s+)?query\b/iy) !== null) {
    cursor.take(/as\s+(?:in\s+)?(?:the\s+)?query\b/iy);
    return said({ kind: 'compare', feature, sign: '=', operand: { kind: 'query' } });
  }
  if (cursor.take(/(?:is\s+)?(?:in\b|one\s+of\b|∈)/iy) !== null)
    return said({ kind: 'among', feature, values: cursor.takeValues(feature) });
  const sign = takeSign(cursor);
  if (sign === null) return { kind: 'bare', feature };
  const operand = cursor.takeOperand(feature);
  if (sign !== '=' && sign !== '!=') cursor.expectNumbers(feature, operand);
  return said({ kind: 'compare', feature, sign, operand });
}

const said = (predicate: Predicate): Raw => ({ kind: 'said', predicate });

/** Ways to write a comparison, those that begin with others first. */
const comparisons: readonly (readonly [RegExp, Sign])[] = [
  [/!=|≠|<>|(?:is\s+not|isn['’]t|does\s+not\s+equal|differs\s+from)\b/iy, '!='],
  [/<=|≤|is\s+at\s+most\b/iy, '<='],
  [/>=|≥|is\s+at\s+least\b/iy, '>='],
  [/<|is\s+(?:less|smaller|lower)\s+than\b|is\s+below\b/iy, '<'],
  [/>|is\s+(?:more|greater|larger|higher)\s+than\b|is\s+above\b/iy, '>'],
  [/={1,2}|(?:is\s+equal\s+to|equals|is)\b/iy, '='],
];

function takeSign(cursor: Cursor): Sign | null {
  for (const [pattern, sign] of comparisons) if (cursor.take(pattern) !== null) return sign;
  return null;
}
