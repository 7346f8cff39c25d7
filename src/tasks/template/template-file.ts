/**
 * Template files: a study that a person writes without code. See docs/template-tasks.md for the format.
 * @module
 */
import { InputError, suggest } from '../../input-error.js';
import { quote } from '../../printable.js';
import { readContrast } from './contrast-rules.js';
import { type WrittenDocument, checkedContent, expectSlot, readDocument } from './document.js';
import { attributesOf, readOperands } from './operands.js';
import { readPlaces } from './place-rules.js';
import { readLimits, readRounds } from './reading-rules.js';
import { type SlotContent, type FillerContent, fillerListSchema, templateSchema } from './schema.js';
import {
  type AttributeValue,
  type Filler,
  type Part,
  type Slot,
  type Template,
  patternPart,
  slotsOfParts,
  sourcesOf,
} from './template.js';

/** Most fillers of a slot. */
const mostFillers = 100_000;

/** Gives the text of a file that a template names, relative to the template. @throws InputError where there is none */
export type ReadBeside = (path: string) => Promise<string>;

/**
 * Reads a template file.
 * @param text YAML or JSON
 * @param name of the file, for messages
 * @throws InputError with file, line and slot
 */
export async function readTemplate(text: string, name: string, beside: ReadBeside): Promise<Template> {
  const document = readDocument(text, name);
  const content = checkedContent(document, templateSchema);
  const slots = await readSlots(document, content.slots, beside);
  const known = [...slots.keys()];
  const partsOf = (source: string, path: readonly PropertyKey[]): Part[] => {
    const parts = splitParts(source, (sentence) => document.fault(path, sentence));
    for (const slot of slotsOfParts(parts)) {
      expectSlot(document, path, slot, known);
      if (slots.get(slot)?.kind === 'either')
        throw document.fault(
          path,
          `{${slot}} stands for another slot of each pattern and cannot be written itself: write one of them.`,
        );
    }
    return parts;
  };
  const answer = content.answer === undefined ? null : partsOf(content.answer, ['answer']);
  const patterns = content.patterns.map((pattern, at) => {
    const {
      text: source,
      weight = 1,
      answer: own,
      attributes = {},
    } = typeof pattern === 'string' ? { text: pattern } : pattern;
    for (const attribute of Object.keys(attributes))
      if (slots.has(attribute) || attribute === patternPart)
        throw document.fault(
          ['patterns', at, 'attributes', attribute],
          `patterns: an attribute cannot be named ${quote(attribute)}, as a slot or the pattern itself is.`,
        );
    return {
      text: source,
      weight,
      parts: partsOf(source, ['patterns', at]),
      answer: own === undefined ? answer : partsOf(own, ['patterns', at, 'answer']),
      attributes: new Map(Object.entries(attributes)),
    };
  });
  expectDistinct(
    document,
    ['patterns'],
    patterns.map((pattern) => pattern.text),
    'pattern',
  );
  const contrast = readContrast(document, content.contrast, slots, patterns, partsOf);
  const split = { by: content.split?.by ?? null, test: content.split?.test ?? 0.25 };
  split.by?.forEach((slot, at) => {
    expectSlot(document, ['split', 'by', at], slot, known);
    if (slots.get(slot)?.kind !== 'fillers')
      throw document.fault(['split', 'by', at], `split.by: ${slot} has no fillers of its own to part.`);
  });
  const places = readPlaces(document, content.places ?? null, slots, patterns);
  const names = places.map((place) => place.name);
  content.positions?.forEach((place, at) => {
    if (names.includes(place)) return;
    throw document.fault(
      ['positions', at],
      `positions: no place is named ${quote(place)}.${suggest(place, names)} Places: ${names.join(', ')}.`,
    );
  });
  return {
    name: content.name,
    about: content.about ?? `Texts of ${patterns.length} ${patterns.length === 1 ? 'pattern' : 'patterns'}.`,
    patterns,
    slots,
    constraints: (content.constraints ?? []).map((source, at) => ({
      ...readOperands(source, slots, (sentence) => document.fault(['constraints', at], sentence)),
      where: document.where(['constraints', at]),
    })),
    answer,
    contrast,
    places,
    positions: content.positions ?? null,
    sites: content.sites ?? null,
    epsilon: content.epsilon ?? 0.1,
    metric: content.metric ?? 'euclidean',
    split,
    rounds: readRounds(content.rounds),
    attendedBelow: content.attended?.below ?? null,
    tokens: readLimits(document, content.tokens ?? {}, slots),
  };
}

