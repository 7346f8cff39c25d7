/**
 * Contrasts with fresh fillers: the text of the same pattern in which some slots have fillers that the text held against
 * it does not have, all different. Where a slot repeats another one in the task (the subject of `ioi`), it has a filler of
 * its own here, so that the text need not be one of the task: it tells nothing of who did what.
 * @module
 */
import { type Random } from '../../random.js';
import { type Filler, type Slot, type Template, sourcesOf } from './template.js';
import { type Filling, type TemplateTexts, textsOf } from './texts.js';

/** Draws before a contrast counts as impossible. */
const tries = 10_000;

/** What can stand in a slot as a text of its own: its list, or those of the slots that it is taken from, each text once. */
export function fillersFor(name: string, slots: ReadonlyMap<string, Slot>): readonly Filler[] {
  const slot = slots.get(name);
  switch (slot?.kind) {
    case undefined:
      return [];
    case 'fillers':
      return slot.fillers;
    case 'attribute':
      return [];
    case 'either':
    case 'one-of':
    case 'other-of':
      return distinct(slot.slots.flatMap((source) => fillersFor(source, slots)));
  }
}

const distinct = (fillers: readonly Filler[]): readonly Filler[] => [
  ...new Map(fillers.map((filler) => [filler.text, filler])).values(),
];

/** The slots whose lists give a slot's filler. */
export function rootsOf(name: string, slots: ReadonlyMap<string, Slot>): string[] {
  const slot = slots.get(name);
  if (slot === undefined || slot.kind === 'fillers') return [name];
  return sourcesOf(slot).flatMap((source) => rootsOf(source, slots));
}

/** The template whose texts are the contrasts: the slots named have lists of their own, and nothing is answered. */
function freshTemplate(template: Template, fresh: readonly string[]): Template {
  const slots = new Map(
    [...template.slots].map(([name, slot]): [string, Slot] => [
      name,
      !fresh.includes(name) || slot.kind === 'fillers'
        ? slot
        : { kind: 'fillers', family: name, fillers: fillersFor(name, template.slots) },
    ]),
  );
  const patterns = template.patterns.map((pattern) => ({ ...pattern, answer: null }));
  return { ...template, patterns, slots, answer: null, contrast: null };
}

/** Contrasts with fresh fillers. */
export interface FreshTexts {
  /** The texts that they are among; not each is a contrast of something. */
  readonly texts: TemplateTexts;
  /** Draws one for a filling of the task; null where none was found. */
  draw(filling: Filling, random: Random): Filling | null;
}

/** @param fresh the slots with fillers of their own, one at least */
export function freshTexts(own: TemplateTexts, fresh: readonly string[]): FreshTexts {
  const { slots } = own.template;
  const texts = textsOf(freshTemplate(own.template, fresh));
  const roots = [...new Set(fresh.flatMap((slot) => rootsOf(slot, slots)))];
  return {
    texts,
    draw({ pattern, values }, random) {
      const [before, after] = [own.patterns[pattern], texts.patterns[pattern]];
      if (before === undefined || after === undefined) throw new RangeError(`no pattern ${pattern}`);
      const taken = new Set(roots.map((slot) => before.filler(slot, values)?.text));
      const shown = fresh.filter((slot) => after.variables.some((variable) => variable.slot === slot));
      const held = after.variables.map(({ slot }) =>
        shown.includes(slot) ? -1 : (values[before.variables.findIndex((one) => one.slot === slot)] ?? -1),
      );
      const varying = after.varying(held, new Set(shown));
      if (varying.size === 0) return null;
      for (let attempt = 0; attempt < tries; attempt++) {
        const drawn = varying.draw(random);
        const found = shown.map((slot) => after.filler(slot, drawn)?.text);
        if (new Set(found).size === found.length && !found.some((text) => taken.has(text)))
          return { pattern, values: drawn };
      }
      return null;
    },
  };
}
