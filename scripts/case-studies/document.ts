/**
 * Case studies as documents. A number that was measured is followed by a comment that names it, and is written anew
 * whenever it is measured anew; so are whole tables. What the page says and what was measured cannot part.
 *
 * `33.2<!-- shipped/patch/A1-from-F1S1/forward/a0.0@= -->` has as many digits as stand there. After a number in per cent
 * the share is meant; a unit may stand between number and comment, and so may the interval of a mean: `4.3 (3.9–4.7)`. A table stands
 * between `<!-- table NAME -->` and `<!-- /table -->`. What a sentence claims of the numbers stands behind it, see `claims.ts`: a
 * document whose claims do not hold any more is not written.
 * @module
 */
import { format } from 'prettier';
import { check, claimsOf } from './claims.js';
import { type Measured, numberOf } from './measured.js';

const marked =
  /(−?[\d,]*\d(?:\.\d+)?)(%|\s(?:logits?|bits?|nats?|inputs)\b)?(\s\([\d.]+–[\d.]+\))?<!-- (?!holds:)([^>]+?) -->/gu;
const tabled = /<!-- table (\S+) -->[^]*?<!-- \/table -->/gu;

/** A number as it is written, with so many digits behind the point. */
export function written(value: number, digits: number): string {
  const text = value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return text.replace(/^-(?=[0.]*$)/, '').replace('-', '−');
}

/**
 * The document with every marked number and table as measured.
 * @throws BrokenClaim where a sentence's claim does not hold of it
 */
export async function filled(
  document: string,
  measured: Measured,
  tables: Readonly<Record<string, (measured: Measured) => string>>,
): Promise<string> {
  const text = document
    .replaceAll(
      marked,
      (_, number: string, unit: string | undefined, interval: string | undefined, path: string) => {
        const digits = number.split('.')[1]?.length ?? 0;
        const value = numberOf(measured, path) * (unit === '%' ? 100 : 1);
        const range = interval === undefined ? '' : ` ${intervalOf(measured, path, digits)}`;
        return `${written(value, digits)}${unit ?? ''}${range}<!-- ${path} -->`;
      },
    )
    .replaceAll(tabled, (_, name: string) => {
      const table = tables[name];
      if (table === undefined) throw new RangeError(`there is no table ${name}`);
      return `<!-- table ${name} -->\n\n${table(measured)}\n\n<!-- /table -->`;
    });
  for (const claim of claimsOf(document)) check(claim, measured);
  return format(text, { parser: 'markdown', printWidth: 110, singleQuote: true });
}

/** The interval of a mean: `(3.9–4.7)`. */
export const intervalOf = (measured: Measured, path: string, digits: number): string =>
  `(${['low', 'high'].map((end) => written(numberOf(measured, `${path}/${end}`), digits)).join('–')})`;

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Numbers with a unit that no comment names: nobody can say where they come from. The level of an interval is none. */
export function unnamed(document: string): string[] {
  const prose = document
    .replaceAll(tabled, '')
    .replaceAll(/```[^]*?```/g, '')
    .replaceAll(/`[^`]*`/g, '')
    .replaceAll(marked, '');
  return [...prose.matchAll(/−?\d[\d,.]*(?:%(?! intervals?\b)|\s(?:logits?|bits?|nats?|inputs)\b)/gu)].map(
    ([text]) => text,
  );
}

/** Pictures that a document shows. */
export const picturesOf = (document: string): string[] =>
  [...document.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, file = '']) => file);
