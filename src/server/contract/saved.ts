/**
 * Readings that are kept: saved to disk, exported, imported. What is kept has all samples with their distances in both
 * metrics, so that ε and metric can still be moved when it is opened again.
 *
 *     GET    /api/readings                          -> SavedList
 *     GET    /api/readings/:name                    -> KeptReading
 *     PUT    /api/readings/:name[?replace=true]     KeptReading -> SavedEntry   (409 when the name is taken)
 *     DELETE /api/readings/:name                    -> 204
 *     POST   /api/export  ExportRequest             -> the file (text/html or application/json)
 *     POST   /api/import  ImportRequest             -> KeptReading
 * @module
 */
import { z } from 'zod';
import { keptReadingFault, keptReadingShape } from '../../inversion/kept-reading.js';
import { limits, namePattern } from './limits.js';
import { readRequestSchema } from './read.js';

const count = z.number().int().nonnegative();

/** The name of a saved reading or a training. */
export const nameSchema = z
  .string()
  .regex(
    namePattern,
    'give letters, digits, spaces and . _ + = -, beginning with a letter or digit, 100 at the most',
  );

/** A reading with all its samples, and the request that gives it again (null for an imported file). */
export const keptReadingSchema = z
  .object({
    ...keptReadingShape,
    samples: keptReadingShape.samples.max(limits.candidates),
    request: readRequestSchema.nullable(),
  })
  .superRefine((reading, { addIssue }) => {
    const fault = keptReadingFault(reading);
    if (fault !== null) addIssue({ code: 'custom', message: fault });
  });
/** A reading with all its samples, and the request that gives it again. */
export type KeptReading = z.infer<typeof keptReadingSchema>;

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
/** A saved reading as the list shows it. */
export type SavedEntry = z.infer<typeof savedEntrySchema>;

/** Answer of `GET /api/readings`: newest first. `unreadable` names files that are no saved readings. */
export const savedListSchema = z.object({
  readings: z.array(savedEntrySchema),
  unreadable: z.array(z.string()),
});
/** Answer of `GET /api/readings`. */
export type SavedList = z.infer<typeof savedListSchema>;

/** Body of `POST /api/export`. `html` is a page that stands alone; `json` is what `inversionview read --json` prints. */
export const exportRequestSchema = z.strictObject({
  format: z.enum(['html', 'json']),
  reading: keptReadingSchema,
  /** Most samples in the file. */
  shown: z.number().int().min(1).max(10_000).default(100),
});
/** Body of `POST /api/export`. */
export type ExportRequest = z.input<typeof exportRequestSchema>;

/**
 * Body of `POST /api/import`: the parsed JSON of a file. Taken are saved readings, what `inversionview read --json` prints,
 * and a cached file of the published web app (`…/cached_addition_generation/<example>/<site>-<position>-Auto-dist.json`).
 */
export const importRequestSchema = z.strictObject({
  /** The file's name, for messages. */
  name: z.string().max(300),
  content: z.unknown(),
});
/** Body of `POST /api/import`. */
export type ImportRequest = z.input<typeof importRequestSchema>;
