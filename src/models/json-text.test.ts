import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { decodeText, parseJson } from './json-text.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** UTF-16 with its mark. */
function utf16(text: string, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(2 * text.length + 2);
  const view = new DataView(bytes.buffer);
  `\ufeff${text}`.split('').forEach((unit, at) => view.setUint16(2 * at, unit.charCodeAt(0), littleEndian));
  return bytes;
}

describe('parseJson', () => {
  it('reads the same from every form in which an editor saves a file', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        const unix = JSON.stringify(value, null, indent);
        const windows = `${unix.replaceAll('\n', '\r\n')}\r\n`;
        const forms = [unix, windows].flatMap((text) => [
          utf8(text),
          utf8(`\ufeff${text}`),
          utf16(text, true),
          utf16(text, false),
        ]);
        for (const form of forms) expect(parseJson(form, 'a.json')).toEqual(JSON.parse(unix));
      }),
    );
  });

  it.each<[string, Uint8Array]>([
    ['two marks', utf8('\ufeff\ufeff{}')],
    ['a mark alone', utf8('\ufeff')],
    ['a mark inside', utf8('{\ufeff}')],
    ['UTF-16 without a mark', utf16('{}', true).slice(2)],
    ['half a UTF-16 character', utf16('{}', true).slice(0, -1)],
    ['bytes of no encoding', Uint8Array.of(0x22, 0xff, 0xfe, 0x22)],
    ['nothing', new Uint8Array(0)],
  ])('refuses %s in one printable line that names the file', (_, bytes) => {
    expect(() => parseJson(bytes, 'a.json')).toThrow(InputError);
    expect(() => parseJson(bytes, 'a.json')).toThrow(/^a\.json: not JSON: [^\p{Cc}\p{Cf}]+$/u);
  });

  it('leaves a mark that is part of the text', () => {
    expect(decodeText(utf8('"a\ufeff"'))).toBe('"a\ufeff"');
  });
});
