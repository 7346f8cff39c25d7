/**
 * The token before a text. Models are trained with one before each document and behave otherwise without it; which one
 * it was, the files do not always say rightly, so a person can choose.
 * @module
 */
import { InputError, suggest } from '../../input-error.js';
import { quote } from '../../printable.js';
import { type TextTokenizer } from './text-tokenizer.js';

/** The choice that puts none. */
export const noBos = 'none';

/**
 * The id to put before a text, or null for none.
 * @param choice a token as the vocabulary writes it, an id, or `none`; without one, the token that the tokenizer's files
 * name, and none where they name none
 * @throws InputError for a token that is not in the vocabulary, with what comes near, and for an id outside it
 * @example tokenizer.encode(text, { bos: chooseBos(tokenizer, '<|endoftext|>') })
 */
export function chooseBos(tokenizer: TextTokenizer, choice?: string): number | null {
  if (choice === undefined) return tokenizer.bos?.id ?? null;
  if (choice === noBos) return null;
  const { vocabulary, specials } = tokenizer;
  if (/^\d+$/.test(choice)) {
    const id = Number(choice);
    if (id < vocabulary.length) return id;
    throw new InputError(`Token id ${choice} is not accepted: ids are 0 to ${vocabulary.length - 1}.`);
  }
  const id = choice === '' ? -1 : vocabulary.indexOf(choice);
  if (id >= 0) return id;
  const near = suggest(choice, specials) || suggest(choice, vocabulary);
  const some = specials.length === 0 ? '' : ` Special tokens are ${listed(specials)}.`;
  throw new InputError(
    `No token is ${quote(choice)}: give a token of the vocabulary, an id, or "${noBos}".${near === '' ? some : near}`,
  );
}

const listed = (tokens: readonly string[]): string =>
  `${tokens
    .slice(0, 6)
    .map((token) => quote(token))
    .join(', ')}${tokens.length > 6 ? ` and ${tokens.length - 6} more` : ''}`;
