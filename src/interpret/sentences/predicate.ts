/**
 * Predicates: what a sentence about inputs says, in features. A predicate is true or false of an input, and may speak of
 * the query, whose values it is then held against.
 * @module
 */
import { type FeatureValue } from '../../tasks/feature.js';

/** How values are compared. */
export const signs = ['=', '!=', '<=', '>=', '<', '>'] as const;
/** See {@link signs}. */
export type Sign = (typeof signs)[number];

/** What a feature is compared with. */
export type Operand =
  | { readonly kind: 'value'; readonly value: FeatureValue }
  | { readonly kind: 'feature'; readonly name: string }
  /** The query's value of the same feature. */
  | { readonly kind: 'query' };

/** What a sentence says of an input. */
export type Predicate =
  | {
      readonly kind: 'compare';
      readonly feature: string;
      readonly sign: Sign;
      readonly operand: Operand;
    }
  | { readonly kind: 'among'; readonly feature: string; readonly values: readonly FeatureValue[] }
  | { readonly kind: 'not'; readonly of: Predicate }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Predicate[] };

/** Values of an input's features by name. */
export type ValuesByName = (feature: string) => FeatureValue;

/** Whether a predicate is true of an input. @param query values of the query's own input */
export function holds(predicate: Predicate, own: ValuesByName, query: ValuesByName): boolean {
  switch (predicate.kind) {
    case 'and':
      return predicate.of.every((part) => holds(part, own, query));
    case 'or':
      return predicate.of.some((part) => holds(part, own, query));
    case 'not':
      return !holds(predicate.of, own, query);
    case 'among':
      return predicate.values.includes(own(predicate.feature));
    case 'compare': {
      const { feature, sign, operand } = predicate;
      const other =
        operand.kind === 'value'
          ? operand.value
          : operand.kind === 'query'
            ? query(feature)
            : own(operand.name);
      return compared(own(feature), sign, other);
    }
  }
}

/** What is no number is neither smaller nor larger than anything. */
function compared(a: FeatureValue, sign: Sign, b: FeatureValue): boolean {
  if (sign === '=') return a === b;
  if (sign === '!=') return a !== b;
  if (typeof a !== 'number' || typeof b !== 'number') return false;
  return sign === '<' ? a < b : sign === '<=' ? a <= b : sign === '>' ? a > b : a >= b;
}

/** Names of the features that a predicate speaks of, each once. */
export function featuresIn(predicate: Predicate): string[] {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return [...new Set(predicate.of.flatMap(featuresIn))];
    case 'not':
      return featuresIn(predicate.of);
    case 'among':
      return [predicate.feature];
    case 'compare':
      return [
        ...new Set([
          predicate.feature,
          ...(predicate.operand.kind === 'feature' ? [predicate.operand.name] : []),
        ]),
      ];
  }
}

/** A predicate as it is written. Read again it is the same one, where no value is written as a name is. */
export function predicateText(predicate: Predicate): string {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.of
        .map((part) =>
          part.kind === 'and' || part.kind === 'or' ? `(${predicateText(part)})` : predicateText(part),
        )
        .join(` ${predicate.kind} `);
    case 'not':
      return `not (${predicateText(predicate.of)})`;
    case 'among':
      return `${predicate.feature} in {${predicate.values.map(valueText).join(', ')}}`;
    case 'compare': {
      const { feature, sign, operand } = predicate;
      const other =
        operand.kind === 'value'
          ? valueText(operand.value)
          : operand.kind === 'query'
            ? 'query'
            : operand.name;
      return `${feature} ${sign} ${other}`;
    }
  }
}

/** Numbers stand as they are; texts in quotes, so that none is taken for a name or a word of the language. */
const valueText = (value: FeatureValue): string =>
  value === null ? 'none' : typeof value === 'number' ? String(value) : JSON.stringify(value);
