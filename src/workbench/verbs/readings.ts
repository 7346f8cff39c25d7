/**
 * Readings that are saved, exported, imported. What is saved has all samples with their distances in both metrics,
 * so that ε and metric can still be moved when it is opened again.
 * @module
 */
import { z } from 'zod';
import { savedReadingFault, savedReadingShape, readingOf } from '../../inversion/saved-reading.js';
import { renderHtml } from '../../report/html.js';
import { importReading } from '../../report/import-reading.js';
import { studies } from '../../studies/index.js';
import { count, nameSchema } from '../fields.js';
import { limits } from '../limits.js';
import { inputProblem, notFound } from '../faults.js';
import { textSchema, verbsOf } from '../verb.js';
import { readRequestSchema } from './read.js';

/** A reading with all its samples, and the request that gives it again (null for an imported file). */
export const savedReadingSchema = z
  .object({
    ...savedReadingShape,
    samples: savedReadingShape.samples.max(limits.candidates),
    request: readRequestSchema.nullable(),
  })
  .superRefine((reading, { addIssue }) => {
    const fault = savedReadingFault(reading);
    if (fault !== null) addIssue({ code: 'custom', message: fault });
  });
export type SavedReading = z.infer<typeof savedReadingSchema>;

/** A saved reading as the list shows it. */
export const savedEntrySchema = z.object({
  name: z.string(),
  /** ISO 8601. */
  savedAt: z.string(),
  bytes: count,
  task: z.string(),
  input: z.string(),
  site: z.string(),
  short: z.string(),
  position: count,
  place: z.string().nullable(),
  candidates: count,
});
export type SavedEntry = z.infer<typeof savedEntrySchema>;

/** Answer of `GET /api/readings`: newest first. `unreadable` names files that are no saved readings. */
export const savedListSchema = z.object({
  readings: z.array(savedEntrySchema),
  unreadable: z.array(z.string()),
});
export type SavedList = z.infer<typeof savedListSchema>;

/** Body of `POST /api/export`. `html` is a page that stands alone; `json` is what `inversionview read --json` prints. */
const exportRequestSchema = z.strictObject({
  format: z.enum(['html', 'json']),
  reading: savedReadingSchema,
  /** Most samples in the file. */
  shown: z.number().int().min(1).max(10_000).default(100),
});

/**
 * Body of `POST /api/import`: the parsed JSON of a file. Taken are saved readings, what `inversionview read --json` prints,
 * and a cached file of the published web app (`…/cached_addition_generation/<example>/<site>-<position>-Auto-dist.json`).
 */
const importRequestSchema = z.strictObject({
  /** The file's name, for messages. */
  name: z.string().max(300),
  content: z.unknown(),
});

/** Where saved readings lie. */
export interface SavedReadings {
  /** Newest first; `unreadable` are names of files that are no readings. */
  list(): Promise<SavedList>;
  /** @returns null when there is none of that name @throws InputError when it cannot be read */
  open(name: string): Promise<SavedReading | null>;
  /** @throws ProblemError when the name is taken and is not to be replaced */
  save(name: string, reading: SavedReading, replace: boolean): Promise<SavedEntry>;
  /** @returns false when there was none */
  remove(name: string): Promise<boolean>;
}

/** Takes a saved reading from parsed JSON. @throws ProblemError naming what is wrong */
export function parseSaved(value: unknown, name: string): SavedReading {
  const parsed = savedReadingSchema.safeParse(value);
  if (!parsed.success) throw inputProblem(parsed.error, name);
  return parsed.data;
}

/** Takes any file that holds a reading. What was converted must be as sound as what is taken. */
const imported = (value: unknown, name: string): SavedReading =>
  typeof value === 'object' && value !== null && 'format' in value
    ? parseSaved(value, name)
    : parseSaved({ ...importReading(value, name, studies), request: null }, name);

const verb = verbsOf<{ readonly readings: SavedReadings }>();
const address = z.object({ name: nameSchema });
const missing = (name: string) => notFound(`There is no saved reading ${name}.`);

/** See the module. */
export const readingVerbs = {
  savedReadings: verb({ answer: savedListSchema, run: (_, { readings }) => readings.list() }),

  openReading: verb({
    address,
    answer: savedReadingSchema,
    async run({ name }, { readings }) {
      const reading = await readings.open(name);
      if (reading === null) throw missing(name);
      return reading;
    },
  }),

  saveReading: verb({
    address: address.extend({ replace: z.enum(['true', 'false']).optional() }),
    body: savedReadingSchema,
    answer: savedEntrySchema,
    run: ({ name, replace, body }, { readings }) => readings.save(name, body, replace === 'true'),
  }),

  deleteReading: verb({
    address,
    async run({ name }, { readings }) {
      if (!(await readings.remove(name))) throw missing(name);
    },
  }),

  export: verb({
    body: exportRequestSchema,
    answer: textSchema,
    run({ format, reading, shown }) {
      const view = readingOf(reading, shown);
      const file = `reading.${format}`;
      return Promise.resolve(
        format === 'html'
          ? { file, type: 'text/html; charset=utf-8', text: renderHtml(view) }
          : { file, type: 'application/json; charset=utf-8', text: `${JSON.stringify(view)}\n` },
      );
    },
  }),

  import: verb({
    body: importRequestSchema,
    answer: savedReadingSchema,
    run: ({ name, content }) => Promise.resolve(imported(content, name === '' ? 'The file' : name)),
  }),
};
