/**
 * The texts of a template: fillings written out, and texts read back into the fillings that give them.
 * @module
 */
import { InputError } from '../../input-error.js';
import { type Random } from '../../random.js';
import { type PatternFillings, type Values, above, fillingsOf, located, withValue } from './fillings.js';
import { type Part, type Slot, type Template } from './template.js';

/** A pattern with values for what it rests on. */
export interface Filling {
  /** Number of the pattern. */
  readonly pattern: number;
  readonly values: Values;
}

/** Where a slot stands in a text: UTF-16 indices. */
export interface Mention {
  readonly slot: string;
  /** The slot whose list gave the filler. */
  readonly root: string;
  readonly start: number;
  readonly end: number;
}

/** A filling written out. */
export interface WrittenText {
  /** Prompt and answer. */
  readonly text: string;
  /** Where the prompt ends and the answer begins. */
  readonly promptEnd: number;
  /** In the prompt, from left to right. */
  readonly mentions: readonly Mention[];
}

/** The texts of a template. */
export interface TemplateTexts {
  readonly template: Template;
  readonly patterns: readonly PatternFillings[];
  /** Fillings of all patterns. */
  readonly size: number;
  /** A filling by number. */
  at(index: number): Filling;
  draw(random: Random): Filling;
  write(filling: Filling): WrittenText;
  /** What follows the prompt of a filling; nothing where nothing is asked. */
  writeAnswer(filling: Filling): string;
  writeParts(filling: Filling, parts: readonly Part[]): string;
  /** Every filling that gives a text; none where none does. With `prompt`, the text ends before the answer. */
  read(text: string, prompt?: boolean): Filling[];
  /** Natural logarithm of the probability of a filling. */
  logProbability(filling: Filling): number;
}

/** Fillings that one text may have. */
const mostReadings = 1000;

/** @throws InputError for constraints that nothing satisfies */
export function textsOf(template: Template): TemplateTexts {
  const patterns = template.patterns.map((pattern) => fillingsOf(template, pattern));
  const weights = template.patterns.map(({ weight }) => weight);
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  let running = 0;
  const sums = weights.map((weight) => (running += weight));
  const size = patterns.reduce((sum, one) => sum + one.size, 0);
  const patternOf = ({ pattern }: Filling): PatternFillings => {
    const found = patterns[pattern];
    if (found === undefined) throw new RangeError(`${template.name} has no pattern ${pattern}`);
    return found;
  };
  const readers = patterns.map((own) => readerOf(template, own));

  function writeParts({ pattern, values }: Filling, parts: readonly Part[]): string {
    const own = patternOf({ pattern, values });
    return parts
      .map((part) => (part.kind === 'text' ? part.text : (own.filler(part.slot, values)?.text ?? '')))
      .join('');
  }

  return {
    template,
    patterns,
    size,
    at(index) {
      const [own, pattern, rest] = located(patterns, ({ size: count }) => count, index);
      return { pattern, values: own.at(rest) };
    },
    draw(random) {
      const pattern = above(sums, random.next() * all);
      return { pattern, values: patternOf({ pattern, values: [] }).draw(random) };
    },
    write(filling) {
      const own = patternOf(filling);
      let text = '';
      const mentions: Mention[] = [];
      for (const part of own.pattern.parts) {
        const start = text.length;
        text += part.kind === 'text' ? part.text : (own.filler(part.slot, filling.values)?.text ?? '');
        if (part.kind === 'slot')
          mentions.push({
            slot: part.slot,
            root: own.root(part.slot, filling.values) ?? part.slot,
            start,
            end: text.length,
          });
      }
      return { text: text + writeParts(filling, own.pattern.answer ?? []), promptEnd: text.length, mentions };
    },
    writeParts,
    writeAnswer: (filling) => writeParts(filling, patternOf(filling).pattern.answer ?? []),
    read: (text, prompt = false) =>
      readers.flatMap((read, pattern) => read(text, prompt).map((values) => ({ pattern, values }))),
    logProbability: (filling) =>
      Math.log((weights[filling.pattern] ?? 0) / all) + patternOf(filling).logProbability(filling.values),
  };
}

