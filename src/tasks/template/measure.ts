/**
 * How long texts of a template get in the tokens of a model, and which tokens they use, without all texts being written.
 *
 * Tokenizers cut a text at the spaces before words, and what stands between two cuts is encoded by itself. So a text is
 * parted into such stretches, and each is written with everything that its slots can hold, the others staying as they are.
 * @module
 */
import { type Tokenizer } from '../../models/tokenizers/tokenizer.js';
import { randomFor } from '../../random.js';
import { type PatternFillings, type Values, withValue } from './fillings.js';
import { type Part, slotsOfParts } from './template.js';
import { type TemplateTexts } from './texts.js';

/** Most ways to write a stretch of several slots that are all gone through; of more, every filler and so many draws are. */
const mostTogether = 20_000;

/**
 * @returns tokens that no text has more of, and the ids that texts use. Of slots that are written together in more than
 *   20,000 ways some rare token may be missing.
 */
export function measureTexts(
  texts: TemplateTexts,
  tokenizer: Pick<Tokenizer, 'encode'>,
): { readonly longest: number; readonly used: ReadonlySet<number> } {
  const used = new Set<number>();
  const lengthOf = (text: string): number => {
    const ids = tokenizer.encode(text);
    for (const id of ids) used.add(id);
    return ids.length;
  };
  const lengths = texts.patterns.map((own, pattern) => {
    const stretches = stretchesOf([...own.pattern.parts, ...(own.pattern.answer ?? [])]);
    const base = { pattern, values: own.at(0) };
    const written = stretches.map((parts) => texts.writeParts(base, parts));
    const usual = lengthOf(written.join(''));
    return stretches.reduce((sum, parts, at) => {
      if (slotsOfParts(parts).length === 0) return sum;
      const [before, after] = [written.slice(0, at).join(''), written.slice(at + 1).join('')];
      let most = usual;
      for (const text of writings(own, parts, texts, pattern))
        most = Math.max(most, lengthOf(before + text + after));
      return sum + most - usual;
    }, usual);
  });
  return { longest: Math.max(...lengths), used };
}

/** Parts up to each space before a word, and each end of a line before one. */
function stretchesOf(parts: readonly Part[]): Part[][] {
  const stretches: Part[][] = [[]];
  for (const part of parts) {
    if (part.kind === 'slot') {
      stretches.at(-1)?.push(part);
      continue;
    }
    part.text.split(/(?<!\s)(?= (?!\s))|(?<=\n)(?!\s)/).forEach((text, at) => {
      if (at > 0 || /^ (?!\s)/.test(text)) stretches.push([]);
      if (text !== '') stretches.at(-1)?.push({ kind: 'text', text });
    });
    if (part.text.endsWith('\n')) stretches.push([]);
  }
  return stretches;
}

/** The texts that a stretch can have. */
function writings(
  own: PatternFillings,
  parts: readonly Part[],
  texts: TemplateTexts,
  pattern: number,
): ReadonlySet<string> {
  const slots = slotsOfParts(parts);
  const most = slots.length === 1 ? Infinity : mostTogether;
  const found = new Set<string>();
  const walk = (at: number, text: string, values: Values): void => {
    const part = parts[at];
    if (found.size > most) return;
    if (part === undefined) found.add(text);
    else if (part.kind === 'text') walk(at + 1, text + part.text, values);
    else {
      const open = own.open(part.slot, values);
      if (open === null) {
        walk(at + 1, text + (own.filler(part.slot, values)?.text ?? ''), values);
        return;
      }
      for (let value = 0; value < (own.variables[open]?.size ?? 0); value++) {
        const filled = withValue(values, open, value);
        if (own.allowed(filled)) walk(at, text, filled);
      }
    }
  };
  walk(
    0,
    '',
    own.variables.map(() => -1),
  );
  if (found.size <= most) return found;
  const some = new Set<string>();
  const base = { pattern, values: own.at(0) };
  for (const slot of slots)
    for (const text of writings(own, [{ kind: 'slot', slot }], texts, pattern))
      some.add(
        parts
          .map((part) => (part.kind === 'slot' && part.slot === slot ? text : texts.writeParts(base, [part])))
          .join(''),
      );
  const random = randomFor(0, 'template measure');
  for (let draw = 0; draw < mostTogether; draw++)
    some.add(texts.writeParts({ pattern, values: own.draw(random) }, parts));
  return some;
}
