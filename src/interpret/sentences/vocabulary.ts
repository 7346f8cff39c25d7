/**
 * What sentences can speak of: features by name, phrase and attribute, and the values that inputs have of them.
 * @module
 */
import { type FeatureValue } from '../../tasks/feature.js';
import { type Prior } from '../prior.js';

/** A feature that can be named. */
export interface NamedFeature {
  readonly name: string;
  readonly values: readonly FeatureValue[];
  /** Whether no input has another value. */
  readonly complete: boolean;
  /** Every way to write it; the name itself first. */
  readonly patterns: readonly Pattern[];
}

/** A way to write a name, by the case of its letters and regardless of it. */
interface Pattern {
  readonly exact: RegExp;
  readonly anyCase: RegExp;
}

/** Features that can be named. */
export type Vocabulary = readonly NamedFeature[];

/** The features of a prior with the values that its inputs have. */
export const vocabularyOf = ({ tables, complete }: Prior): Vocabulary =>
  tables.map(({ feature: { name, phrase }, values }) => namedFeature(name, values, { phrase, complete }));

/** @param phrase how a sentence names it beside its name */
export const namedFeature = (
  name: string,
  values: readonly FeatureValue[],
  { phrase, complete = true }: { readonly phrase?: string | undefined; readonly complete?: boolean } = {},
): NamedFeature => ({
  name,
  values: [...values],
  complete,
  patterns: [literally(name), ...attributeForms(name), ...phraseForms(name, phrase)],
});

/** `gender(S)`, `gender of S`, `gender of the S` and `S's gender` for `S.gender`. */
function attributeForms(name: string): Pattern[] {
  const dot = name.lastIndexOf('.');
  if (dot <= 0 || dot === name.length - 1) return [];
  const [owner, attribute] = [escaped(name.slice(0, dot)), escaped(name.slice(dot + 1))];
  return [
    pattern(`${attribute}\\s*\\(\\s*${owner}\\s*\\)`),
    pattern(`${attribute}\\s+of\\s+(?:the\\s+)?${owner}`),
    pattern(`${owner}['’]s\\s+${attribute}`),
  ];
}

/** The phrase without its article; of `C2, the carry out of the tens` what stands behind the name as well. */
function phraseForms(name: string, phrase: string | undefined): Pattern[] {
  if (phrase === undefined) return [];
  const bare = (text: string): string => text.replace(/^the\s+/, '');
  const behind = phrase.startsWith(`${name}, `) ? [bare(phrase.slice(name.length + 2))] : [];
  return [bare(phrase), ...behind].filter((text) => text !== name && text !== '').map(literally);
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** A text with any white space around its signs: `{F1, S1}` and `F1 + S1` too. */
const literally = (text: string): Pattern =>
  pattern(
    (text.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) ?? [])
      .map((part) => {
        if (part.trim() === '') return '\\s+';
        if (/^['’]$/.test(part)) return "['’]";
        return /^[{},+]$/.test(part) ? `\\s*${escaped(part)}\\s*` : escaped(part);
      })
      .join('')
      .replace(/^\\s\*|\\s\*$/g, ''),
  );

/** Matches where it is set, and not within a word. */
function pattern(source: string): Pattern {
  const before = /^[\p{L}\p{N}]/u.test(source) ? '(?<![\\p{L}\\p{N}_])' : '';
  const after = /[\p{L}\p{N}]$/u.test(source) ? '(?![\\p{L}\\p{N}_])' : '';
  const whole = `${before}(?:${source})${after}`;
  return { exact: new RegExp(whole, 'uy'), anyCase: new RegExp(whole, 'iuy') };
}

/** The length of a match at a place; 0 where there is none. */
export function matchedAt(own: RegExp, text: string, at: number): number {
  own.lastIndex = at;
  return own.exec(text)?.[0].length ?? 0;
}
