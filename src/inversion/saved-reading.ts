/**
 * A reading with all its samples: what is saved, and opened again with threshold and metric still to choose. A
 * {@link Reading} is one view of it.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../input-error.js';
import { shortName } from '../models/hooks.js';
import { randomFor } from '../random.js';
import { type Task } from '../tasks/task.js';
import { idsOfTokens } from '../tasks/tokens.js';
import { chooseShown } from './choose.js';
import { indexOfPlace } from './placed.js';
import { type Reading, type Sample, readingSchema } from './reading.js';
import { shownSamples } from './view.js';

const count = z.number().int().nonnegative();

/** How distance is measured. */
export const metricSchema = z.enum(['euclidean', 'cosine']);

/** Facts about an input of a task: `{ sum: 1476, C2: 0, C3: 0 }`, `{ count: 8, letters: "c 6, v 8, z 2" }`. */
export const annotationSchema = z.record(z.string(), z.union([z.string(), z.number()]));

/** What was asked, and what is known of it before sampling. */
export const queryFactsSchema = z.object({
  task: z.string(),
  /** Without special tokens. */
  input: z.string(),
  /** From BOS to EOS. */
  tokens: z.array(z.string()).min(1),
  position: count,
  /** The task's name of the position; null where it has none. */
  place: z.string().nullable(),
  /** Full and short name. */
  site: z.string(),
  short: z.string(),
  /** Attention from the position to each token, for a head; else null. */
  attention: z.array(z.number()).nullable(),
  /** Sentences a person should see first. */
  warnings: z.array(z.string()),
  /** Names and hashes. */
  model: z.string(),
  decoder: z.string(),
  /** Facts about the query's input. */
  annotation: annotationSchema,
  /** Null where a file does not say. */
  seed: z.number().int().nonnegative().nullable(),
  /** Temperature that all candidates were drawn at; null in Auto mode, absent where it is not stated. */
  temperature: z.number().positive().nullable().optional(),
  /** Names of the task's places in the input, in order. */
  places: z.array(z.string()).optional(),
});
/** What was asked, and what is known of it before sampling. */
export type QueryFacts = z.infer<typeof queryFactsSchema>;

/** Distances of a sample in one metric. */
export const verdictSchema = z.object({
  /** The least. */
  distance: z.number(),
  /** Where it is: the matched position. */
  position: count,
  /** At each compared position: all before EOS. */
  distances: z.array(z.number()),
});

/** An input that the probed model ran. */
export const judgedInputSchema = z.object({
  /** From BOS to EOS (or as far as it goes). */
  tokens: z.array(z.string()).min(1),
  /** Without special tokens. */
  text: z.string(),
  /** Whether it is an input of the task, and if not, why. */
  valid: z.boolean(),
  fault: z.string().nullable(),
  annotation: annotationSchema,
  /** For each of the query's places the index of the token that has it here, −1 where none has. */
  places: z.array(z.number().int()).optional(),
  /** A file that was imported may have one of the two alone. */
  euclidean: verdictSchema.nullable(),
  cosine: verdictSchema.nullable(),
});

/** A distinct input that was drawn. */
export const readSampleSchema = judgedInputSchema.extend({
  /** The round that drew it first, and its temperature where it is known. */
  round: count,
  temperature: z.number().optional(),
});
/** A distinct input that was drawn. */
export type ReadSample = z.infer<typeof readSampleSchema>;

/** Colours, null where they were not computed: one number a token, see `tokenDelta` and `follows` of a {@link Reading}. */
const colourFields = {
  tokenDelta: z.array(z.number().nullable()).nullable(),
  follows: z.array(count).optional(),
};

/** An input of a person's own with its colours. */
export const ownInputSchema = judgedInputSchema.extend({
  ...colourFields,
  /** How many of all candidates were this input, where the file has only some of them. */
  drawn: count.optional(),
});
/** An input of a person's own with its colours. */
export type OwnInput = z.infer<typeof ownInputSchema>;

/** A distinct input with how often it was drawn and its colours. */
export const savedSampleSchema = readSampleSchema.extend({ count: z.number().int().min(1), ...colourFields });
/** A distinct input with how often it was drawn and its colours. */
export type SavedSample = z.infer<typeof savedSampleSchema>;

