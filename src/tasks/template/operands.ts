/**
 * Constraints between slots: `A != B`, `A.gender = B.gender`, `year < 1950`.
 * @module
 */
import { type InputError, suggest } from '../../input-error.js';
import { quote } from '../../printable.js';
import { type AttributeValue, type Constraint, type Operand, type Slot, comparisons } from './template.js';

/**
 * Reads a constraint.
 * @param fault makes the error of a sentence
 * @throws InputError for what is none, an unknown slot, and an attribute that no filler has
 */
export function readOperands(
  text: string,
  slots: ReadonlyMap<string, Slot>,
  fault: (sentence: string) => InputError,
): Omit<Constraint, 'where'> {
  const match = /^\s*(".*?"|[^\s"=<>!]+)\s*(!=|<=|>=|=|<|>)\s*(".*?"|[^\s"=<>!]+)\s*$/.exec(text);
  const [, left, sign, right] = match ?? [];
  const comparison = comparisons.find((one) => one === sign);
  if (left === undefined || right === undefined || comparison === undefined)
    throw fault(
      `${quote(text)} is no constraint: give two sides and one of ${comparisons.join(' ')}, as in A != B.`,
    );
  const side = (source: string): Operand => readOperand(source, slots, fault);
  return { text, left: side(left), comparison, right: side(right) };
}

function readOperand(
  source: string,
  slots: ReadonlyMap<string, Slot>,
  fault: (sentence: string) => InputError,
): Operand {
  if (source.startsWith('"')) return { kind: 'value', value: source.slice(1, -1) };
  if (/^-?\d+(\.\d+)?$/.test(source)) return { kind: 'value', value: Number(source) };
  const [slot = '', attribute] = source.split('.');
  const known = [...slots.keys()];
  const own = slots.get(slot);
  if (own === undefined)
    throw fault(`No slot is named ${quote(slot)}.${suggest(slot, known)} Slots: ${known.join(', ')}.`);
  if (attribute === undefined) return { kind: 'slot', slot, attribute: null };
  const names = attributesOf(own, slots);
  if (!names.includes(attribute))
    throw fault(
      `No filler of ${slot} has an attribute ${quote(attribute)}.${suggest(attribute, names)}${names.length === 0 ? '' : ` Attributes: ${names.join(', ')}.`}`,
    );
  return { kind: 'slot', slot, attribute };
}

/** Names of the attributes that a slot's fillers have. */
export function attributesOf(slot: Slot, slots: ReadonlyMap<string, Slot>): string[] {
  if (slot.kind === 'fillers')
    return [...new Set(slot.fillers.flatMap(({ attributes }) => [...attributes.keys()]))];
  if (slot.kind === 'attribute') return [];
  return [
    ...new Set(
      slot.slots.flatMap((name) => {
        const source = slots.get(name);
        return source === undefined ? [] : attributesOf(source, slots);
      }),
    ),
  ];
}

/**
 * What an attribute that some fillers lack asks of the patterns that use it: a filler that has it.
 * @param where what a message says that it stands in
 */
export function presenceOf(slot: Slot, where: string): Constraint[] {
  if (slot.kind !== 'attribute' || slot.some !== true) return [];
  return [
    {
      text: `${slot.slot} has ${slot.attribute}`,
      where,
      left: { kind: 'slot', slot: slot.slot, attribute: slot.attribute },
      comparison: '!=',
      right: { kind: 'value', value: null },
    },
  ];
}

/** Whether a comparison of two values holds; by size where both are numbers, else by their text. */
export function holds(
  left: AttributeValue | null,
  comparison: Constraint['comparison'],
  right: AttributeValue | null,
): boolean {
  const [a, b] = [asNumber(left), asNumber(right)];
  const order =
    a !== null && b !== null
      ? Math.sign(a - b)
      : left === right || String(left) === String(right)
        ? 0
        : String(left) < String(right)
          ? -1
          : 1;
  switch (comparison) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '>':
      return order > 0;
    case '<=':
      return order <= 0;
    case '>=':
      return order >= 0;
  }
}

const asNumber = (value: AttributeValue | null): number | null => {
  if (typeof value === 'number') return value;
  return value !== null && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : null;
};
