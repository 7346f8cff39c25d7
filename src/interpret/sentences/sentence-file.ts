/**
 * Files of sentences that are to be judged: a line each, or JSON with where they are from.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../../input-error.js';
import { type Explanation, explanationSchema } from '../explain.js';

/** A sentence about inputs, from anyone. */
export interface Sentence {
  readonly id: string;
  readonly label: string;
  /** Who or what said it; null where the file does not say. */
  readonly source: string | null;
}

/** Most sentences of a file, and most letters of one. */
const [mostSentences, mostLetters] = [1000, 4000];

const text = z.string().trim().min(1).max(mostLetters);
const entrySchema = z.union([
  text.transform((label) => ({ label, id: undefined, source: undefined })),
  z.strictObject({
    label: text,
    id: z.union([z.string().trim().min(1).max(200), z.number().transform(String)]).optional(),
    source: z.string().trim().min(1).max(mostLetters).nullish(),
  }),
]);

/**
 * Takes sentences from the content of a file. A `.json` file has an array of sentences, each a text or
 * `{ "label", "id"?, "source"? }`, or is what `explain --out` writes: its words, and the features that it claims. In any other file each line is a sentence, but for empty ones and
 * those that begin with `#`. Sentences without an id are numbered.
 * @param name of the file, for errors and for what it is
 * @throws InputError naming the sentence that is wrong
 */
export function readSentences(content: string, name: string): Sentence[] {
  const plain = content.replace(/^\uFEFF/, '');
  const sentences = /\.json$/i.test(name) ? fromJson(plain, name) : fromLines(plain, name);
  if (sentences.length === 0) throw new InputError(`${name} has no sentences: give one a line.`);
  if (sentences.length > mostSentences)
    throw new InputError(
      `${name} has ${sentences.length} sentences: ${mostSentences} at most are judged at once.`,
    );
  const ids = sentences.map(({ id }) => id);
  const twice = ids.find((id, at) => ids.indexOf(id) < at);
  if (twice !== undefined)
    throw new InputError(`${name}: two sentences have the id ${JSON.stringify(twice)}.`);
  return sentences;
}

function fromLines(content: string, name: string): Sentence[] {
  return content
    .split(/\r\n|\n|\r/)
    .flatMap((line, at) => {
      const label = line.trim();
      if (label === '' || label.startsWith('#')) return [];
      if (label.length > mostLetters)
        throw new InputError(`${name}:${at + 1}: the sentence has more than ${mostLetters} letters.`);
      return [label];
    })
    .map((label, at) => ({ id: String(at + 1), label, source: null }));
}

function fromJson(content: string, name: string): Sentence[] {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new InputError(`${name} is no JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  const explanation = explanationSchema.safeParse(value);
  if (explanation.success) return saidBy(explanation.data, name);
  if (!Array.isArray(value))
    throw new InputError(
      `${name} holds no array of sentences: each is a text or { "label": …, "id": …, "source": … }.`,
    );
  return value.map((entry: unknown, at) => {
    const parsed = entrySchema.safeParse(entry);
    if (!parsed.success)
      throw new InputError(
        `${name}: sentence ${at + 1} is neither a text of 1 to ${mostLetters} letters nor { "label", "id"?, "source"? } with such a label.`,
      );
    const { label, id, source } = parsed.data;
    return { id: id ?? String(at + 1), label, source: source ?? null };
  });
}

/** What a language model said in a saved explanation. */
function saidBy({ explanation, claims, model }: Explanation, name: string): Sentence[] {
  if (explanation === null) throw new InputError(`${name} is a saved explanation in which nothing is said.`);
  const said = [{ id: 'explanation', label: explanation, source: model }];
  if (claims.length === 0) return said;
  const label = claims.map(({ feature }) => feature).join(' and ');
  return [...said, { id: 'claims', label, source: model }];
}
