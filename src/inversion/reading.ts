/**
 * A reading: what a person is shown of one query, and what is saved of it. Reports, the web app and other programs
 * take a reading and nothing else, so that a saved one can be shown again without the model that it came from.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../input-error.js';
import { controlsSchema, usedSchema } from './reading-parts.js';

const count = z.number().int().nonnegative();

/** An input that was judged. Arrays have an entry for each token, BOS and EOS included, unless said otherwise. */
const judgedFields = {
  /** The input without special tokens. */
  text: z.string(),
  tokens: z.array(z.string()).min(1),
  /** Whether it is among the task's inputs. */
  valid: z.boolean(),
  /** Least distance over its positions, from the probed model's own run. */
  distance: z.number(),
  /** The position that has it, an index into the tokens. */
  matchedPosition: count,
  /** Whether the distance is ε at the most. */
  inside: z.boolean(),
  /** Distance at each position that was compared: all before EOS. */
  distances: z.array(z.number()),
  /** Where and how far it is at the place that the reading's `alsoAt` names; null where it has no such place. */
  alsoAt: z.object({ position: count, distance: z.number() }).nullable().optional(),
  /**
   * What the activation adds to each token's likelihood, `p(token | z_q) − p(token | z_BOS)` under the decoder, −1 … 1;
   * null where it is not judged: every input has the token at this place, or the decoder cannot say the input.
   */
  tokenDelta: z.array(z.number().nullable()),
  /** Indices of tokens that follow from others: their likelihood is that at their place over all inputs, see `colours.ts`. */
  follows: z.array(count).optional(),
};

/** What fits no single field of a judged input. */
function expectSound(
  { tokens, matchedPosition, tokenDelta, follows, distances }: z.infer<z.ZodObject<typeof judgedFields>>,
  { addIssue }: { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void },
): void {
  const issue = (field: string, message: string): void =>
    addIssue({ code: 'custom', path: [field], message });
  if (matchedPosition >= tokens.length) issue('matchedPosition', 'lies behind the last token');
  if (tokenDelta.length !== tokens.length) issue('tokenDelta', 'must have one number a token');
  if (follows?.some((at) => at >= tokens.length) === true) issue('follows', 'names a token behind the last');
  if (distances.length > tokens.length) issue('distances', 'has more numbers than there are tokens');
}

/** One shown candidate. */
const sampleSchema = z
  .object({
    ...judgedFields,
    /** Number of the sampling round it came from, from 0. */
    round: count,
    /** Temperature of that round, where it is known. */
    temperature: z.number().optional(),
  })
  .superRefine(expectSound);

/** An input of a person's own: judged like a candidate, and counted nowhere. */
const ownSchema = z
  .object({
    ...judgedFields,
    /** How many of the candidates are this input. */
    drawn: count,
  })
  .superRefine(expectSound);

const querySchema = z
  .object({
    /** The input without special tokens. */
    input: z.string(),
    /** Its tokens from BOS to EOS. */
    tokens: z.array(z.string()).min(1),
    /** Index of the read token; BOS is 0. */
    position: count,
    /** The task's name of the position, if it has one. */
    place: z.string().nullable(),
    /** Full hook name. */
    site: z.string(),
  })
  .refine(({ tokens, position }) => position < tokens.length, {
    path: ['position'],
    message: 'lies behind the last token',
  });

/** What an activation tells, in words and figures; see `interpret/readout.ts`. */
export const readoutSchema = z.object({
  /** One line, without a full stop. */
  sentence: z.string(),
  /** Features whose value is known, none of which follows from those before it. */
  known: z.array(z.string()),
  /** Features that are known in part: of so many bits, so many. */
  partly: z.array(z.object({ feature: z.string(), bits: z.number(), of: z.number() })),
  /** Parts of the input of which nothing is known. */
  nothing: z.array(z.string()),
  /**
   * Where the preimage matches at several places: what the inputs of each tell, the largest part first; shares are of the
   * preimage. Empty where nearly all match at one place.
   */
  places: z.array(z.object({ place: z.string(), share: z.number(), sentence: z.string() })).default([]),
  /** Bits that the known features account for: how unlikely their values are over all inputs. */
  accounted: z.number(),
  /** Information in the activation, with an interval of at least 95%; null where too few inputs were found for a number. */
  bits: z.number().nullable(),
  low: z.number(),
  high: z.number().nullable(),
  /** Whether inputs were searched for, so that nothing is known of how often they occur; they were drawn where absent. */
  searched: z.boolean().optional(),
});

/** Checks a reading that comes from a file or another program; the fields are described where they are defined. */
export const readingSchema = z.object({
  task: z.string(),
  query: querySchema,
  metric: z.enum(['euclidean', 'cosine']),
  /** The largest distance inside, in units of the metric. */
  epsilon: z.number().nonnegative(),
  /** Whether ε was given, chosen for the site and place from their ε-curve, or is the task's; absent where nobody said. */
  epsilonFrom: z.enum(['given', 'curve', 'task']).optional(),
  seed: z.number(),
  /** Temperature that all candidates were drawn at; null in Auto mode, absent where it is not stated. */
  temperature: z.number().positive().nullable().optional(),
  /** Candidates judged, repeated ones counted each time. */
  candidates: count,
  /** Of the candidates, those within ε, valid or not. */
  inside: count,
  /** Of the candidates, those that are not among the task's inputs. */
  invalid: count,
  /** Different candidates. */
  distinct: count,
  /** The shown ones, 100 unless asked otherwise, sorted by distance. */
  samples: z.array(sampleSchema),
  /** A person's own inputs, in the order given; no figure counts them. */
  own: z.array(ownSchema).optional(),
  /**
   * A place, by name or index, at which distances are given beside the nearest; of the candidates, those that are within ε
   * there, and those that have no such place.
   */
  alsoAt: z.object({ place: z.string(), inside: count, absent: count }).optional(),
  /** Attention from the queried position to each token, for a site that is a head; else null. */
  attention: z.array(z.number()).nullable(),
  /** Sentences a person should see first. */
  warnings: z.array(z.string()),
  /** What the samples tell in words; absent from readings that were not interpreted. */
  readout: readoutSchema.optional(),
  /** Whether what the activation holds is used, by patching; absent where it was not asked for. */
  used: usedSchema.optional(),
  /** What is read of activations that hold nothing of the query; absent where it was not asked for. */
  controls: controlsSchema.optional(),
  /** Name, hash and weight processing of the probed model. */
  model: z.string(),
  /** Name and hash of the decoder. */
  decoder: z.string(),
});

/** One shown candidate. */
export type Sample = z.infer<typeof sampleSchema>;
/** An input of a person's own. */
export type OwnSample = z.infer<typeof ownSchema>;
/** What an activation tells, in words and figures. */
export type Readout = z.infer<typeof readoutSchema>;
/** What a person is shown of one query. */
export type Reading = z.infer<typeof readingSchema>;

/**
 * Takes a reading from parsed JSON; fields that it does not know are left out.
 * @param value what `JSON.parse` gave
 * @param name what to call it in an error: the file's name
 * @throws InputError naming the first field that is wrong
 * @example parseReading(JSON.parse(text), 'reading.json')
 */
export function parseReading(value: unknown, name: string): Reading {
  const parsed = readingSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? 'the whole' : issue.path.join('.');
  throw new InputError(`${name} is not a saved reading: ${field}: ${issue?.message ?? 'unknown fault'}.`);
}