/** The fields of a saved reading but its request, which belongs to whoever saves it. */
export const savedReadingShape = {
  format: z.literal('inversionview-reading'),
  version: z.literal(1),
  query: queryFactsSchema,
  /** How it was viewed. */
  view: z.object({
    metric: metricSchema,
    epsilon: z.number().nonnegative(),
    /** The place at which distances were given beside the nearest: a name, or an index of a place without one. */
    alsoAt: z.string().optional(),
  }),
  /** Metrics that all samples have distances in. */
  metrics: z.array(metricSchema).min(1),
  samples: z.array(savedSampleSchema),
  /** A person's own inputs, counted nowhere. */
  own: z.array(ownInputSchema).optional(),
  /** An imported file may hold only some of the candidates: what it says of all of them, under `view`. */
  stated: z.object({ candidates: count, inside: count, invalid: count, distinct: count }).nullable(),
};

/** A reading with all its samples. */
export interface SavedReading {
  readonly format: 'inversionview-reading';
  readonly version: 1;
  readonly query: QueryFacts;
  readonly view: {
    readonly metric: Reading['metric'];
    readonly epsilon: number;
    readonly alsoAt?: string | undefined;
  };
  readonly metrics: readonly Reading['metric'][];
  readonly samples: readonly SavedSample[];
  readonly own?: readonly OwnInput[] | undefined;
  readonly stated: z.infer<typeof savedReadingShape.stated>;
}

/** What fits no single field of a saved reading; null when all is well. */
export function savedReadingFault({ query, view, metrics, samples, own }: SavedReading): string | null {
  if (query.position >= query.tokens.length) return 'query.position lies behind the last token';
  if (!metrics.includes(view.metric)) return 'view.metric is none of its metrics';
  const inputs = [
    ...samples.map((sample, at) => [`samples.${at}`, sample] as const),
    ...(own ?? []).map((input, at) => [`own.${at}`, input] as const),
  ];
  for (const [name, { tokens, tokenDelta, follows, ...verdicts }] of inputs) {
    if (tokenDelta !== null && tokenDelta.length !== tokens.length)
      return `${name}.tokenDelta must have one number a token`;
    if (follows?.some((index) => index >= tokens.length))
      return `${name}.follows names a token behind the last`;
    for (const metric of metrics) {
      const verdict = verdicts[metric];
      if (verdict === null) return `${name} has no distances in the ${metric} metric`;
      if (verdict.position >= tokens.length || verdict.distances.length > tokens.length)
        return `${name}.${metric} has more positions than there are tokens`;
    }
  }
  return null;
}

/** What a person is shown of a saved reading: the same samples as `read` would have shown under its view. */
export function readingOf(saved: SavedReading, shown = shownSamples): Reading {
  const { query, view, samples, own, stated } = saved;
  const { metric, epsilon, alsoAt } = view;
  const { task, attention, warnings, model, decoder, seed, temperature } = query;
  const { input, tokens, position, place, site } = query;
  const measured = samples.map((sample) => {
    const distance = sample[metric]?.distance ?? Infinity;
    return { sample, distance, inside: distance <= epsilon };
  });
  const keyOf = (one: { readonly tokens: readonly string[] }): string => one.tokens.join('\0');
  const chosen = chooseShown(measured, ({ sample }) => keyOf(sample), shown, randomFor(seed ?? 0, 'shown'));
  const total = (counted: readonly SavedSample[]): number =>
    counted.reduce((sum, sample) => sum + sample.count, 0);
  const at = (sample: SavedSample | OwnInput): { position: number; distance: number } | null => {
    const index = alsoAt === undefined ? null : indexOfPlace(query, sample, alsoAt);
    const distance = index === null ? undefined : sample[metric]?.distances[index];
    return index === null || distance === undefined ? null : { position: index, distance };
  };
  const seen = (sample: SavedSample | OwnInput) => {
    const { distance = Infinity, position: matchedPosition = 0, distances = [] } = sample[metric] ?? {};
    return {
      text: sample.text,
      tokens: sample.tokens,
      valid: sample.valid,
      distance,
      matchedPosition,
      inside: distance <= epsilon,
      distances,
      ...(alsoAt === undefined ? {} : { alsoAt: at(sample) }),
      tokenDelta: sample.tokenDelta ?? sample.tokens.map(() => null),
      ...(sample.follows === undefined ? {} : { follows: sample.follows }),
    };
  };
  return {
    task,
    query: { input, tokens, position, place, site },
    seed: seed ?? 0,
    ...(temperature === undefined ? {} : { temperature }),
    attention,
    warnings,
    model,
    decoder,
    metric,
    epsilon,
    candidates: stated?.candidates ?? total(samples),
    inside: stated?.inside ?? total(measured.filter(({ inside }) => inside).map(({ sample }) => sample)),
    invalid: stated?.invalid ?? total(samples.filter(({ valid }) => !valid)),
    distinct: stated?.distinct ?? samples.length,
    samples: chosen.map(({ sample }) => ({
      ...seen(sample),
      round: sample.round,
      ...(sample.temperature === undefined ? {} : { temperature: sample.temperature }),
    })),
    ...(own === undefined || own.length === 0
      ? {}
      : {
          own: own.map((one) => ({
            ...seen(one),
            drawn: one.drawn ?? total(samples.filter((sample) => keyOf(sample) === keyOf(one))),
          })),
        }),
    ...(alsoAt === undefined
      ? {}
      : {
          alsoAt: {
            place: alsoAt,
            inside: total(samples.filter((sample) => (at(sample)?.distance ?? Infinity) <= epsilon)),
            absent: total(samples.filter((sample) => at(sample) === null)),
          },
        }),
  };
}

