/**
 * Texts that differ from one in some of its slots.
 * @module
 */
import { InputError, suggest } from '../../input-error.js';
import { type Random, drawWeighted } from '../../random.js';
import { type Varying, type Variation } from '../task.js';
import { patternPart } from './template.js';
import { located } from './fillings.js';
import { type TemplateInputs } from './inputs.js';
import { type Filling, type TemplateTexts } from './texts.js';

export function templateVariation(texts: TemplateTexts, inputs: TemplateInputs): Variation {
  const { template, patterns } = texts;
  const dependent = (names: readonly string[]): string[] => [
    ...names,
    // A choice between slots that are drawn anew is drawn with them.
    ...[...template.slots].flatMap(([name, slot]) =>
      slot.kind === 'one-of' && slot.slots.some((one) => names.includes(one)) ? [name] : [],
    ),
  ];
  const { redraw = [] } = template.contrast ?? {};
  const usual = redraw.length === 0 ? null : dependent(redraw);
  const fillingOf = (ids: readonly number[]): Filling => {
    const found = inputs.of(ids);
    if (found !== null) return found.filling;
    throw new InputError(`${inputs.text(ids)} is no text of ${template.name}: none can be varied.`);
  };
  const eithers = [...template.slots].flatMap(([name, slot]) => (slot.kind === 'either' ? [name] : []));
  /** The names of several patterns that a pattern has a slot with a choice of its own for, with that slot. */
  const commonNames = (pattern: number): (readonly [name: string, slot: string])[] =>
    eithers.flatMap((name) => {
      const own = patterns[pattern]?.meant(name) ?? null;
      const varies = patterns[pattern]?.variables.some(({ slot }) => slot === own) === true;
      return own !== null && varies ? [[name, own] as const] : [];
    });
  const partsOf = ({ pattern }: Filling): string[] => {
    const common = commonNames(pattern);
    const named = (slot: string): string => common.find(([, own]) => own === slot)?.[0] ?? slot;
    return [
      ...(patterns.length > 1 ? [patternPart] : []),
      ...(patterns[pattern]?.variables.map(({ slot }) => named(slot)) ?? []),
    ];
  };

  const meant = ({ pattern }: Filling, name: string): string | null =>
    template.slots.has(name) ? (patterns[pattern]?.meant(name) ?? null) : name;

  return {
    parts(ids) {
      const input = inputs.of(ids);
      if (input === null) return [];
      return partsOf(input.filling).map((name) => ({
        name,
        positions: input.mentions.flatMap(({ slot, root, first, last }) =>
          slot === meant(input.filling, name) || root === meant(input.filling, name)
            ? Array.from({ length: last - first + 1 }, (_, at) => first + at)
            : [],
        ),
      }));
    },
    usual(ids) {
      const parts = partsOf(fillingOf(ids));
      return usual === null ? parts : parts.filter((name) => usual.includes(name));
    },
    varying(ids, names): Varying {
      const base = fillingOf(ids);
      const known = [...new Set([...partsOf(base), ...commonNames(base.pattern).flat()])];
      for (const name of names)
        if (!known.includes(name))
          throw new InputError(
            `Nothing in this text is named "${name}".${suggest(name, known)} What can vary: ${known.join(', ')}.`,
          );
      const common = names.filter((name) => eithers.includes(name));
      // Patterns that have nothing of a common name are not varied into.
      const chosen = names.includes(patternPart)
        ? [...patterns.keys()].filter((pattern) =>
            common.every((name) => meant({ pattern, values: [] }, name) !== null),
          )
        : [base.pattern];
      const groups = chosen.map((pattern) => {
        const own = patterns[pattern];
        if (own === undefined) throw new RangeError(`no pattern ${pattern}`);
        const before = patterns[base.pattern]?.variables ?? [];
        // What only the other pattern has is free with it.
        const free = new Set(names.flatMap((name) => meant({ pattern, values: [] }, name) ?? []));
        const at = own.variables.map(({ slot }) => before.findIndex((variable) => variable.slot === slot));
        const values = at.map((from) => (from < 0 ? -1 : (base.values[from] ?? -1)));
        const open = new Set(
          own.variables.flatMap(({ slot }, to) => (free.has(slot) || (at[to] ?? -1) < 0 ? [slot] : [])),
        );
        return { pattern, varying: own.varying(values, open) };
      });
      const size = groups.reduce((sum, { varying }) => sum + varying.size, 0);
      const fillingAt = (index: number): Filling => {
        const [{ pattern, varying }, , rest] = located(groups, (group) => group.varying.size, index);
        return { pattern, values: varying.at(rest) };
      };
      return {
        size,
        input: (index) => inputs.ids(fillingAt(index)),
        logProbability: (index) => texts.logProbability(fillingAt(index)),
        draw(random: Random) {
          // Of several patterns each counts by what its inputs have of the probability.
          const able = groups.filter(({ varying: own }) => own.share > 0);
          const weights = able.map(
            ({ pattern, varying: { share } }) => (template.patterns[pattern]?.weight ?? 0) * share,
          );
          const group = able[drawWeighted(random, weights)];
          if (group === undefined) throw new InputError('Nothing is left to draw.');
          return inputs.ids({ pattern: group.pattern, values: group.varying.draw(random) });
        },
      };
    },
  };
}
