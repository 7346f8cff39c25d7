/**
 * A template with fewer fillers: its exact sets grow with the square of a list that two slots take.
 * @module
 */
import { type Filler, type Slot, type Template } from './template.js';

/**
 * @param most fillers of a list, taken evenly from it; 2 or more
 * @param said a text whose words stay, so that it is a text of the template still; they are the first of the most
 */
export function fewerFillers(template: Template, most: number, said = ''): Template {
  const words = wordsOf(said);
  const isSaid = ({ text }: Filler): boolean => words.includes(wordsOf(text));
  const fewer = (slot: Slot): Slot => {
    if (slot.kind !== 'fillers' || slot.fillers.length <= most) return slot;
    const stay = slot.fillers.filter(isSaid);
    const others = slot.fillers.filter((filler) => !isSaid(filler));
    const count = Math.max(0, most - stay.length);
    const evenly = Array.from({ length: count }, (_, at) => others[Math.floor((at * others.length) / count)]);
    const chosen = new Set([...stay, ...evenly]);
    return { ...slot, fillers: slot.fillers.filter((filler) => chosen.has(filler)) };
  };
  return { ...template, slots: new Map([...template.slots].map(([name, slot]) => [name, fewer(slot)])) };
}

/** The words of a text, with one space before, between and after them. */
const wordsOf = (text: string): string => ` ${text.replaceAll(/[^\p{L}\p{N}]+/gu, ' ')} `;