/** Reads texts of one pattern: its parts from left to right, with every filler that fits. */
function readerOf(template: Template, own: PatternFillings): (text: string, prompt: boolean) => number[][] {
  const { slots } = template;
  const lists = new Map<Slot, FillerIndex>();
  const slotOf = (name: string): Slot => {
    const slot = slots.get(name);
    if (slot === undefined) throw new RangeError(`no slot ${name}`);
    return slot;
  };
  const indexOf = (slot: Slot & { kind: 'fillers' }): FillerIndex => {
    const known = lists.get(slot) ?? fillerIndex(slot.fillers.map(({ text }) => text));
    lists.set(slot, known);
    return known;
  };
  /** Values under which a slot's text stands at a place, and where it ends. */
  function* at(name: string, text: string, start: number, values: Values): Generator<[Values, number]> {
    const open = own.open(name, values);
    if (open === null) {
      const { text: known = '' } = own.filler(name, values) ?? {};
      if (text.startsWith(known, start)) yield [values, start + known.length];
      return;
    }
    const { slot, size } = own.variables[open] ?? { slot: '', size: 0 };
    const list = slotOf(slot);
    if (list.kind === 'fillers' && slotOf(name).kind !== 'attribute') {
      for (const [filler, length] of indexOf(list).at(text, start))
        yield [withValue(values, open, filler), start + length];
      return;
    }
    // What it is taken from is settled first: a choice, or the filler of which it is an attribute.
    for (let value = 0; value < size; value++) yield* at(name, text, start, withValue(values, open, value));
  }

  const [begin] = own.pattern.parts;
  return (text, prompt) => {
    // Most texts are of another pattern.
    if (begin?.kind === 'text' && !text.startsWith(begin.text)) return [];
    const parts = [...own.pattern.parts, ...(prompt ? [] : (own.pattern.answer ?? []))];
    const found = new Map<string, number[]>();
    const walk = (part: number, start: number, values: Values): void => {
      const next = parts[part];
      if (next === undefined) {
        if (start === text.length) settle(values);
        return;
      }
      if (next.kind === 'text') {
        if (text.startsWith(next.text, start)) walk(part + 1, start + next.text.length, values);
        return;
      }
      for (const [filled, end] of at(next.slot, text, start, values))
        if (filled === values || own.allowed(filled)) walk(part + 1, end, filled);
    };
    /** Values that the text does not show may be any. */
    const settle = (values: Values): void => {
      const open = own.variables.findIndex((_, at) => (values[at] ?? -1) < 0);
      if (open < 0) {
        if (!own.allowed(values)) return;
        if (found.size >= mostReadings)
          throw new InputError(`"${text}" is a text of ${template.name} in more than ${mostReadings} ways.`);
        found.set(values.join(), [...values]);
        return;
      }
      const { size = 0 } = own.variables[open] ?? {};
      for (let value = 0; value < size; value++) settle(withValue(values, open, value));
    };
    walk(
      0,
      0,
      own.variables.map(() => -1),
    );
    return [...found.values()];
  };
}

/** Fillers by their text. */
interface FillerIndex {
  /** Numbers of the fillers that stand at a place of a text, with their lengths. */
  at(text: string, start: number): Generator<[filler: number, length: number]>;
}

function fillerIndex(texts: readonly string[]): FillerIndex {
  const numbers = new Map(texts.map((text, at) => [text, at]));
  const lengths = [...new Set(texts.map((text) => text.length))].sort((a, b) => a - b);
  return {
    *at(text, start) {
      for (const length of lengths) {
        const found = numbers.get(text.slice(start, start + length));
        if (found !== undefined && start + length <= text.length) yield [found, length];
      }
    },
  };
}
