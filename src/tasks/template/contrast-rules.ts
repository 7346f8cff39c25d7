/**
 * What a template's texts are held against, as the file says it.
 * @module
 */
import { type WrittenDocument, expectSlot } from './document.js';
import { fillersFor, rootsOf } from './fresh.js';
import { type TemplateContent } from './schema.js';
import { type Part, type Pattern, type Slot, type TemplateContrast, slotsOfParts } from './template.js';

/**
 * Reads the contrast of a template; null where it says none.
 * @param partsOf splits a text of the file into its parts
 * @throws InputError with file and line for a slot that is not there, or that cannot have a filler of its own
 */
export function readContrast(
  document: WrittenDocument,
  content: TemplateContent['contrast'],
  slots: ReadonlyMap<string, Slot>,
  patterns: readonly Pattern[],
  partsOf: (source: string, path: readonly PropertyKey[]) => Part[],
): TemplateContrast | null {
  if (content === undefined) return null;
  const { redraw = [], fresh = [] } = content;
  const known = [...slots.keys()];
  redraw.forEach((slot, at) => expectSlot(document, ['contrast', 'redraw', at], slot, known));
  fresh.forEach((slot, at) => expectSlot(document, ['contrast', 'fresh', at], slot, known));
  if (fresh.length > 0) expectFresh(document, fresh, slots, patterns);
  const answer = content.answer === undefined ? null : partsOf(content.answer, ['contrast', 'answer']);
  return { answer, redraw, fresh };
}

function expectFresh(
  document: WrittenDocument,
  fresh: readonly string[],
  slots: ReadonlyMap<string, Slot>,
  patterns: readonly Pattern[],
): void {
  const fault = (at: number, sentence: string) =>
    document.fault(['contrast', 'fresh', at], `contrast.fresh: ${sentence}.`);
  const shown = patterns.flatMap(({ parts }) => slotsOfParts(parts));
  fresh.forEach((name, at) => {
    const slot = slots.get(name);
    if (fresh.indexOf(name) < at) throw fault(at, `${name} stands there twice`);
    if (slot?.kind === 'attribute')
      throw fault(
        at,
        `${name} is an attribute of ${slot.slot} and has no filler of its own: name ${slot.slot}`,
      );
    if (!shown.includes(name)) throw fault(at, `no pattern has {${name}}, so that nothing would change`);
  });
  for (const name of new Set(shown)) {
    const slot = slots.get(name);
    if (slot?.kind !== 'other-of' || fresh.includes(name) || !fresh.includes(slot.than)) continue;
    throw fault(
      fresh.indexOf(slot.than),
      `${name} is the other than ${slot.than}, which would be neither: name ${name} too`,
    );
  }
  // Of each list there must be enough: what the text has, and as many new ones.
  const named = [...fresh.entries()].map(([at, name]) => ({ at, name, fillers: fillersFor(name, slots) }));
  for (const { at, fillers } of named) {
    const texts = new Set(fillers.map(({ text }) => text));
    const own = named.filter((one) => one.fillers.every(({ text }) => texts.has(text)));
    const roots = new Set(own.flatMap(({ name }) => rootsOf(name, slots)));
    const needed = roots.size + own.length;
    if (texts.size >= needed) continue;
    throw fault(
      at,
      `${own.map(({ name }) => name).join(', ')} need ${needed} different fillers, ${roots.size} of the text and ${own.length} new ${own.length === 1 ? 'one' : 'ones'}, and there are ${texts.size}`,
    );
  }
}