function expectDistinct(
  document: WrittenDocument,
  path: readonly PropertyKey[],
  texts: readonly string[],
  what: string,
): void {
  const seen = new Map<string, number>();
  for (const [at, text] of texts.entries()) {
    if (seen.has(text))
      throw document.fault(
        [...path, at],
        `${path.join('.')}: the ${what} ${quote(text)} stands there twice.`,
      );
    seen.set(text, at);
  }
}

/** Parts of a text with slots in braces; `{{` and `}}` are braces. */
function splitParts(source: string, fault: (sentence: string) => InputError): Part[] {
  const parts: Part[] = [];
  let text = '';
  const end = (): void => {
    if (text !== '') parts.push({ kind: 'text', text });
    text = '';
  };
  for (const [piece] of source.matchAll(/\{\{|\}\}|\{[^{}]*\}|[^{}]+|[{}]/g)) {
    if (piece === '{{' || piece === '}}') text += piece.slice(1);
    else if (piece === '{' || piece === '}')
      throw fault(`${quote(source)} has a lone ${piece}: slots are {name}, and a brace is written twice.`);
    else if (piece.startsWith('{')) {
      end();
      parts.push({ kind: 'slot', slot: piece.slice(1, -1).trim() });
    } else text += piece;
  }
  end();
  return parts;
}

async function readSlots(
  document: WrittenDocument,
  contents: Readonly<Record<string, SlotContent>>,
  beside: ReadBeside,
): Promise<Map<string, Slot>> {
  const slots = new Map<string, Slot>();
  const known = Object.keys(contents);
  // Slots that take another's list come after it, wherever they stand.
  const later: [name: string, of: string][] = [];
  for (const [name, content] of Object.entries(contents)) {
    if (!Array.isArray(content) && 'same-as' in content) {
      expectSlot(document, ['slots', name, 'same-as'], content['same-as'], known);
      later.push([name, content['same-as']]);
    }
    slots.set(name, await readSlot(document, name, content, beside));
  }
  for (const [name, of] of later) {
    let source = of;
    for (let steps = 0; steps <= known.length; steps++) {
      const next = later.find(([one]) => one === source)?.[1];
      if (next === undefined) break;
      source = next;
    }
    const list = slots.get(source);
    if (list?.kind !== 'fillers' || later.some(([one]) => one === source))
      throw document.fault(['slots', name], `slots.${name}: ${of} has no list of fillers to take.`);
    slots.set(name, list);
  }
  for (const [name, slot] of slots) checkSources(document, name, slot, slots);
  return slots;
}

async function readSlot(
  document: WrittenDocument,
  name: string,
  content: SlotContent,
  beside: ReadBeside,
): Promise<Slot> {
  const fault = (sentence: string): InputError => document.fault(['slots', name], sentence);
  if (name === patternPart)
    throw fault(`slots.${name}: a slot cannot be named so: it is what the patterns are called.`);
  const list = (fillers: readonly FillerContent[], where: readonly PropertyKey[] | null): Slot => {
    if (fillers.length > mostFillers)
      throw fault(`slots.${name}: ${fillers.length} fillers are too many: give ${mostFillers} at most.`);
    const read = fillers.map(fillerOf);
    const seen = new Set<string>();
    for (const [at, { text }] of read.entries()) {
      const path = where === null ? ['slots', name] : [...where, at];
      if (text === '') throw document.fault(path, `slots.${name}: filler ${at + 1} is empty.`);
      if (seen.has(text))
        throw document.fault(path, `slots.${name}: the filler ${quote(text)} stands there twice.`);
      seen.add(text);
    }
    return { kind: 'fillers', family: name, fillers: read };
  };
  if (Array.isArray(content)) return list(content, ['slots', name]);
  if ('fillers' in content) return list(content.fillers, ['slots', name, 'fillers']);
  if ('from' in content) return list(await fillersOfFile(content.from, name, beside, fault), null);
  if ('range' in content) {
    const [first, last] = content.range;
    if (last < first || last - first >= mostFillers)
      throw fault(`slots.${name}: the range ${first} to ${last} has no number or too many.`);
    return list(
      Array.from({ length: last - first + 1 }, (_, at) => first + at),
      null,
    );
  }
  if ('one-of' in content) return { kind: 'one-of', slots: content['one-of'] };
  if ('other-of' in content) return { kind: 'other-of', slots: content['other-of'], than: content.than };
  if ('attribute' in content) {
    const [slot = '', attribute = ''] = content.attribute.split('.');
    return { kind: 'attribute', slot, attribute, ...(content.some === true ? { some: true } : {}) };
  }
  if ('either' in content) return { kind: 'either', slots: content.either };
  // A list of another slot's stands in until all slots are read.
  return { kind: 'one-of', slots: [] };
}

