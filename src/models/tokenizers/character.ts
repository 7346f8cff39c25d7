/**
 * A tokenizer with one token for each character, for tasks written in a small alphabet.
 * @module
 */
import { InputError } from '../../input-error.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * Builds the tokenizer of an alphabet.
 * @param vocabulary one character each; the index is the id
 * @param special members of the vocabulary that mark structure (begin, end, padding): `encode` refuses them in a
 *   text, `decode` leaves them out, `tokens` shows them
 * @example characterTokenizer(['a', 'b', 'E'], ['E']).encode('ab') // [0, 1]
 */
export function characterTokenizer(
  vocabulary: readonly string[],
  special: readonly string[] = [],
): Tokenizer {
  const ids = new Map<string, number>();
  vocabulary.forEach((token, id) => {
    if (!special.includes(token)) ids.set(token, id);
  });
  const accepted = describeCharacters([...ids.keys()]);

  const tokenOf = (id: number): string => {
    const token = vocabulary[id];
    if (token === undefined) {
      throw new InputError(`Token id ${id} is not accepted: ids are 0 to ${vocabulary.length - 1}.`);
    }
    return token;
  };

  return {
    vocabulary,
    encode(text) {
      return Array.from(text, (character) => {
        const id = ids.get(character);
        if (id === undefined) {
          throw new InputError(
            `The character ${JSON.stringify(character)} in ${JSON.stringify(text)} is not accepted: use ${accepted}.`,
          );
        }
        return id;
      });
    },
    decode(sequence) {
      let text = '';
      for (const id of sequence) {
        const token = tokenOf(id);
        if (ids.has(token)) text += token;
      }
      return text;
    },
    tokens: (sequence) => sequence.map(tokenOf),
  };
}

/** `a-z 1-9 | :` for an alphabet: runs of neighbouring characters are drawn together. */
function describeCharacters(characters: readonly string[]): string {
  const runs: { first: string; last: string }[] = [];
  for (const character of characters) {
    const run = runs.at(-1);
    if (run !== undefined && /\w/.test(character) && character.charCodeAt(0) === run.last.charCodeAt(0) + 1) {
      run.last = character;
    } else {
      runs.push({ first: character, last: character });
    }
  }
  return runs.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(' ');
}
