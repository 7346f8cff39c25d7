import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from './input-error.js';
import { oneLine, quote } from './printable.js';

const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const anything = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)), maxLength: 5000 }),
);

describe('quote', () => {
  it.each([
    ['ln_f.bias', '"ln_f.bias"'],
    ['ü 中 🙂', '"ü 中 🙂"'],
    ['a"b\\c', String.raw`"a\"b\\c"`],
    ['\u001b[31mRED\u001b]0;title\u0007\n', String.raw`"\u001b[31mRED\u001b]0;title\u0007\n"`],
    ['\u009b2J\u202eevil\u2028\ufeff', String.raw`"\u009b2J\u202eevil\u2028\ufeff"`],
    ['\u{e0041}\ud800', String.raw`"\udb40\udc41\ud800"`],
  ])('shows %j as %s', (text, shown) => {
    expect(quote(text)).toBe(shown);
  });

  it('cuts at 80 characters, never inside one', () => {
    expect(quote('a'.repeat(80))).toBe(`"${'a'.repeat(80)}"`);
    expect(quote('a'.repeat(40_000))).toBe(`"${'a'.repeat(80)}…"`);
    expect(quote('🙂'.repeat(41))).toBe(`"${'🙂'.repeat(40)}…"`);
    expect(quote('\u001b'.repeat(14))).toBe(`"${'\\u001b'.repeat(13)}…"`);
  });

  it('is printable, short and read back by JSON, whatever it is given', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const shown = quote(text);
        expect(shown).not.toMatch(unprintable);
        expect(shown.length).toBeLessThanOrEqual(83);
        const back: unknown = JSON.parse(shown);
        expect(back === text || text.startsWith(String(back).slice(0, -1))).toBe(true);
      }),
    );
  });
});

describe('a message', () => {
  it('is one printable line of bounded length, as InputError has it', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const { message } = new InputError(`a.json: ${text}: no.`);
        expect(message).toBe(oneLine(`a.json: ${text}: no.`));
        expect(message).not.toMatch(unprintable);
        expect(message).toMatch(/^a\.json: .*: no\.$/);
        expect(message.length).toBeLessThan(6 * 2100);
      }),
    );
  });

  it('keeps both ends when it is cut', () => {
    const { message } = new InputError(`a.json has "${'x'.repeat(40_000)}", which is not accepted.`);
    expect(message).toMatch(/^a\.json has "x+ … x+", which is not accepted\.$/);
    expect(message.length).toBe(2003);
  });
});