/** The fillers in a file: a JSON or YAML list, or a text of one filler a line. */
async function fillersOfFile(
  path: string,
  name: string,
  beside: ReadBeside,
  fault: (sentence: string) => InputError,
): Promise<readonly FillerContent[]> {
  let text: string;
  try {
    text = await beside(path);
  } catch (error) {
    if (error instanceof InputError) throw fault(`slots.${name}: ${error.message}`);
    throw error;
  }
  if (/\.txt$/i.test(path)) {
    const lines = text
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '');
    if (lines.length === 0) throw fault(`slots.${name}: ${quote(path)} has no filler: one a line is needed.`);
    return lines;
  }
  return checkedContent(readDocument(text, path), fillerListSchema);
}

function fillerOf(content: FillerContent): Filler {
  if (typeof content !== 'object') return { text: String(content), weight: 1, attributes: new Map() };
  const { text, weight = 1, ...rest } = content;
  const attributes = Object.entries(rest).flatMap(([key, value]): [string, AttributeValue][] =>
    typeof value === 'string' || typeof value === 'number'
      ? [[key, value]]
      : typeof value === 'boolean'
        ? [[key, String(value)]]
        : [],
  );
  return { text: String(text), weight, attributes: new Map(attributes) };
}

/** @throws InputError for a slot that is taken from one that is not there, or in the end from itself */
function checkSources(
  document: WrittenDocument,
  name: string,
  slot: Slot,
  slots: ReadonlyMap<string, Slot>,
): void {
  const known = [...slots.keys()];
  for (const source of sourcesOf(slot)) expectSlot(document, ['slots', name], source, known);
  const open = [...sourcesOf(slot)];
  for (let next = open.pop(), steps = 0; next !== undefined; next = open.pop(), steps++) {
    const source = slots.get(next);
    if (next === name || steps > 10_000 || source === undefined)
      throw document.fault(['slots', name], `slots.${name}: it is taken from itself.`);
    open.push(...sourcesOf(source));
  }
  if (slot.kind === 'one-of' || slot.kind === 'other-of') {
    for (const source of slot.slots)
      if (slots.get(source)?.kind !== 'fillers')
        throw document.fault(['slots', name], `slots.${name}: ${source} has no fillers of its own.`);
    const twice = slot.slots.find((source, at) => slot.slots.indexOf(source) < at);
    if (twice !== undefined)
      throw document.fault(['slots', name], `slots.${name}: ${twice} stands there twice.`);
  }
  if (slot.kind === 'other-of') {
    const than = slots.get(slot.than);
    if (than?.kind !== 'one-of' || than.slots.some((one) => !slot.slots.includes(one)))
      throw document.fault(
        ['slots', name],
        `slots.${name}: ${slot.than} must be one-of [${slot.slots.join(', ')}], of which this is the other.`,
      );
  }
  if (slot.kind === 'attribute') {
    const source = slots.get(slot.slot);
    const fillers = source?.kind === 'fillers' ? source.fillers : [];
    if (fillers.length === 0)
      throw document.fault(['slots', name], `slots.${name}: ${slot.slot} has no fillers of its own.`);
    const without = fillers.find(({ attributes }) => !attributes.has(slot.attribute));
    const names = source === undefined ? [] : attributesOf(source, slots);
    if (!names.includes(slot.attribute))
      throw document.fault(
        ['slots', name],
        `slots.${name}: no filler of ${slot.slot} has an attribute ${quote(slot.attribute)}.${suggest(slot.attribute, names)}${names.length === 0 ? '' : ` Attributes: ${names.join(', ')}.`}`,
      );
    if (without !== undefined && slot.some !== true)
      throw document.fault(
        ['slots', name],
        `slots.${name}: the filler ${quote(without.text)} of ${slot.slot} has no attribute ${quote(slot.attribute)}: give it one, or say some: true, and patterns that use ${name} take the fillers that have it.`,
      );
  }
  if (slot.kind === 'either') {
    const wrong = slot.slots.find(
      (source) => !['fillers', 'attribute'].includes(slots.get(source)?.kind ?? ''),
    );
    if (wrong !== undefined)
      throw document.fault(
        ['slots', name],
        `slots.${name}: ${wrong} has neither fillers of its own nor is it an attribute.`,
      );
  }
}