/** Facts about the input that tokens spell; empty when the task is unknown or a token is none of its own. */
export function annotationOf(
  task: Task | undefined,
  tokens: readonly string[],
): z.infer<typeof annotationSchema> {
  const ids = idsOf(task, tokens);
  return task === undefined || ids === null ? {} : task.annotate(ids);
}

/** Why tokens spell no input of the task; null when they do or the task is unknown. */
export function faultOf(task: Task | undefined, tokens: readonly string[]): string | null {
  const ids = idsOf(task, tokens);
  if (task === undefined) return null;
  return ids === null ? 'has tokens that the task does not know' : task.check(ids);
}

function idsOf(task: Task | undefined, tokens: readonly string[]): number[] | null {
  if (task === undefined) return null;
  const ids = idsOfTokens(task, tokens);
  return ids.every((id) => id !== null) ? ids : null;
}

/**
 * A reading that was written by `inversionview read --json`, as a saved one: its shown samples, in its one metric.
 * @param name what to call it in an error
 * @param tasks by which facts of its inputs are known
 * @throws InputError naming the first field that is wrong
 */
export function savedFromReading(value: unknown, name: string, tasks: readonly Task[]): SavedReading {
  const parsed = readingSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new InputError(
      `${name} is not a reading: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown fault'}.`,
    );
  }
  const { query, samples, own, alsoAt, metric, epsilon, candidates, inside, invalid, distinct, ...rest } =
    parsed.data;
  const { attention, warnings, model, decoder, seed, temperature } = rest;
  const task = tasks.find((one) => one.name === rest.task);
  const judged = (sample: Omit<Sample, 'round' | 'temperature'>): OwnInput => {
    const { tokens, text, valid, tokenDelta, follows, distance, matchedPosition, distances } = sample;
    const verdict = { distance, position: matchedPosition, distances };
    return {
      tokens,
      text,
      valid,
      fault: valid ? null : faultOf(task, tokens),
      annotation: annotationOf(task, tokens),
      euclidean: metric === 'euclidean' ? verdict : null,
      cosine: metric === 'cosine' ? verdict : null,
      ...(alsoAt === undefined ? {} : { places: [sample.alsoAt?.position ?? -1] }),
      tokenDelta,
      ...(follows === undefined ? {} : { follows }),
    };
  };
  return {
    format: 'inversionview-reading',
    version: 1,
    query: {
      ...query,
      task: rest.task,
      short: shortName(query.site),
      attention,
      warnings,
      model,
      decoder,
      annotation: annotationOf(task, query.tokens),
      seed: Number.isSafeInteger(seed) && seed >= 0 ? seed : null,
      ...(temperature === undefined ? {} : { temperature }),
      ...(alsoAt === undefined ? {} : { places: [alsoAt.place] }),
    },
    view: { metric, epsilon, ...(alsoAt === undefined ? {} : { alsoAt: alsoAt.place }) },
    metrics: [metric],
    samples: samples.map(({ round, temperature: own, ...sample }) => ({
      ...judged(sample),
      round,
      ...(own === undefined ? {} : { temperature: own }),
      count: 1,
    })),
    ...(own === undefined ? {} : { own: own.map((one) => ({ ...judged(one), drawn: one.drawn })) }),
    stated: { candidates, inside, invalid, distinct },
  };
}
