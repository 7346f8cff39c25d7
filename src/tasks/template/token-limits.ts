/**
 * Parts of a template's texts that a model may not cut into more tokens than the file says: what a decoder is made for has at
 * most so many, and an answer of several tokens is not answered by the one that a model gives next.
 * @module
 */
import { InputError } from '../../input-error.js';
import { type Tokenizer } from '../../models/tokenizers/tokenizer.js';
import { quote } from '../../printable.js';
import { answersOf, textsOfSlot } from './answer-tokens.js';
import { type TemplateTexts } from './texts.js';

/**
 * @param longest tokens of the longest text
 * @throws InputError for a filler, an answer or a text that has more tokens than the template's `tokens` allow, which names
 *   it
 */
export function expectWithin(texts: TemplateTexts, tokenizer: Tokenizer, longest: number): void {
  const { template } = texts;
  const { text: mostOfText, answer: mostOfAnswer, slots } = template.tokens;
  const expectShort = (what: string, text: string, most: number, limit: string): void => {
    const ids = tokenizer.encode(text);
    if (ids.length <= most) return;
    const pieces = tokenizer.tokens(ids.slice(0, 6)).map((token) => token.trim());
    throw new InputError(
      `The ${what} ${quote(text.trim())} is ${ids.length} tokens in this model (${pieces.join(' ')}${ids.length > 6 ? ' …' : ''}), and ${template.name} allows ${most}: leave it out, or raise tokens.${limit} of its file.`,
    );
  };
  for (const [name, most] of slots)
    // Within a text a filler stands behind a space.
    for (const text of textsOfSlot(name, template.slots)) expectShort(name, ` ${text}`, most, name);
  if (mostOfAnswer !== null)
    for (const text of answersOf(texts)) expectShort('answer', text, mostOfAnswer, 'answer');
  if (mostOfText !== null && longest > mostOfText)
    throw new InputError(
      `The longest text of ${template.name} is ${longest} tokens in this model, and its file allows ${mostOfText}: give shorter fillers, or raise tokens.text.`,
    );
}
