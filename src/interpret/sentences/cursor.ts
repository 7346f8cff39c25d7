/**
 * A place in a sentence, and what stands there: names of features, values, words.
 * @module
 */
import { InputError, suggest } from '../../input-error.js';
import { type FeatureValue } from '../../tasks/feature.js';
import { type Operand } from './predicate.js';
import { type NamedFeature, type Vocabulary, matchedAt } from './vocabulary.js';

/** How sentences begin that go on to say what is so. */
const openings = [
  /(?:it|(?:the|this)\s+(?:activation|head|site|neuron|latent|unit))\s+(?:holds|contains|encodes|represents|stores|knows|tells|says)(?:\s+that)?\b/iy,
  /(?:all\s+|the\s+|those\s+)?(?:inputs|prompts|texts|sentences|examples)\s+(?:where|whose|in\s+which|that\s+have|with)\b/iy,
];
const article = /(?:the|an?)\b/iy;
const quotes: Readonly<Record<string, string>> = { '"': '"', "'": "'", '“': '”', '‘': '’' };

/** What is found of a feature at a place. */
interface Named {
  readonly feature: NamedFeature;
  readonly length: number;
}

/** Goes through a sentence. What it does not find it leaves as it is. */
export class Cursor {
  #at = 0;

  constructor(
    private readonly text: string,
    private readonly vocabulary: Vocabulary,
  ) {
    this.#skipSpace();
  }

  atEnd(): boolean {
    return this.#at >= this.text.length;
  }

