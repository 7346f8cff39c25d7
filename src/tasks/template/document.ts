/**
 * A YAML or JSON file that a person wrote, with the line that each part of it stands on.
 * @module
 */
import { LineCounter, type Node, isNode, parseDocument } from 'yaml';
import { type z } from 'zod';
import { InputError, suggest } from '../../input-error.js';
import { quote } from '../../printable.js';

/** A file that was read. */
export interface WrittenDocument {
  readonly content: unknown;
  /** File and line of a part of it, as messages begin with them. */
  where(path: readonly PropertyKey[]): string;
  /** An error about a part of it: file and line go before the sentence. */
  fault(path: readonly PropertyKey[], sentence: string): InputError;
}

/**
 * Reads YAML, and JSON with it.
 * @param name of the file, for messages
 * @throws InputError with file and line
 */
export function readDocument(text: string, name: string): WrittenDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined)
    throw new InputError(
      `${name}:${lines.linePos(error.pos[0]).line}: ${error.message.split(/[\n;]/)[0] ?? ''}.`,
    );
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 100 });
  } catch (problem) {
    throw new InputError(`${name}: ${problem instanceof Error ? problem.message : String(problem)}.`);
  }
  const lineOf = (path: readonly PropertyKey[]): number | null => {
    for (let depth = path.length; depth > 0; depth--) {
      const node: unknown = document.getIn(path.slice(0, depth), true);
      const start = isNode(node) ? (node as Node).range?.[0] : undefined;
      if (start !== undefined) return lines.linePos(start).line;
    }
    return null;
  };
  const where = (path: readonly PropertyKey[]): string => {
    const line = lineOf(path);
    return line === null ? name : `${name}:${line}`;
  };
  return { content, where, fault: (path, sentence) => new InputError(`${where(path)}: ${sentence}`) };
}

/** The content as a schema has it. @throws InputError for the first fault, with file, line and field */
export function checkedContent<T>(document: WrittenDocument, schema: z.ZodType<T>): T {
  const result = schema.safeParse(document.content, { error: inWords });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const { path, message } = issue === undefined ? { path: [], message: 'it is not accepted' } : placed(issue);
  const field = path.join('.');
  throw document.fault(path, field === '' ? `${message}.` : `${field}: ${message}.`);
}

const kinds: Readonly<Record<string, string>> = {
  object: 'named fields are needed',
  record: 'named fields are needed',
  array: 'a list is needed',
  string: 'a text is needed',
  number: 'a number is needed',
};

/** A fault that the schema has no words for. */
function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message;
  if (issue.code === 'unrecognized_keys') return 'the format has no such field';
  if (issue.code !== 'invalid_type') return undefined;
  return issue.input === undefined ? 'it is missing' : kinds[issue.expected];
}

/** Where a fault is: at the field that is none, or, of what could be a list or something else and is a list, at its element. */
function placed(issue: z.core.$ZodIssue): Pick<z.core.$ZodIssue, 'path' | 'message'> {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') return { path: [...path, issue.keys[0] ?? ''], message };
  if (issue.code !== 'invalid_union') return issue;
  const list = issue.errors.find(
    (some) => some.length > 0 && some.every(({ path: own }) => typeof own[0] === 'number'),
  );
  const first = list?.[0];
  const empty = issue.errors.flat().find(({ code, path: own }) => code === 'too_small' && own.length === 0);
  if (first === undefined && empty !== undefined) return { path, message: empty.message };
  return first === undefined ? issue : { path: [...path, ...first.path], message: first.message };
}

/** @throws InputError that names the slots there are */
export function expectSlot(
  document: WrittenDocument,
  path: readonly PropertyKey[],
  slot: string,
  known: readonly string[],
): void {
  if (known.includes(slot)) return;
  throw document.fault(
    path,
    `No slot is named ${quote(slot)}.${suggest(slot, known)} Slots: ${known.join(', ')}.`,
  );
}
