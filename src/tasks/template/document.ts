/**
 * A YAML or JSON file that a person wrote, with the line that each part of it stands on.
 * @module
 */
import { LineCounter, type Node, isNode, parseDocument } from 'yaml';
import { type z } from 'zod';
import { InputError } from '../../input-error.js';

/** A file that was read. */
export interface WrittenDocument {
  readonly content: unknown;
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
      `${name}:${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0] ?? ''}.`,
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
  return {
    content,
    fault(path, sentence) {
      const line = lineOf(path);
      return new InputError(`${name}${line === null ? '' : `:${line}`}: ${sentence}`);
    },
  };
}

/** The content as a schema has it. @throws InputError for the first fault, with file, line and field */
export function checkedContent<T>(document: WrittenDocument, schema: z.ZodType<T>): T {
  const result = schema.safeParse(document.content);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue?.path ?? [];
  const field = path.join('.');
  const message = issue?.message ?? 'it is not accepted';
  throw document.fault(path, field === '' ? `${message}.` : `${field}: ${message}.`);
}