  /** What is still to be read, for errors: no more than a line of it. */
  rest(): string {
    const rest = this.text.slice(this.#at);
    return rest.length > 60 ? `${rest.slice(0, 59)}…` : rest;
  }

  /** Takes what a pattern matches here. @param pattern sticky */
  take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined || found === '') return null;
    this.#move(found.length);
    return found;
  }

  /** Words before what is said, such as "inputs where". */
  skipOpening(): void {
    // A feature may be called as such a word is.
    if (this.peekFeature() === null) for (const opening of openings) this.take(opening);
  }

  takeJoin(kind: 'and' | 'or'): boolean {
    const pattern =
      kind === 'or' ? /,?\s*(?:or\b|\|\|?|∨)/iy : /[,;]?\s*(?:and\b|&&?|∧)|[,;](?!\s*(?:or\b|\||∨))/iy;
    return this.take(pattern) !== null;
  }

  /** The feature that is named here; of several names the longest. @throws InputError where two are as long */
  peekFeature(): NamedFeature | null {
    return this.#named()?.feature ?? null;
  }

  /** @throws InputError where no feature is named here */
  takeFeature(): string {
    let found = this.#named('exact');
    if (found === null && this.take(article) !== null) found = this.#named('exact');
    found ??= this.#named('anyCase');
    if (found === null) {
      const word = /^[^\s=<>!≠≤≥,;()]+/u.exec(this.text.slice(this.#at))?.[0] ?? '';
      const names = this.vocabulary.map(({ name }) => name);
      throw new InputError(
        this.atEnd()
          ? 'It ends where a feature should be named.'
          : `"${word === '' ? this.rest() : word}" is no feature.${word.length > 2 ? suggest(word, names) : ''}`,
      );
    }
    this.#move(found.length);
    return found.feature.name;
  }

  /** @throws InputError for what is neither a value of the feature, nor a feature, nor the query */
  takeOperand(feature: string): Operand {
    this.#skipArticle(feature);
    const value = this.#known(feature);
    const named = this.#named('exact');
    const query = this.#matched(/(?:the\s+)?query(?:['’]s(?:\s+own)?)?(?![\p{L}\p{N}_])/iuy);
    const [length, next] = [value?.length ?? 0, Math.max(named?.length ?? 0, query)];
    if (value !== null && length === next && value.quoted !== true)
      throw new InputError(
        `"${this.text.slice(this.#at, this.#at + length)}" may be a value of ${feature} or a name: put a value in quotes.`,
      );
    if (named !== null && named.length === next && next > length) {
      this.#move(next);
      return { kind: 'feature', name: named.feature.name };
    }
    if (query > length) {
      this.#move(query);
      return { kind: 'query' };
    }
    return { kind: 'value', value: this.#takeValue(feature) };
  }

  /** Values in brackets, or one after another up to the end of what is said: `{1, 2}`, `1, 2 or 3`. */
  takeValues(feature: string): FeatureValue[] {
    const open = this.take(/[{([]/y);
    const values = [this.#takeValue(feature)];
    const more = open === null ? /,?\s*or\b|,/iy : /,(?:\s*(?:or|and)\b)?|(?:or|and)\b/iy;
    while (this.take(more) !== null) values.push(this.#takeValue(feature));
    if (open !== null && this.take(open === '{' ? /\}/y : open === '(' ? /\)/y : /\]/y) === null)
      throw new InputError(
        this.atEnd() ? 'A list is not closed.' : `"${this.rest()}" is not understood: a list is open there.`,
      );
    return [...new Set(values)];
  }

  /** @throws InputError where sizes are compared of what has none */
  expectNumbers(feature: string, operand: Operand): void {
    const numeric = (name: string): boolean =>
      this.#feature(name).values.some((value) => typeof value === 'number');
    if (!numeric(feature)) throw new InputError(`${feature} has no numbers that could be smaller or larger.`);
    if (operand.kind === 'feature' && !numeric(operand.name))
      throw new InputError(`${operand.name} has no numbers that could be smaller or larger.`);
    if (operand.kind === 'value' && typeof operand.value !== 'number')
      throw new InputError(`${feature} is compared in size with what is no number.`);
  }

  #feature(name: string): NamedFeature {
    const found = this.vocabulary.find((one) => one.name === name);
    if (found === undefined) throw new RangeError(`no feature ${name}`);
    return found;
  }

  #named(how: 'exact' | 'anyCase' = 'exact'): Named | null {
    const all = this.vocabulary.map((feature): Named => ({
      feature,
      length: Math.max(...feature.patterns.map((pattern) => matchedAt(pattern[how], this.text, this.#at))),
    }));
    const most = Math.max(0, ...all.map(({ length }) => length));
    const longest = all.filter(({ length }) => length === most);
    if (most === 0) return null;
    // A name comes before another feature's phrase.
    const called = longest.filter(({ feature: { patterns } }) =>
      patterns.slice(0, 1).some((pattern) => matchedAt(pattern[how], this.text, this.#at) === most),
    );
    const [first, ...more] = called.length === 1 ? called : longest;
    if (first === undefined || more.length > 0)
      throw new InputError(
        `"${this.text.slice(this.#at, this.#at + most)}" may be ${longest.map(({ feature }) => feature.name).join(' or ')}.`,
      );
    return first;
  }

  #takeValue(name: string): FeatureValue {
    const feature = this.#feature(name);
    const known = this.#known(name);
    if (known !== null) {
      this.#move(known.length);
      return known.value;
    }
    const some = valuesText(feature);
    const quoted = this.#quoted();
    const word = quoted?.text ?? /^[^\s,;(){}&|]+/u.exec(this.text.slice(this.#at))?.[0] ?? '';
    if (word === '') throw new InputError(`A value of ${name} is missing: ${some}.`);
    const number = quoted === null ? Number(word) : NaN;
    const numeric = feature.values.every((value) => value === null || typeof value === 'number');
    // Sizes can be compared with any number; of features that were not gone through, other values may occur.
    if (Number.isFinite(number) && numeric) {
      this.#move(word.length);
      return number;
    }
    if (quoted !== null && !feature.complete) {
      this.#move(quoted.length);
      return quoted.text;
    }
    const texts = feature.values.map(String);
    throw new InputError(`No input has "${word}" as its ${name}.${suggest(word, texts)} Values: ${some}.`);
  }

  /** The longest value of a feature that stands here. */
  #known(
    name: string,
  ): { readonly value: FeatureValue; readonly length: number; readonly quoted?: true } | null {
    const { values } = this.#feature(name);
    const quoted = this.#quoted();
    if (quoted !== null) {
      const found = valueNamed(values, quoted.text);
      return found === undefined ? null : { value: found, length: quoted.length, quoted: true };
    }
    const pair = name.startsWith('{') ? this.#pair(values) : null;
    if (pair !== null) return pair;
    const rest = this.text.slice(this.#at);
    const here = (text: string, own: string): boolean =>
      own.startsWith(text) && !/^[\p{L}\p{N}_]|^\.\d/u.test(own.slice(text.length));
    const longest = (lower: boolean): { readonly value: FeatureValue; readonly length: number } | null => {
      const found = values.flatMap((value) => {
        const text = value === null ? 'none' : String(value);
        const matches = lower ? here(text.toLowerCase(), rest.toLowerCase()) : here(text, rest);
        return matches && text !== '' ? [{ value, length: text.length }] : [];
      });
      const most = Math.max(0, ...found.map(({ length }) => length));
      const [first, ...more] = found.filter(({ length }) => length === most);
      return first === undefined || more.length > 0 ? null : first;
    };
    const dash = rest.startsWith('–') && values.includes(null) ? { value: null, length: 1 } : null;
    return longest(false) ?? dash ?? longest(true);
  }

  /** Both values of a pair, in either order: `5,8`, `{8, 5}`. */
  #pair(values: readonly FeatureValue[]): { readonly value: FeatureValue; readonly length: number } | null {
    const found = /^(?:\{\s*([^{},]+?)\s*,\s*([^{},]+?)\s*\}|([^\s{},;()]+)\s*,\s*([^\s{},;().!]+))/u.exec(
      this.text.slice(this.#at),
    );
    if (found === null) return null;
    const [whole, a, b, c = a, d = b] = found;
    const value = values.find((one) => one === `${c ?? ''},${d ?? ''}` || one === `${d ?? ''},${c ?? ''}`);
    return value === undefined ? null : { value, length: whole.length };
  }

  #quoted(): { readonly text: string; readonly length: number } | null {
    const [open = ''] = this.text.slice(this.#at);
    const close = quotes[open];
    if (close === undefined) return null;
    let text = '';
    for (let at = this.#at + 1; at < this.text.length; at++) {
      const letter = this.text[at] ?? '';
      if (letter === close) return { text, length: at + 1 - this.#at };
      if (letter === '\\' && open === '"') {
        const escape = /^\\(?:u[0-9a-f]{4}|.)/i.exec(this.text.slice(at))?.[0] ?? '';
        text += unescaped(escape);
        at += escape.length - 1;
      } else text += letter;
    }
    throw new InputError(`The quote ${this.rest()} is not closed.`);
  }

  #skipArticle(feature: string): void {
    if (this.#known(feature) === null && this.#named() === null && this.#matched(/the\s+query/iy) === 0)
      this.take(article);
  }

  #matched(pattern: RegExp): number {
    return matchedAt(pattern, this.text, this.#at);
  }

  #move(length: number): void {
    this.#at += length;
    this.#skipSpace();
  }

  #skipSpace(): void {
    while (/^\s/.test(this.text[this.#at] ?? '')) this.#at++;
  }
}

const valueNamed = (values: readonly FeatureValue[], text: string): FeatureValue | undefined =>
  values.find((value) => value !== null && String(value) === text);

function unescaped(escape: string): string {
  try {
    return JSON.parse(`"${escape}"`) as string;
  } catch {
    return escape.slice(1);
  }
}

/** Values of a feature for an error: all of a few, else some. */
function valuesText({ values }: NamedFeature): string {
  const texts = values.map((value) => (value === null ? 'none' : String(value)));
  return texts.length <= 12
    ? texts.join(', ')
    : `${texts.slice(0, 10).join(', ')} and ${texts.length - 10} more`;
}
