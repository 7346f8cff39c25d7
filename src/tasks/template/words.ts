/**
 * The words that texts of a template are made of: the vocabulary of a model that is trained on these texts alone.
 * @module
 */
import { InputError } from '../../input-error.js';
import { measureTexts } from './measure.js';
import { type TemplateTexts, textsOf } from './texts.js';

/** Most words of a vocabulary: with more, embeddings are most of a small model and most of each step. */
export const mostWords = 10_000;

/**
 * The words of a template's prompts, answers and contrast answers, each once, sorted.
 * @param cut the words of a text, which put together are the text
 * @throws InputError for more than 10,000 words
 */
export function wordsOfTexts(texts: TemplateTexts, cut: (text: string) => readonly string[]): string[] {
  const { template } = texts;
  const numbers = new Map<string, number>();
  const numberOf = (word: string): number => {
    const known = numbers.get(word) ?? numbers.size;
    numbers.set(word, known);
    if (numbers.size > mostWords)
      throw new InputError(
        `${template.name} uses more than ${mostWords} words, too many for a small model of its own: put spaces between slots, or give fewer fillers.`,
      );
    return known;
  };
  const encode = (text: string): number[] => cut(text).map(numberOf);
  measureTexts(texts, { encode });
  const against = template.contrast?.answer ?? null;
  if (against !== null) {
    const patterns = template.patterns.map((pattern) => ({ ...pattern, answer: against }));
    measureTexts(textsOf({ ...template, patterns }), { encode });
  }
  return [...numbers.keys()].sort((a, b) => (a < b ? -1 : 1));
}
