/**
 * A task made of a template and the tokens of a model.
 * @module
 */
import { InputError } from '../../input-error.js';
import { type Pairing, type Place, type Split, type Task, type Variation, syntheticRounds } from '../task.js';
import { awayFromBos } from '../attended-positions.js';
import { endOf } from '../tokens.js';
import { templateCompletion } from './completion.js';
import { answerTokens } from './answer-tokens.js';
import { type TemplateContrasts, templateContrasts } from './contrasts.js';
import { templateFeatures } from './features.js';
import { templateDistribution } from './distribution.js';
import { type TaskLanguage, inputsOf } from './inputs.js';
import { placed } from './placed.js';
import { splitOf } from './split.js';
import { rarity } from './rarity.js';
import { type Template, hasAnswer } from './template.js';
import { expectWithin } from './token-limits.js';
import { type TemplateTexts, textsOf } from './texts.js';
import { templateVariation } from './variation.js';

/** Texts drawn in search of one of a split. */
const tries = 10_000;

/** A template task in the tokens of a model. */
export interface TemplateTask extends Task {
  readonly texts: TemplateTexts;
  readonly variation: Variation;
  /** First token of the answer that the right one is held against; null where the template says none. */
  contrastAnswer(ids: readonly number[]): number | null;
  /** First tokens of every answer that a text can have, each once; none for a template without an answer. */
  answerTokens(): readonly number[];
  readonly pairing: Pairing;
  readonly contrasts: TemplateContrasts;
}

/** Whether a task is made of a template. */
export const isTemplateTask = (task: Task): task is TemplateTask => 'texts' in task;

/**
 * @param sites those that can be read in the model; of them, the template's
 * @throws InputError for constraints that nothing satisfies
 */
export function templateTask(
  template: Template,
  language: TaskLanguage,
  sites: readonly string[],
): TemplateTask {
  const texts = textsOf(template);
  const inputs = inputsOf(texts, language);
  expectWithin(texts, language.tokenizer, inputs.maxLength - 2);
  const splits = splitOf(texts);
  const { bos, eos } = language;

  const places = (ids: readonly number[]): Place[] => {
    const input = inputs.of(ids);
    const named =
      input === null
        ? []
        : template.places.flatMap((place) => {
            const index = placed(texts, place, input);
            // What ends a text is read by nobody.
            return index === null || index < 0 || index >= ids.indexOf(eos, 1)
              ? []
              : [{ name: place.name, index }];
          });
    return [...(ids[0] === bos ? [{ name: 'BOS', index: 0 }] : []), ...named].sort(
      (a, b) => a.index - b.index,
    );
  };
  function positions(ids: readonly number[]): number[] {
    const all = Array.from({ length: Math.max(0, endOf(language, ids) - 1) }, (_, at) => at + 1);
    if (template.positions === null || inputs.of(ids) === null) return all;
    const wanted = template.positions;
    return [...new Set(places(ids).flatMap(({ name, index }) => (wanted.includes(name) ? [index] : [])))];
  }
  function sample(random: Parameters<Task['sample']>[0], split: Split): number[] {
    for (let i = 0; i < tries; i++) {
      const filling = texts.draw(random);
      if (splits(filling) === split) return inputs.ids(filling);
    }
    throw new InputError(
      `No text of ${template.name} is in its ${split} split: give more fillers, or split by fewer slots.`,
    );
  }
  const answered = (ids: readonly number[]): number[] => {
    const input = inputs.of(ids);
    const end = ids.indexOf(eos, 1);
    return input === null || (texts.patterns[input.filling.pattern]?.pattern.answer ?? null) === null
      ? []
      : Array.from({ length: Math.max(0, end - input.end - 1) }, (_, at) => input.end + 1 + at);
  };
  const contrastAnswer = (ids: readonly number[]): number | null => {
    const filling = inputs.of(ids)?.filling;
    const parts = template.contrast?.answer ?? null;
    if (filling === undefined || parts === null) return null;
    return language.tokenizer.encode(texts.writeParts(filling, parts))[0] ?? null;
  };
  const variation = templateVariation(texts, inputs);
  const contrasts = templateContrasts({ texts, inputs, language, variation, places, contrastAnswer });
  const features = templateFeatures(texts, inputs);
  let tokens: readonly number[] | null = null;

  return {
    name: template.name,
    about: template.about,
    texts,
    ...language,
    maxLength: inputs.maxLength,
    sites,
    epsilon: template.epsilon,
    metric: template.metric,
    rounds: template.rounds ?? syntheticRounds,
    usedTokens: () => inputs.usedTokens(),
    encode: inputs.encode,
    decode: inputs.text,
    check: (ids) => (inputs.of(ids) === null ? `no pattern of ${template.name} gives this text` : null),
    places,
    positions,
    sample,
    draw: (random) => texts.write(texts.draw(random)).text,
    annotate(ids) {
      const filling = inputs.of(ids)?.filling;
      const own = filling === undefined ? undefined : texts.patterns[filling.pattern];
      if (filling === undefined || own === undefined) return {};
      return {
        pattern: filling.pattern + 1,
        ...Object.fromEntries(own.pattern.attributes),
        ...Object.fromEntries(
          own.variables.map(({ slot }) => [slot, own.filler(slot, filling.values)?.text ?? '']),
        ),
      };
    },
    contrastAnswer,
    answerTokens: () => (tokens ??= answerTokens(texts, language)),
    pairing: contrasts.pairing,
    contrasts,
    features,
    completion: templateCompletion(texts, inputs, eos),
    variation,
    distribution: templateDistribution(texts, inputs, features),
    ...(hasAnswer(template) ? { answer: { determined: answered } } : {}),
    ...(template.attendedBelow === null ? {} : { attended: awayFromBos(language, template.attendedBelow) }),
    isRare: rarity((random) => language.tokenizer.encode(texts.write(texts.draw(random)).text)),
  };
}
