/**
 * An explanation by a language model, and what it is worth: the model is shown samples inside and outside the
 * ε-preimages of several queries at one site, says what their activations hold, and names features; the features are
 * then measured on those very preimages.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../input-error.js';
import { type Task } from '../tasks/task.js';
import { type AskOptions, type LanguageModel, ask, attemptSchema, objectIn } from './ask.js';
import { type ExplainedQuery, explainPrompt, queryText } from './explain-prompt.js';
import { meanOf } from './mutual-information.js';
import { type Prior } from './prior.js';
import { Accounted, candidatesOf } from './readout.js';
import { valueIn } from './sentences/input-set.js';
import { type IsTrue, controlFigures } from './sentences/sentence-figures.js';

/** A claimed feature, over the queries. */
const claimSchema = z.object({
  feature: z.string(),
  bits: z.number(),
  /** Entropy over all inputs. */
  of: z.number(),
  consistency: z.number(),
  /** Share of the inputs near each control that have the query's value, over the queries, with its 95% interval. */
  controls: z
    .array(
      z.object({
        activation: z.enum(['query', 'bos', 'random']),
        consistency: z.number(),
        low: z.number().nullable(),
        high: z.number().nullable(),
      }),
    )
    .default([]),
});

/** An explanation with its worth, as it is stored. */
export const explanationSchema = z.object({
  task: z.string(),
  site: z.string(),
  place: z.string().nullable(),
  /** Each up to the place where it is read, which is marked. */
  queries: z.array(z.string()),
  model: z.string(),
  prompt: z.array(z.object({ role: z.enum(['system', 'user']), content: z.string() })),
  attempts: z.array(attemptSchema),
  /** The answer that counts: the last that ended well, else the longest; null when nothing came. */
  answer: z.string().nullable(),
  complete: z.boolean(),
  /** What it says in words; null when there is nothing to be read in it. */
  explanation: z.string().nullable(),
  claims: z.array(claimSchema),
  /** Claimed names that are no features. */
  unknown: z.array(z.string()),
  /** Of the information in the activations, in bits a query, what the claims account for. */
  accounted: z.number(),
  bits: z.number().nullable(),
});

/** An explanation with its worth. */
export type Explanation = z.infer<typeof explanationSchema>;

/**
 * Asks, and scores the answer. A fault of the endpoint is no error: it stands in the attempts.
 * @param queries of one site, with the features of `prior` measured on each
 */
export async function explain(
  languageModel: LanguageModel,
  task: Task,
  prior: Prior,
  about: { readonly site: string; readonly place: string | null },
  queries: readonly ExplainedQuery[],
  options: AskOptions = {},
): Promise<Explanation> {
  const prompt = explainPrompt(task, prior, queries);
  const attempts = await ask(
    languageModel,
    prompt,
    (text) =>
      readAnswer(text) === null ? 'the answer holds no JSON object with an explanation and features' : null,
    options,
  );
  const whole = attempts.filter(({ failure }) => failure === null).at(-1);
  const longest = [...attempts].sort((a, b) => b.text.length - a.text.length)[0];
  const answer = whole?.text ?? (longest?.text === '' ? undefined : longest?.text);
  const read = answer === undefined ? null : readAnswer(answer);
  const names = [...new Set(read?.features ?? [])];
  const known = prior.tables.map(({ feature }) => feature.name);
  const claimed = names.filter((name) => known.includes(name));
  const counted = queries.flatMap(({ bits }) => (bits === null ? [] : [bits]));
  return {
    task: task.name,
    ...about,
    queries: queries.map((query) => queryText(task, query)),
    model: languageModel.name,
    prompt: [...prompt],
    attempts,
    answer: answer ?? null,
    complete: whole !== undefined,
    explanation: read?.explanation ?? null,
    claims: claimed.map((name) => claimOf(prior, name, queries)),
    unknown: names.filter((name) => !known.includes(name)),
    accounted: mean(queries.map((query) => accountedBy(prior, query, claimed))),
    bits: counted.length === 0 ? null : mean(counted),
  };
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

function claimOf(
  prior: Prior,
  name: string,
  queries: readonly ExplainedQuery[],
): Explanation['claims'][number] {
  const own = queries.flatMap(({ features }) => features.find(({ feature }) => feature === name) ?? []);
  return {
    feature: name,
    bits: mean(own.map(({ bits }) => bits)),
    of: own[0]?.before ?? 0,
    consistency: mean(own.map(({ consistency }) => consistency)),
    controls: activations.flatMap((activation) => {
      const shares = queries.flatMap(({ ids, controls = [] }) => {
        const value = valueIn(prior, name, ids);
        const isTrue: IsTrue = (set) => (at) => set.valuesOf(at)(name) === value;
        const control = controls.find((one) => one.activation === activation);
        return control === undefined ? [] : (controlFigures(control, isTrue).share ?? []);
      });
      const [first, ...more] = shares;
      if (first === undefined) return [];
      // One query has the interval of its own draws.
      if (more.length === 0)
        return [{ activation, consistency: first.share, low: first.low, high: first.high }];
      const {
        bits: consistency,
        low,
        high,
      } = meanOf(
        shares.map(({ share }) => share),
        1,
      );
      return [{ activation, consistency, low, high }];
    }),
  };
}

const activations = ['query', 'random', 'bos'] as const;

/** Bits by which the claimed features' values in a preimage differ from those of all inputs. */
function accountedBy(prior: Prior, { sample, features }: ExplainedQuery, claimed: readonly string[]): number {
  const accounted = new Accounted(prior, sample);
  for (const candidate of candidatesOf(prior, sample, features)) {
    if (claimed.includes(candidate.figures.feature)) accounted.add(candidate);
  }
  return accounted.unlikeliness();
}

const answerSchema = z.object({ explanation: z.string(), features: z.array(z.string()) });

/** The JSON object in an answer, whatever stands around it; null when there is none of the form. */
export const readAnswer = (text: string): z.infer<typeof answerSchema> | null => objectIn(text, answerSchema);

/**
 * Takes an explanation from parsed JSON.
 * @throws InputError naming the first field that is wrong
 */
export function parseExplanation(value: unknown, name: string): Explanation {
  const parsed = explanationSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InputError(
    `${name} is not a saved explanation: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`,
  );
}
