/**
 * Texts of a template as token ids of a model, and the fillings that stand behind ids.
 * @module
 */
import { InputError } from '../../input-error.js';
import { type Tokenizer } from '../../models/tokenizers/tokenizer.js';
import { quote } from '../../printable.js';
import { measureTexts } from './measure.js';
import { hasAnswer } from './template.js';
import { type Filling, type Mention, type TemplateTexts, type WrittenText } from './texts.js';
import { tokenAt, tokenEnds } from './tokens-of-text.js';

/** Tokens of a model, and those that stand before, after and behind a text. */
export interface TaskLanguage {
  readonly tokenizer: Tokenizer;
  readonly bos: number;
  readonly eos: number;
  readonly pad: number;
}

/** A mention as indices of tokens. */
export interface PlacedMention extends Mention {
  readonly first: number;
  readonly last: number;
}

/** An input that a filling gives. */
export interface TemplateInput {
  readonly filling: Filling;
  readonly written: WrittenText;
  readonly mentions: readonly PlacedMention[];
  /** Index of the last token of the prompt. */
  readonly end: number;
}

/** Most inputs whose fillings are remembered. */
const mostRemembered = 50_000;

/** Inputs of a template in the tokens of a model. */
export interface TemplateInputs {
  /** Ids of a filling from BOS to EOS. */
  ids(filling: Filling): number[];
  /** The text of ids, without what stands around it. */
  text(ids: readonly number[]): string;
  /** The first filling that gives an input; null where none does. */
  of(ids: readonly number[]): TemplateInput | null;
  /** Every filling that gives it. */
  fillings(ids: readonly number[]): readonly Filling[];
  /** Ids of what a person wrote; a prompt without its answer gets it. @throws InputError */
  encode(text: string): number[];
  /** Tokens that no input has more of, BOS and EOS included. */
  readonly maxLength: number;
  /** Ids that inputs use, each once, rising. */
  usedTokens(): readonly number[];
}

/** @throws InputError for a filler with tokens that the model does not have */
export function inputsOf(texts: TemplateTexts, language: TaskLanguage): TemplateInputs {
  const { tokenizer, bos, eos, pad } = language;
  const { template } = texts;
  const { longest, used } = measureTexts(texts, tokenizer);
  const maxLength = longest + 2;
  const usedTokens = [...new Set([bos, eos, pad, ...used])].sort((a, b) => a - b);
  const remembered = new Map<string, readonly Filling[]>();
  const remember = (key: string, fillings: readonly Filling[]): void => {
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(key, fillings);
  };
  // What was written last is asked about first.
  let last: { readonly text: string; readonly ids: readonly number[] } | null = null;
  const tokensOf = (text: string): readonly number[] => {
    if (last?.text !== text) last = { text, ids: tokenizer.encode(text) };
    return last.ids;
  };
  const framed = (text: string): number[] => [bos, ...tokensOf(text), eos];

  /** The tokens between BOS and EOS. */
  function inner(ids: readonly number[]): readonly number[] {
    const own = ids[0] === bos ? ids.slice(1) : ids;
    const end = own.findIndex((id) => id === eos || id === pad);
    return end < 0 ? own : own.slice(0, end);
  }
  const isFramed = (ids: readonly number[], length: number): boolean =>
    ids[0] === bos && ids[length + 1] === eos && ids.slice(length + 2).every((id) => id === pad);

  function fillings(ids: readonly number[]): readonly Filling[] {
    const own = inner(ids);
    if (!isFramed(ids, own.length)) return [];
    const key = own.join();
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const text = tokenizer.decode(own);
    const found = texts.read(text);
    // Other tokens of the same text are no input.
    const right = found.length > 0 && tokensOf(text).join() === key ? found : [];
    remember(key, right);
    return right;
  }

  function place(
    ids: readonly number[],
    { mentions, promptEnd }: WrittenText,
  ): Pick<TemplateInput, 'mentions' | 'end'> {
    const ends = tokenEnds(tokenizer, inner(ids));
    return {
      mentions: mentions.map((mention) => ({
        ...mention,
        first: 1 + tokenAt(ends, mention.start),
        last: 1 + tokenAt(ends, mention.end - 1),
      })),
      // A token that holds the end of the prompt and the beginning of the answer belongs to the answer.
      end: tokenAt(ends, promptEnd),
    };
  }

  const known = new WeakMap<
    readonly number[],
    { readonly key: string; readonly input: TemplateInput | null }
  >();
  function inputOf(ids: readonly number[]): TemplateInput | null {
    const [filling] = fillings(ids);
    if (filling === undefined) return null;
    let text: WrittenText | null = null;
    let placed: Pick<TemplateInput, 'mentions' | 'end'> | null = null;
    // Where tokens stand takes longer to find than what the text is made of, and few ask for it.
    const write = () => (text ??= texts.write(filling));
    const where = () => (placed ??= place(ids, write()));
    return {
      filling,
      get written() {
        return write();
      },
      get mentions() {
        return where().mentions;
      },
      get end() {
        return where().end;
      },
    };
  }

  return {
    maxLength,
    usedTokens: () => usedTokens,
    ids(filling) {
      const { text } = texts.write(filling);
      const ids = framed(text);
      if (ids.length > maxLength)
        throw new InputError(
          `${quote(text)} has ${ids.length - 2} tokens, more than the ${maxLength - 2} that texts of ${template.name} were found to have: put spaces between slots, or give fewer fillers.`,
        );
      return ids;
    },
    text: (ids) => tokenizer.decode(inner(ids)),
    fillings,
    of(ids) {
      // Many features ask of one input after another.
      const key = ids.join();
      const before = known.get(ids);
      if (before?.key === key) return before.input;
      const input = inputOf(ids);
      known.set(ids, { key, input });
      return input;
    },
    encode(text) {
      if (text.trim() === '') throw new InputError(`The input is empty: give a text of ${template.name}.`);
      const ids = framed(texts.read(text).length > 0 ? text : text + answerOf(texts, text));
      if (ids.length > maxLength)
        throw new InputError(
          `The input ${quote(text)} has ${ids.length - 2} tokens: ${template.name} takes ${maxLength - 2} at most.`,
        );
      return ids;
    },
  };
}

/** What answers a prompt; nothing for a text that is none. @throws InputError where there are several */
function answerOf(texts: TemplateTexts, prompt: string): string {
  const { name } = texts.template;
  if (!hasAnswer(texts.template)) return '';
  const answers = [...new Set(texts.read(prompt, true).map((filling) => texts.writeAnswer(filling)))];
  if (answers.length > 1)
    throw new InputError(
      `${quote(prompt)} has several answers in ${name} (${answers.slice(0, 3).map(quote).join(', ')}): write it out with one.`,
    );
  return answers[0] ?? '';
}
