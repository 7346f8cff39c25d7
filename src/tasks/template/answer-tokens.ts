/**
 * What a template's texts can be answered with.
 * @module
 */
import { fillersFor } from './fresh.js';
import { type TaskLanguage } from './inputs.js';
import { slotsOfParts } from './template.js';
import { type TemplateTexts } from './texts.js';

/**
 * First tokens of every answer, each once: those of the names for ` {IO}`. Where an answer has several slots, the first
 * takes every filler, and the others stand as in the first filling.
 */
export function answerTokens(texts: TemplateTexts, { tokenizer }: TaskLanguage): readonly number[] {
  const { answer, slots } = texts.template;
  if (answer === null) return [];
  const base = texts.at(0);
  const [first] = slotsOfParts(answer);
  const slot = first === undefined ? undefined : slots.get(first);
  const source = slot?.kind === 'attribute' ? slot : null;
  const fillers = fillersFor(source?.slot ?? first ?? '', slots).map(({ text, attributes }) =>
    source === null ? text : String(attributes.get(source.attribute) ?? ''),
  );
  const written = (filler: string): string =>
    answer
      .map((part) => (part.kind === 'slot' && part.slot === first ? filler : texts.writeParts(base, [part])))
      .join('');
  const answers = first === undefined ? [texts.writeParts(base, answer)] : fillers.map(written);
  return [...new Set(answers.flatMap((text) => tokenizer.encode(text).slice(0, 1)))];
}
