/**
 * JSON as a table of contents needs it: no name twice (a plain parser silently keeps the last), no deeper than
 * what is expected, text of a known encoding.
 * @module
 */
import { InputError } from '../../input-error.js';
import { quote } from '../../printable.js';
import { decodeText } from '../json-text.js';

/**
 * Parses JSON, refusing repeated names and nesting beyond `deepest` levels before a value is built.
 * @param what how a message names it
 * @throws InputError for anything that is not JSON of that kind
 * @example parseStrictJson(bytes, 'index.json', 3)
 */
export function parseStrictJson(bytes: Uint8Array, what: string, deepest: number): unknown {
  let text: string;
  try {
    text = decodeText(bytes);
  } catch {
    throw new InputError(`${what} is not JSON: it is not valid UTF-8.`);
  }
  const fault = structureFault(text, deepest);
  if (fault !== null) throw new InputError(`${what} ${fault}.`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new InputError(`${what} is not JSON.`);
  }
}

/** Whether a parsed value is an object (and no array). */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Walks the brackets and the names; text that is not JSON may pass, the parser comes after. */
function structureFault(text: string, deepest: number): string | null {
  const scopes: (Set<string> | null)[] = []; // the names seen in each open object; null for an array
  let string: string | null = null;
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '"': {
        const end = closingQuote(text, i);
        string = text.slice(i, end + 1);
        i = end;
        break;
      }
      case ':': {
        const names = scopes.at(-1);
        if (string === null || names === null || names === undefined) break;
        const name = unescaped(string);
        if (names.has(name)) return `names ${quote(name)} twice`;
        names.add(name);
        string = null;
        break;
      }
      case '{':
      case '[':
        scopes.push(text[i] === '{' ? new Set() : null);
        if (scopes.length > deepest) return `is nested deeper than ${deepest} levels`;
        break;
      case '}':
      case ']':
        scopes.pop();
        break;
      default:
    }
  }
  return null;
}

function closingQuote(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return Math.min(i, text.length);
}

/** Two spellings of one name, such as `"a"` and `"\u0061"`, are the same name. */
function unescaped(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal; // malformed: the parser says so
  }
}
