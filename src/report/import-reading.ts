/**
 * Readings from files that others wrote: saved readings, what `inversionview read --json` prints, and cached files of the
 * published web app.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../input-error.js';
import {
  type SavedReading,
  savedFromReading,
  savedReadingFault,
  savedReadingShape,
} from '../inversion/saved-reading.js';
import { type KnownTask, isCached, savedFromStreamlit } from './streamlit-import.js';

const savedSchema = z.object({ ...savedReadingShape, request: z.unknown().optional() });

/** A saved reading, and the request that it answers where a saved one has it. */
export type ImportedReading = SavedReading & { readonly request?: unknown };

/**
 * Takes any file that holds a reading.
 * @param value what `JSON.parse` gave
 * @param name what to call it in an error: the file's name, with its folders where they are known
 * @param known tasks, by which facts of its inputs are known
 * @throws InputError naming the first field that is wrong, or what is taken
 */
export function importReading(value: unknown, name: string, known: readonly KnownTask[]): ImportedReading {
  if (typeof value === 'object' && value !== null) {
    if ('format' in value) return savedReading(value, name);
    if (isCached(value)) return savedFromStreamlit(value, name, known);
    if ('samples' in value)
      return savedFromReading(
        value,
        name,
        known.map(({ task }) => task),
      );
  }
  throw new InputError(
    `${name} holds no reading: a saved reading, the output of "inversionview read --json", or a cached file of the ` +
      'published web app is taken.',
  );
}

function savedReading(value: unknown, name: string): ImportedReading {
  const parsed = savedSchema.safeParse(value);
  const [issue] = parsed.error?.issues ?? [];
  const fault = parsed.success
    ? savedReadingFault(parsed.data)
    : `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`;
  if (parsed.success && fault === null) return parsed.data;
  throw new InputError(`${name} is not a saved reading: ${fault ?? ''}.`);
}
