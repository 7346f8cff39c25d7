/**
 * Texts that a template's inputs are held against: others of the task in which some slots are drawn anew, and texts of the
 * same pattern with fresh fillers, which need not be of the task.
 * @module
 */
import { type Random } from '../../random.js';
import { type PairedPlace, type Pairing, type Place, type Variation } from '../task.js';
import { type FreshTexts, freshTexts } from './fresh.js';
import { type TaskLanguage, type TemplateInput, type TemplateInputs, inputsOf } from './inputs.js';
import { mentionOf, tokenOfMention } from './placed.js';
import { type TemplateTexts } from './texts.js';

/** Draws of another answer before a contrast with the same one is taken. */
const tries = 200;

/** What a template's texts are held against. */
export interface TemplateContrasts {
  readonly pairing: Pairing;
  /** Slots with fresh fillers; none where the template says none. */
  readonly fresh: readonly string[];
  /** Slots that are drawn anew within the task; none where the template says none. */
  readonly redraw: readonly string[];
  /** Ids of a text of the same pattern with fresh fillers, from BOS to EOS; null where none can be drawn. */
  drawFresh(ids: readonly number[], random: Random): number[] | null;
  /**
   * Ids of another text of the task that differs in some parts alone, with another answer where one can be drawn; null
   * where there is no other text.
   * @throws InputError for a part that the text does not have
   */
  redrawn(ids: readonly number[], parts: readonly string[], random: Random): number[] | null;
}

/** What contrasts rest on. */
interface Parts {
  readonly texts: TemplateTexts;
  readonly inputs: TemplateInputs;
  readonly language: TaskLanguage;
  readonly variation: Variation;
  places(ids: readonly number[]): readonly Place[];
  contrastAnswer(ids: readonly number[]): number | null;
}

export function templateContrasts({
  texts,
  inputs,
  language,
  variation,
  places,
  contrastAnswer,
}: Parts): TemplateContrasts {
  const { template } = texts;
  const { fresh = [], redraw = [] } = template.contrast ?? {};
  // Measuring the texts takes a while, and few ask for them.
  let made: (FreshTexts & { readonly inputs: TemplateInputs }) | null = null;
  const freshInputs = (): NonNullable<typeof made> => {
    if (made !== null) return made;
    const own = freshTexts(texts, fresh);
    return (made = { ...own, inputs: inputsOf(own.texts, language) });
  };
  const freshOf = (ids: readonly number[]): TemplateInput | null =>
    fresh.length === 0 ? null : freshInputs().inputs.of(ids);
  /** Tokens of a text from BOS to what ends it. */
  const lengthOf = (ids: readonly number[]): number => {
    const end = ids.indexOf(language.eos, 1);
    return end < 0 ? ids.length : end;
  };

  /** Places by the part of the pattern that they stand at, as a contrast's slots have other fillers than the input's. */
  function byPart(clean: readonly number[], input: TemplateInput, other: TemplateInput): PairedPlace[] {
    const ends = [lengthOf(clean), other.end + 1];
    return template.places.flatMap(({ name, rule }): PairedPlace[] => {
      if (rule.kind === 'end') return [{ name, index: input.end, source: other.end }];
      // Another pattern has its slots elsewhere.
      if (input.filling.pattern !== other.filling.pattern) return [];
      const number = mentionOf(texts, rule, input) ?? -1;
      const [here, there] = [input.mentions[number], other.mentions[number]];
      if (here === undefined || there === undefined) return [];
      const [index, source] = [tokenOfMention(rule, here), tokenOfMention(rule, there)];
      return index < 0 || source < 0 || index >= (ends[0] ?? 0) || source >= (ends[1] ?? 0)
        ? []
        : [{ name, index, source }];
    });
  }

  const bos = (clean: readonly number[], contrast: readonly number[]): PairedPlace[] =>
    clean[0] === language.bos && contrast[0] === language.bos ? [{ name: 'BOS', index: 0, source: 0 }] : [];

  const pairing: Pairing = {
    places(clean, contrast) {
      const input = inputs.of(clean);
      if (input === null) return [];
      const own = places(clean);
      if (inputs.of(contrast) !== null) {
        const theirs = new Map(places(contrast).map(({ name, index }) => [name, index]));
        return own.flatMap(({ name, index }) => {
          const source = theirs.get(name);
          return source === undefined ? [] : [{ name, index, source }];
        });
      }
      const other = freshOf(contrast);
      if (other !== null)
        return [...bos(clean, contrast), ...byPart(clean, input, other)].sort((a, b) => a.index - b.index);
      // Any other text that is as long as the prompt is held beside it token by token.
      if (lengthOf(contrast) !== input.end + 1) return [];
      return own.flatMap(({ name, index }) => (index <= input.end ? [{ name, index, source: index }] : []));
    },
    answers(clean, contrast) {
      const input = inputs.of(clean);
      if (input === null || (texts.patterns[input.filling.pattern]?.pattern.answer ?? null) === null)
        return null;
      const against = contrastAnswer(clean);
      const answerAt = input.end + 1;
      const other = inputs.of(contrast);
      if (other !== null) return { answerAt, contrastAnswerAt: other.end + 1, against };
      const end = freshOf(contrast)?.end ?? lengthOf(contrast) - 1;
      // What is no text of the task has no answer of its own to be held against.
      if (against === null || (freshOf(contrast) === null && end !== input.end)) return null;
      return { answerAt, contrastAnswerAt: end + 1, against };
    },
  };

  return {
    pairing,
    fresh,
    redraw,
    drawFresh(ids, random) {
      const input = inputs.of(ids);
      if (input === null || fresh.length === 0) return null;
      const { draw, inputs: theirs } = freshInputs();
      const drawn = draw(input.filling, random);
      return drawn === null ? null : theirs.ids(drawn);
    },
    redrawn(ids, parts, random) {
      const varying = variation.varying(ids, parts);
      const answer = (own: readonly number[]): string => {
        const found = inputs.of(own);
        return found === null ? '' : texts.writeAnswer(found.filling);
      };
      let spare: number[] | null = null;
      for (let attempt = 0; attempt < tries && varying.size > 1; attempt++) {
        const drawn = varying.draw(random);
        if (drawn.join() === ids.join()) continue;
        if (answer(drawn) !== answer(ids)) return drawn;
        spare ??= drawn;
      }
      return spare;
    },
  };
}
