/**
 * What a decoder of a template's texts says: a symbol for the pattern, then one for each thing that the pattern's text
 * rests on. Every symbol is a pattern or a filler; slots of one list share its symbols.
 * @module
 */
import { type Completion, type Origin, type SaidStep } from '../task.js';
import { type PatternFillings } from './fillings.js';
import { type TemplateInputs } from './inputs.js';
import { rarity } from './rarity.js';
import { type Filling, type TemplateTexts } from './texts.js';

/** The symbol that begins what a decoder says. */
const begin = 0;

export function templateCompletion(texts: TemplateTexts, inputs: TemplateInputs, eos: number): Completion {
  const { template, patterns } = texts;
  const names = ['', ...template.patterns.map(({ text }) => text)];
  const base = new Map<string, number>();
  for (const slot of template.slots.values()) {
    if (slot.kind !== 'fillers' || base.has(slot.family)) continue;
    base.set(slot.family, names.length);
    names.push(...slot.fillers.map(({ text }) => text));
  }
  const familyOf = (name: string): string => {
    const slot = template.slots.get(name);
    return slot?.kind === 'fillers' ? slot.family : '';
  };
  /** The symbol of a value: of a choice, that of the filler it takes. */
  const symbolOf = (own: PatternFillings, at: number, values: readonly number[]): number => {
    const slot = own.variables[at]?.slot ?? '';
    const root = own.root(slot, values) ?? slot;
    const filler = values[own.variables.findIndex((variable) => variable.slot === root)] ?? 0;
    return (base.get(familyOf(root)) ?? 0) + filler;
  };
  const symbolsOf = ({ pattern, values }: Filling): number[] => {
    const own = patterns[pattern];
    return [begin, 1 + pattern, ...(own?.variables.map((_, at) => symbolOf(own, at, values)) ?? [])];
  };

  /** Values that symbols stand for; null for those that stand for none. */
  function read(free: readonly number[]): Filling | null {
    const pattern = (free[1] ?? 0) - 1;
    const own = patterns[pattern];
    if (free[0] !== begin || own === undefined || free.length !== own.variables.length + 2) return null;
    const values = own.variables.map(() => -1);
    for (const [at, { slot }] of own.variables.entries()) {
      const source = template.slots.get(slot);
      if (source?.kind !== 'fillers') continue;
      const value = (free[2 + at] ?? 0) - (base.get(source.family) ?? 0);
      if (value < 0 || value >= source.fillers.length) return null;
      values[at] = value;
    }
    for (const [at, { slot }] of own.variables.entries()) {
      const source = template.slots.get(slot);
      if (source?.kind !== 'one-of') continue;
      const choice = source.slots.findIndex((_, number) => {
        const tried = [...values];
        tried[at] = number;
        return symbolOf(own, at, tried) === free[2 + at];
      });
      if (choice < 0) return null;
      values[at] = choice;
    }
    return own.allowed(values) ? { pattern, values } : null;
  }
  const lengthOf = (free: readonly number[]): number =>
    (patterns[(free[1] ?? 0) - 1]?.variables.length ?? Infinity) + 2;

  return {
    alphabet: {
      size: names.length,
      begin,
      name: (symbol) => names[symbol] ?? '',
      isRare: rarity((random) => symbolsOf(texts.draw(random))),
    },
    maxFree: 2 + Math.max(...patterns.map(({ variables }) => variables.length)),
    toFree(ids) {
      const [filling] = inputs.fillings(ids);
      return filling === undefined ? [begin] : symbolsOf(filling);
    },
    done: (free) => free.length >= lengthOf(free),
    complete(free) {
      const filling = read(free);
      return filling === null ? null : inputs.ids(filling);
    },
    origins(ids) {
      const input = inputs.of(ids);
      const own = input === null ? undefined : patterns[input.filling.pattern];
      if (input === null || own === undefined) return null;
      const free = symbolsOf(input.filling);
      const steps = new Map<number, SaidStep[]>();
      const say = (token: number, at: number): void => {
        steps.set(token, [...(steps.get(token) ?? []), { at, among: [free[at] ?? 0] }]);
      };
      const filled = new Set(input.mentions.flatMap(({ first, last }) => range(first, last)));
      const fixed = ids.findIndex((id, at) => at > 0 && id !== eos && !filled.has(at));
      say(fixed < 0 ? 1 : fixed, 1);
      const seen = new Set<string>();
      own.variables.forEach(({ slot }, at) => {
        // A filler is said where it first stands, a choice where the slot that makes it does.
        const mention =
          input.mentions.find((one) => one.slot === slot) ??
          input.mentions.find((one) => one.root === slot && !seen.has(`${one.first}`));
        seen.add(`${mention?.first ?? ''}`);
        say(mention?.first ?? 1, 2 + at);
      });
      return ids.map((id, at): Origin => {
        const own = steps.get(at);
        if (own !== undefined) return { kind: 'said', steps: own };
        return at === 0 || id === eos ? { kind: 'fixed' } : { kind: 'follows' };
      });
    },
  };
}

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);
