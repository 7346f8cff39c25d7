/**
 * What may be measured beside the samples of a reading: whether what the activation holds is used, and what a reading says
 * of activations that hold nothing.
 * @module
 */
import { z } from 'zod';

const count = z.number().int().nonnegative();

/** A share with its 95% interval; without ends where the set is known or was searched for. */
const shareSchema = z.object({ share: z.number(), low: z.number().nullable(), high: z.number().nullable() });

/** A feature inside a set of inputs. */
const sideSchema = shareSchema.extend({
  /** Entropy over all inputs, less that inside. */
  bits: z.number(),
});

/** What the two distances say of a feature together. */
export const verdicts = [
  'held and used',
  'held, used in part',
  'held, not used',
  'held in part, used',
  'held in part, used in part',
  'held in part, not used',
  'not held, used',
  'not held, used in part',
  'neither',
  'too few inputs',
] as const;

/** Used versus contained; see `interpret/used.ts`. */
export const usedSchema = z.object({
  /** Positions of the query that predict what is measured, and the answer's token there; null where the task has no answer. */
  answer: z.array(z.object({ position: count, token: z.string().nullable() })),
  /** Largest KL divergence, in nats, that counts as inside by effect. */
  maxKl: z.number(),
  /** How the inputs came about: all of them, drawn and weighed, or searched for. */
  inputs: z.enum(['all', 'drawn', 'searched']),
  /** Distinct inputs whose activation was patched in, by where they lie. */
  parts: z.object({
    both: count,
    distanceOnly: count,
    effectOnly: count,
    neither: count,
  }),
  /** −log2 of the probability of being inside by distance, and by effect; null where it is not known. */
  bits: z.object({ distance: z.number().nullable(), effect: z.number().nullable() }),
  /** Over all inputs, or blind draws of them: the KL that the activation of another input gives. */
  kl: z.object({ n: count, mean: z.number(), median: z.number(), most: z.number() }),
  /** Logit of the answer less that of the contrast answer: with the query's own activation, and means over distinct inputs. */
  logitDifference: z
    .object({
      own: z.number(),
      distance: z.number().nullable(),
      effect: z.number().nullable(),
      all: z.number(),
    })
    .nullable(),
  features: z.array(
    z.object({
      feature: z.string(),
      value: z.union([z.string(), z.number()]).nullable(),
      /** Entropy over all inputs. */
      of: z.number(),
      /** Share of all inputs that have the query's value. */
      all: z.number(),
      /** Of the inputs inside by distance, and of those inside by effect; null where none is. */
      distance: sideSchema.nullable(),
      effect: sideSchema.nullable(),
      verdict: z.enum(verdicts),
    }),
  ),
  /** By largest KL, rising: what is inside by effect, and the share of it with the query's value of each feature. */
  curve: z.array(
    z.object({
      maxKl: z.number(),
      inputs: count,
      bits: z.number().nullable(),
      shares: z.array(z.object({ feature: z.string(), share: z.number() })),
    }),
  ),
});

/** Used versus contained. */
export type Used = z.infer<typeof usedSchema>;

/** What is read of one kind of activation; see `interpret/controls.ts`. */
const controlSchema = z.object({
  /** `query`: the query's own. `bos`: that of BOS. `random`: random vectors of the query's norm. */
  activation: z.enum(['query', 'bos', 'random']),
  /** Single samples of the decoder at temperature 1, or inputs that a search judged; those that are inputs of the task. */
  draws: count,
  valid: count,
  /** Draws within ε of the very activation that they were drawn or searched for. */
  inside: shareSchema.extend({ count }),
  /**
   * Share with the query's value of each feature: of the valid samples of a decoder, which is what it says, whether it is
   * so or not; of what a search found inside. Empty where there is none.
   */
  features: z.array(shareSchema.extend({ feature: z.string() })),
});

/** Controls of a reading; the first is the query itself. */
export const controlsSchema = z.object({
  /** Whether inputs were searched for, so that shares have no intervals. */
  searched: z.boolean(),
  activations: z.array(controlSchema),
});

/** Controls of a reading. */
export type Controls = z.infer<typeof controlsSchema>;
/** What is read of one kind of activation. */
export type Control = z.infer<typeof controlSchema>;
