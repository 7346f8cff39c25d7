/**
 * Sentences about what an activation holds, judged on its preimage: each is made a predicate of the task’s features, or put
 * to a language model, or returned with the reason why it is neither.
 * @module
 */
import { InputError } from '../../input-error.js';
import { type LanguageModel } from '../ask.js';
import { meanOf } from '../mutual-information.js';
import { type QueryRecord } from '../records.js';
import { type Asking, type AskingOptions, measureByAsking } from './ask-inputs.js';
import { type Evidence } from './evidence.js';
import { accountedTogether, type Measured, measurePredicate } from './measure-predicate.js';
import { predicateText } from './predicate.js';
import { readPredicate } from './read-predicate.js';
import { type Ranged, type SentenceFigures } from './sentence-figures.js';
import { type Sentence } from './sentence-file.js';
import { vocabularyOf } from './vocabulary.js';
import { type Predicate } from './predicate.js';

/** What came of a sentence at one query. */
export interface Judgement {
  /** By what it was judged; null where it was not. */
  readonly by: 'features' | 'language model' | null;
  /** The predicate that it was read as; null without one. */
  readonly predicate: string | null;
  /** Why no predicate stands for it; null where one does. */
  readonly reason: string | null;
  readonly figures: SentenceFigures | null;
  /** What was asked of a language model; null where nothing was. */
  readonly asking: Asking | null;
}

/** A query that sentences were judged on. */
export interface JudgedQuery extends QueryRecord {
  readonly kind: Evidence['kind'];
  /** What an exact set rests on, in a sentence; null of others. */
  readonly exactness: string | null;
  /** The place at which inputs were compared; null where it was the nearest of all positions. */
  readonly at: string | null;
  /** Distinct inputs inside that are known, and those outside that were looked at. */
  readonly inside: number;
  readonly outside: number;
  /** Information in the activation; null where nothing is known of it. */
  readonly bits: Ranged | null;
  /** Bits that all sentences read as predicates account for together; null where the preimage is not known whole. */
  readonly together: number | null;
}

/** A sentence with what came of it, query by query. */
export interface JudgedSentence extends Sentence {
  readonly judgements: readonly Judgement[];
  /** Means over the queries where it was judged; null of fewer than two. */
  readonly mean: MeanFigures | null;
}

/** Means over queries with Student’s 95% intervals. */
export interface MeanFigures {
  readonly queries: number;
  readonly inside: Ranged | null;
  readonly all: Ranged | null;
  readonly bits: Ranged | null;
  readonly controls: readonly { readonly activation: string; readonly share: Ranged | null }[];
}

/** Everything that was judged, as it is saved. */
export interface SentencesRecord {
  readonly queries: readonly JudgedQuery[];
  /** Names that sentences can speak of. */
  readonly features: readonly string[];
  readonly sentences: readonly JudgedSentence[];
}

/** Judges sentences at one query, one after another. @param asking null where no language model is set */
export async function judgeSentences(
  sentences: readonly Sentence[],
  evidence: Evidence,
  asking: { readonly languageModel: LanguageModel; readonly options: AskingOptions } | null,
  onProgress?: (done: number, all: number) => void,
): Promise<{ readonly judgements: Judgement[]; readonly together: number | null }> {
  const vocabulary = vocabularyOf(evidence.prior);
  const measured: Measured[] = [];
  const judgements: Judgement[] = [];
  for (const { label } of sentences) {
    const read = understood(label, vocabulary);
    if (typeof read !== 'string') {
      const own = measurePredicate(read, evidence);
      measured.push(own);
      const { figures } = own;
      judgements.push({
        by: 'features',
        predicate: predicateText(read),
        reason: null,
        figures,
        asking: null,
      });
    } else if (asking === null) {
      judgements.push({ by: null, predicate: null, reason: read, figures: null, asking: null });
    } else {
      const asked = await measureByAsking(asking.languageModel, label, evidence, asking.options);
      judgements.push({
        by: asked.figures === null ? null : 'language model',
        predicate: null,
        reason: read,
        ...asked,
      });
    }
    onProgress?.(judgements.length, sentences.length);
  }
  return { judgements, together: measured.length === 0 ? null : accountedTogether(evidence, measured) };
}

/** The predicate, or why there is none. */
function understood(label: string, vocabulary: ReturnType<typeof vocabularyOf>): Predicate | string {
  try {
    return readPredicate(label, vocabulary);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

/** Means of a sentence’s figures over queries. */
export function meanFigures(judgements: readonly Judgement[]): MeanFigures | null {
  const figures = judgements.flatMap((one) => one.figures ?? []);
  if (figures.length < 2) return null;
  const mean = (values: readonly number[], most: number): Ranged | null => {
    if (values.length === 0) return null;
    const { bits: value, low, high } = meanOf(values, most);
    return { value, low, high };
  };
  const activations = [
    ...new Set(figures.flatMap(({ controls }) => controls.map(({ activation }) => activation))),
  ];
  return {
    queries: figures.length,
    inside: mean(
      figures.flatMap(({ inside }) => inside?.share ?? []),
      1,
    ),
    all: mean(
      figures.flatMap(({ all }) => all?.share ?? []),
      1,
    ),
    bits: mean(
      figures.flatMap(({ bits }) => bits?.value ?? []),
      Infinity,
    ),
    controls: activations.map((activation) => ({
      activation,
      share: mean(
        figures.flatMap(
          ({ controls }) => controls.find((one) => one.activation === activation)?.share?.share ?? [],
        ),
        1,
      ),
    })),
  };
}
