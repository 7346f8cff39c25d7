/**
 * What a template's texts can be answered with.
 * @module
 */
import { fillersFor } from './fresh.js';
import { type TaskLanguage } from './inputs.js';
import { type Slot, slotsOfParts } from './template.js';
import { type TemplateTexts } from './texts.js';

/** The texts that can stand in a slot, each once: of an attribute those that fillers have. */
export function textsOfSlot(name: string, slots: ReadonlyMap<string, Slot>): string[] {
  const slot = slots.get(name);
  const texts =
    slot?.kind === 'either'
      ? slot.slots.flatMap((one) => textsOfSlot(one, slots))
      : slot?.kind === 'attribute'
        ? fillersFor(slot.slot, slots).flatMap(({ attributes }) => attributes.get(slot.attribute) ?? [])
        : fillersFor(name, slots).map(({ text }) => text);
  return [...new Set(texts.map(String))];
}

/**
 * Every answer, each once. Where an answer has several slots, the first takes every filler, and the others stand as in the
 * first filling of the pattern.
 */
export function answersOf(texts: TemplateTexts): string[] {
  const { slots } = texts.template;
  const all = texts.patterns.flatMap((own, pattern) => {
    const { answer } = own.pattern;
    if (answer === null) return [];
    const base = { pattern, values: own.at(0) };
    const [first] = slotsOfParts(answer);
    if (first === undefined) return [texts.writeParts(base, answer)];
    return textsOfSlot(first, slots).map((filler) =>
      answer
        .map((part) =>
          part.kind === 'slot' && part.slot === first ? filler : texts.writeParts(base, [part]),
        )
        .join(''),
    );
  });
  return [...new Set(all)];
}

/** First tokens of every answer, each once: those of the names for ` {IO}`. */
export const answerTokens = (texts: TemplateTexts, { tokenizer }: TaskLanguage): readonly number[] => [
  ...new Set(answersOf(texts).flatMap((text) => tokenizer.encode(text).slice(0, 1))),
];
