/**
 * Which texts of a template are learned from, and which are held out.
 * @module
 */
import { seedFor } from '../../random.js';
import { type Split } from '../task.js';
import { type Filling, type TemplateTexts } from './texts.js';

/** The split of a filling; null for one that mixes fillers of both. */
export type SplitOf = (filling: Filling) => Split | null;

/**
 * Parts texts by a hash of each, or fillers of the slots named, so that held-out texts have held-out fillers alone.
 */
export function splitOf(texts: TemplateTexts): SplitOf {
  const { split, slots } = texts.template;
  if (split.by === null) {
    return (filling) =>
      seedFor(0, 'template split', texts.write(filling).text) < split.test * 2 ** 32 ? 'test' : 'train';
  }
  const by = split.by;
  const heldOut = new Map(
    by.map((name) => {
      const slot = slots.get(name);
      const fillers = slot?.kind === 'fillers' ? slot.fillers : [];
      const family = slot?.kind === 'fillers' ? slot.family : name;
      const shuffled = fillers
        .map(({ text }) => ({ text, key: seedFor(0, 'filler split', family, text) }))
        .sort((a, b) => a.key - b.key);
      const count = Math.min(fillers.length - 1, Math.max(1, Math.round(split.test * fillers.length)));
      return [name, new Set(shuffled.slice(0, count).map(({ text }) => text))] as const;
    }),
  );
  return ({ pattern, values }) => {
    const own = texts.patterns[pattern];
    const held = by.flatMap((name) => {
      const filler =
        own?.variables.some(({ slot }) => slot === name) === true ? own.filler(name, values) : null;
      return filler === null ? [] : [heldOut.get(name)?.has(filler.text) === true];
    });
    if (held.every((one) => !one)) return 'train';
    return held.every((one) => one) ? 'test' : null;
  };
}
