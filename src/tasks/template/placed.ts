/**
 * Where the named places of a template stand in an input.
 * @module
 */
import { type PlacedMention, type TemplateInput } from './inputs.js';
import { type NamedPlace, type PlaceRule } from './template.js';
import { type TemplateTexts } from './texts.js';

type MentionRule = Extract<PlaceRule, { kind: 'mention' }>;

/** The number of the mention that a rule speaks of, among those of an input from left to right; null where it has none. */
export function mentionOf(
  { template, patterns }: TemplateTexts,
  rule: MentionRule,
  { filling, mentions }: TemplateInput,
): number | null {
  const own = patterns[filling.pattern];
  const root = own?.root(rule.slot, filling.values);
  if (root === null || root === undefined) return null;
  const attribute = (slot: string): string | null => {
    const source = template.slots.get(slot);
    return source?.kind === 'attribute' ? source.attribute : null;
  };
  const wanted = attribute(own?.meant(rule.slot) ?? rule.slot);
  const found = mentions.flatMap((mention, at) =>
    mention.root === root && attribute(mention.slot) === wanted ? [at] : [],
  );
  return found.at(rule.mention) ?? null;
}

/** The token of a mention that a rule speaks of. */
export function tokenOfMention(
  { token }: Pick<MentionRule, 'token'>,
  { first, last }: Pick<PlacedMention, 'first' | 'last'>,
): number {
  switch (token) {
    case 'last':
      return last;
    case 'first':
      return first;
    case 'after':
      return last + 1;
    case 'before':
      return first - 1;
  }
}

/** The index of a named place in an input; null where it has none. */
export function placed(texts: TemplateTexts, { rule }: NamedPlace, input: TemplateInput): number | null {
  if (rule.kind === 'end') return input.end;
  const mention = input.mentions[mentionOf(texts, rule, input) ?? -1];
  return mention === undefined ? null : tokenOfMention(rule, mention);
}
