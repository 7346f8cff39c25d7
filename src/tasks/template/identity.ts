/**
 * What tells the texts of one template from those of another, whatever both are called.
 * @module
 */
import { type Template } from './template.js';

/**
 * All of a template that decides its texts, how likely each is, and which are held out, as JSON. How they are read
 * (places, sites, ε) is no part of it.
 */
export function textIdentity({ name, patterns, slots, constraints, answer, split }: Template): string {
  return JSON.stringify(
    {
      name,
      patterns: patterns.map(({ text, weight, answer: own, attributes }) => ({
        text,
        weight,
        ...(own === answer ? {} : { answer: own }),
        ...(attributes.size === 0 ? {} : { attributes }),
      })),
      slots,
      constraints: constraints.map(({ text }) => text),
      answer,
      split,
    },
    (_, value: unknown) => (value instanceof Map ? [...(value as Map<unknown, unknown>)] : value),
  );
}
