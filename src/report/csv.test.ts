import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csv } from './csv.js';

/** Reads RFC 4180 back. */
function parse(text: string): string[][] {
  const rows: string[][] = [[]];
  let field = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? '';
    if (quoted && character === '"' && text[i + 1] === '"') field += text[i++] ?? '';
    else if (character === '"') quoted = !quoted;
    else if (!quoted && (character === ',' || character === '\n')) {
      rows.at(-1)?.push(field);
      field = '';
      if (character === '\n') rows.push([]);
    } else field += character;
  }
  return rows.slice(0, -1);
}

describe('csv', () => {
  it('is read back as it was, whatever the fields hold', () => {
    const row = fc.record({ a: fc.string(), 'b,"c"': fc.string() });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), (rows) => {
        expect(parse(csv(rows))).toEqual([['a', 'b,"c"'], ...rows.map((one) => Object.values(one))]);
      }),
    );
  });

  it('keeps all digits of numbers, and leaves empty what is not there', () => {
    expect(
      csv([
        { a: 0.1, b: true },
        { a: null, c: 1e-9 },
      ]),
    ).toBe('a,b,c\n0.1,true,\n,,1e-9\n');
  });
});
