/**
 * A template with fewer fillers: its exact sets grow with the square of a list that two slots take.
 * @module
 */
import { type Slot, type Template } from './template.js';

/** @param most fillers of a list, taken evenly from it; 2 or more */
export function fewerFillers(template: Template, most: number): Template {
  const fewer = (slot: Slot): Slot => {
    if (slot.kind !== 'fillers' || slot.fillers.length <= most) return slot;
    const { fillers } = slot;
    return {
      ...slot,
      fillers: Array.from(
        { length: most },
        (_, at) => fillers[Math.floor((at * fillers.length) / most)],
      ).flatMap((filler) => filler ?? []),
    };
  };
  return { ...template, slots: new Map([...template.slots].map(([name, slot]) => [name, fewer(slot)])) };
}
