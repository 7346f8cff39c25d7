/**
 * How a template's texts are read and how long they may be, as its file says it.
 * @module
 */
import { suggest } from '../../input-error.js';
import { quote } from '../../printable.js';
import { type SamplingRound } from '../task.js';
import { type WrittenDocument } from './document.js';
import { type TemplateContent } from './schema.js';
import { type Slot, type TokenLimits } from './template.js';

/** Candidates of a round unless the file says otherwise. */
const usualCandidates = 64;

/** The rounds of a file, written out; null where it says none. */
export function readRounds(content: TemplateContent['rounds']): SamplingRound[] | null {
  if (content === undefined) return null;
  const each = content.each.map((round): SamplingRound => {
    const { temperature, noise = 0, repeats, candidates = usualCandidates } = round;
    const noiseKind = round['noise-kind'];
    return {
      temperature,
      noise,
      candidates,
      ...(noiseKind === undefined ? {} : { noiseKind }),
      ...(repeats === undefined ? {} : { repeats }),
    };
  });
  return Array.from({ length: content.times ?? 1 }, () => each).flat();
}

/** @throws InputError for a limit of what is neither `text`, `answer` nor a slot with texts of its own */
export function readLimits(
  document: WrittenDocument,
  content: Readonly<Record<string, number>>,
  slots: ReadonlyMap<string, Slot>,
): TokenLimits {
  const own = Object.entries(content).filter(([name]) => slots.has(name));
  const known = ['text', 'answer', ...slots.keys()];
  for (const name of Object.keys(content))
    if (!known.includes(name))
      throw document.fault(
        ['tokens', name],
        `tokens: no slot is named ${quote(name)}.${suggest(name, known)} What can have a limit: ${known.join(', ')}.`,
      );
  const limit = (name: 'text' | 'answer'): number | null =>
    slots.has(name) ? null : (content[name] ?? null);
  return { text: limit('text'), answer: limit('answer'), slots: new Map(own) };
}
