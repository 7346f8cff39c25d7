/**
 * Named places of a template: `first S`, `after first S`, `start of last place`, `last`.
 * @module
 */
import { suggest } from '../../input-error.js';
import { quote } from '../../printable.js';
import { type WrittenDocument } from './document.js';
import { type NamedPlace, type Pattern, type PlaceRule, type Slot, slotsOfParts } from './template.js';

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth'];

/**
 * Reads the places of a template. Without any, each slot of the patterns gives its first mention, and END is the last
 * token of the prompt.
 * @throws InputError with file and line for a rule that is none, or of a slot that is not there
 */
export function readPlaces(
  document: WrittenDocument,
  rules: Readonly<Record<string, string>> | null,
  slots: ReadonlyMap<string, Slot>,
  patterns: readonly Pattern[],
): NamedPlace[] {
  if (rules === null) {
    const used = [...new Set(patterns.flatMap(({ parts }) => slotsOfParts(parts)))];
    return [
      ...used.map((slot): NamedPlace => ({
        name: slot,
        rule: { kind: 'mention', slot, mention: 0, token: 'last' },
      })),
      { name: 'END', rule: { kind: 'end' } },
    ];
  }
  return Object.entries(rules).map(([name, text]) => {
    const rule = ruleOf(text);
    const known = [...slots.keys()];
    if (rule === null)
      throw document.fault(
        ['places', name],
        `places.${name}: ${quote(text)} is no place: give last, or first, second … or last and a slot, with after, before or start of before it.`,
      );
    if (rule.kind === 'mention' && !slots.has(rule.slot))
      throw document.fault(
        ['places', name],
        `places.${name}: no slot is named ${quote(rule.slot)}.${suggest(rule.slot, known)} Slots: ${known.join(', ')}.`,
      );
    if (name === 'BOS' || name === 'EOS' || /^-?\d+$/.test(name))
      throw document.fault(
        ['places', name],
        `places.${name}: a place cannot be named so: every text has one.`,
      );
    return { name, rule };
  });
}

function ruleOf(text: string): PlaceRule | null {
  const words = text.trim().split(/\s+/);
  if (words.join(' ') === 'last') return { kind: 'end' };
  const [head = ''] = words;
  const token =
    head === 'after' || head === 'before'
      ? head
      : words.slice(0, 2).join(' ') === 'start of'
        ? 'first'
        : 'last';
  const rest = words.slice(token === 'last' ? 0 : token === 'first' ? 2 : 1);
  const [which = '', slot, ...more] = rest;
  const mention = which === 'last' ? -1 : ordinals.indexOf(which);
  if (slot === undefined || more.length > 0 || (mention < 0 && which !== 'last')) return null;
  return { kind: 'mention', slot, mention, token };
}
