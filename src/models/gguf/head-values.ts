/**
 * The named values in the head of a GGUF file, as a reader of sizes and tokens asks for them.
 * @module
 */
import { InputError } from '../../input-error.js';
import { quote } from '../../printable.js';
import { type GgufFile } from '../weights/gguf.js';
import { type GgufValue } from '../weights/gguf-header.js';

/** Typed access to named values. Names without a full stop at their start are whole. */
export interface HeadValues {
  /** What to call the file in a message. */
  readonly file: string;
  /** `general.architecture`: the first part of the names of sizes. */
  readonly architecture: string;
  /** A number. @throws InputError when it is missing or none */
  number(name: string): number;
  /** A number, or null where the file has none of that name. @throws InputError for a value of another type */
  numberOrNull(name: string): number | null;
  textOrNull(name: string): string | null;
  truthOrNull(name: string): boolean | null;
  textsOrNull(name: string): readonly string[] | null;
  /** Numbers, widened to float64. */
  numbersOrNull(name: string): readonly number[] | null;
}

/** @param file an opened GGUF; a name that begins with `.` has the architecture put before it, such as `.block_count` */
export function headValues(file: GgufFile): HeadValues {
  const architecture = file.values.get('general.architecture');
  if (typeof architecture !== 'string') {
    throw new InputError(`${file.name} does not say its general.architecture.`);
  }
  const whole = (name: string): string => (name.startsWith('.') ? `${architecture}${name}` : name);
  const read = <T>(name: string, what: string, take: (value: GgufValue) => T | null): T | null => {
    const value = file.values.get(whole(name));
    if (value === undefined) return null;
    const taken = take(value);
    if (taken !== null) return taken;
    throw new InputError(`${file.name} has ${quote(whole(name))}, which is not ${what}.`);
  };
  const numberOrNull = (name: string): number | null => read(name, 'a number', asNumber);
  return {
    file: file.name,
    architecture,
    numberOrNull,
    number(name) {
      const value = numberOrNull(name);
      if (value !== null) return value;
      throw new InputError(`${file.name} does not say its ${quote(whole(name))}.`);
    },
    textOrNull: (name) => read(name, 'a text', (value) => (typeof value === 'string' ? value : null)),
    truthOrNull: (name) =>
      read(name, 'true or false', (value) => (typeof value === 'boolean' ? value : null)),
    textsOrNull: (name) => read(name, 'a list of texts', (value) => (isTexts(value) ? value : null)),
    numbersOrNull: (name) => read(name, 'a list of numbers', asNumbers),
  };
}

/** Where sizes are given layer by layer, all layers have to agree. */
function asNumber(value: GgufValue): number | null {
  if (typeof value === 'number') return decimal(value);
  const layers = asNumbers(value);
  const [first] = layers ?? [];
  return first !== undefined && layers?.every((size) => size === first) === true ? first : null;
}

function asNumbers(value: GgufValue): number[] | null {
  return ArrayBuffer.isView(value) ? Array.from(value as ArrayLike<number | bigint>, Number) : null;
}

const isTexts = (value: GgufValue): value is readonly string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');

/** The shortest decimal that float32 rounds to the same number: 1e-5, and not 0.000009999999747378752. */
function decimal(value: number): number {
  if (Math.fround(value) !== value || Number.isInteger(value)) return value;
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return value;
}
