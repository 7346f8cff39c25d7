/**
 * What is said of a query by everything that measures what an activation tells.
 * @module
 */
import { z } from 'zod';
import { metricSchema } from '../inversion/saved-reading.js';
import { type QueryRecord } from '../interpret/records.js';
import { modelText } from '../models/hooked-model.js';
import { resolveSite } from '../models/hooks.js';
import { thresholdAt } from '../tasks/epsilon.js';
import { placeName, resolvePosition } from '../tasks/positions.js';
import { type LoadedCase } from './case-study.js';
import { asked, count, seedSchema } from './fields.js';
import { limits } from './limits.js';

/** What is asked about. */
export const placed = { ...asked, seed: seedSchema.default(1) };
/** Where an ε comes from. */
export const epsilonFromSchema = z.enum(['given', 'curve', 'task']);
/** How it is viewed; unless given, ε is the one chosen for site and place, or the task's, and the metric is the task's. */
export const viewed = {
  epsilon: z.number().min(0).max(limits.epsilon).optional(),
  metric: metricSchema.optional(),
};

type Asked = z.output<z.ZodObject<typeof placed & typeof viewed>>;

/** A number of bits with an interval of at least 95%; see `Estimate` of `interpret`. */
export const estimateSchema = z.object({
  /** Null where the effective sample size is too small for a number; the interval stands all the same. */
  bits: z.number().nullable(),
  low: z.number(),
  /** Null where nothing was found. */
  high: z.number().nullable(),
  effectiveSamples: z.number(),
});

/** What is said of a query by everything here: a `QueryRecord` of `interpret`. */
export const queryRecord = {
  task: z.string(),
  input: z.string(),
  position: count,
  place: z.string().nullable(),
  /** Full hook name. */
  site: z.string(),
  metric: metricSchema,
  epsilon: z.number(),
  /** Whether ε was given, chosen for the site and place from their ε-curve, or is the task's. */
  epsilonFrom: epsilonFromSchema.optional(),
  seed: count,
  model: z.string(),
  decoder: z.string().nullable(),
  warnings: z.array(z.string()),
};

/** What an order is about, checked. @throws InputError */
export function queryOf(
  { task, decoder, model }: LoadedCase,
  request: Omit<Asked, 'case'>,
): { query: QueryRecord; ids: number[] } {
  const ids = task.encode(request.input);
  const position = resolvePosition(task, ids, request.position);
  const problem = task.check(ids);
  const place = placeName(task, ids, position);
  const site = resolveSite(request.site, decoder?.config.sites ?? task.sites);
  return {
    ids,
    query: {
      task: task.name,
      input: task.decode(ids),
      position,
      place,
      site,
      ...thresholdAt(task, site, place, request),
      seed: request.seed,
      model: modelText(model),
      decoder: decoder?.name ?? null,
      warnings: problem === null ? [] : [`The input is not one of the task's: ${problem}.`],
    },
  };
}

/** A query's record as it is sent. */
export const sentQuery = (record: QueryRecord) => ({ ...record, warnings: [...record.warnings] });
