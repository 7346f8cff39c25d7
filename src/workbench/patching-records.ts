/**
 * Results of patching and attribution as they are sent: what `inversionview patch --json` and `attribute --json` print.
 * @module
 */
import { z } from 'zod';
import { count } from './fields.js';
import { limits } from './limits.js';

const text = z.string().max(2 * limits.input + 200);
const name = z.string().max(200);
const error = z.number().nullable();
const list = <T extends z.ZodType>(item: T) => z.array(item).readonly();

/** A token as it is written. */
export const tokenSchema = z.string().min(1).max(100);

/** What an effect is measured by. */
export const patchMetricSchema = z.enum(['logit-difference', 'kl', 'probability']);

/** What a result rests on; see `Circumstances` of `causal`. */
const circumstances = {
  experiment: text,
  task: name,
  about: text,
  seed: count.nullable(),
  contrasts: count,
  /** Whether the model is known not to have trained on the inputs. */
  heldOut: z.boolean(),
  model: text,
  n: count,
};

/** What every result of patching starts with; see `Baselines` of `causal`. */
const baselines = {
  ...circumstances,
  metric: patchMetricSchema,
  unit: name,
  clean: z.number(),
  cleanStandardError: error,
  contrast: z.number(),
  contrastStandardError: error,
  warnings: list(z.string()),
};

const setFields = {
  patched: list(z.string()),
  effect: z.number(),
  standardError: error,
  /** Share of the runs in which the patch changed any logit, 0 … 1. */
  changed: z.number(),
};

/** Cumulative patching in one order. */
export const orderRecordSchema = z.object({
  ...baselines,
  order: z.enum(['forward', 'backward']),
  sets: list(
    z.object({ ...setFields, added: z.string(), increment: z.number(), incrementStandardError: error }),
  ),
});

/** Chosen sets. */
export const setsRecordSchema = z.object({ ...baselines, sets: list(z.object(setFields)) });

/** A sweep; `effects[site][position]`. */
export const sweepRecordSchema = z
  .object({
    ...baselines,
    warnings: z.array(z.string().max(2000)).max(20).readonly(),
    sites: z.array(name).min(1).max(limits.sites).readonly(),
    positions: z.array(name).min(1).max(limits.positions).readonly(),
    effects: list(list(z.number())),
    standardErrors: list(list(error)),
    changed: list(list(z.number())),
  })
  .refine(
    ({ sites, positions, effects, standardErrors, changed }) =>
      [effects, standardErrors, changed].every(
        (rows) =>
          rows.length === sites.length &&
          rows.every((row: readonly unknown[]) => row.length === positions.length),
      ),
    'the rows of numbers do not fit the sites and positions',
  );
export type SweptRecord = z.infer<typeof sweepRecordSchema>;

/** A mean ablation. */
export const ablationRecordSchema = z.object({
  ...circumstances,
  site: z.string(),
  position: z.string(),
  places: list(
    z.object({
      place: z.string(),
      kl: z.number(),
      klStandardError: error,
      logitLoss: z.number(),
      logitLossStandardError: error,
      relativeLogitLoss: z.number(),
      relativeLogitLossStandardError: error,
    }),
  ),
});

const tokenValues = list(z.object({ token: z.string(), value: z.number() }));

/** What sites add to a logit, or to a difference of two. */
export const attributionRecordSchema = z.object({
  task: z.string(),
  about: z.string(),
  model: z.string(),
  seed: count.nullable(),
  heldOut: z.boolean(),
  n: count,
  place: z.string(),
  total: z.number(),
  totalStandardError: error,
  sites: list(
    z.object({
      site: z.string(),
      value: z.number(),
      standardError: error,
      raised: tokenValues.optional(),
      lowered: tokenValues.optional(),
    }),
  ),
  rest: z.number(),
});
