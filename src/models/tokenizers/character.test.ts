import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../input-error.js';
import { characterTokenizer } from './character.js';

const tokenizer = characterTokenizer([...'abc129|:BE'], ['B', 'E']);

describe('characterTokenizer', () => {
  it('gives back what it was given', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...'abc129|:')), (characters) => {
        const text = characters.join('');
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
    );
  });

  it('leaves special tokens out of the text and shows them among the tokens', () => {
    expect(tokenizer.decode([8, 0, 9])).toBe('a');
    expect(tokenizer.tokens([8, 0, 9])).toEqual(['B', 'a', 'E']);
  });

  it.each(['x', 'B', ' ', '😀'])('refuses the character %j and says which are accepted', (character) => {
    expect(() => tokenizer.encode(`a${character}`)).toThrow(
      new InputError(
        `The character ${JSON.stringify(character)} in ${JSON.stringify(`a${character}`)} is not accepted: use a-c 1-2 9 | :.`,
      ),
    );
  });

  it.each([-1, 10, 0.5])('refuses the id %s', (id) => {
    expect(() => tokenizer.decode([id])).toThrow(InputError);
    expect(() => tokenizer.tokens([id])).toThrow(InputError);
  });
});
