/**
 * Reading a Hugging Face `config.json`: fields that must be there, other names that transformers 4 and 5 give them,
 * and what is refused by name.
 * @module
 */
import { InputError } from '../../input-error.js';
import { quote, shown } from '../../printable.js';
import { type Activation, type Rotary } from '../architecture.js';
import { isRecord } from '../weights/strict-json.js';
import { llama3Frequencies, rotaryFrequencies } from '../rotary.js';

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** The fields of one config. */
export interface ConfigReader {
  readonly json: Json;
  /** What to call it in messages. */
  readonly file: string;
  /** A whole number from 1, under the first of these names that is there. @throws InputError when none is, without `fallback` */
  size(names: readonly string[], fallback?: number): number;
  /** A positive number. */
  positive(names: readonly string[], fallback?: number): number;
  /** A positive number, or null where the field is null or not there. */
  optional(name: string): number | null;
  flag(name: string, fallback: boolean): boolean;
  text(name: string, fallback?: string): string;
  /** An object, or null where the field is null or not there. */
  object(name: string): Json | null;
  /** A list of texts, or null. */
  texts(name: string): readonly string[] | null;
  /** @throws InputError that begins with the file's name */
  fail(message: string): never;
}

/** Makes a reader. @param file what to call the config in messages */
export function configReader(json: Json, file: string): ConfigReader {
  const fail = (message: string): never => {
    throw new InputError(`${file}: ${message}.`);
  };
  const find = (names: readonly string[]): [string, unknown] => {
    const name = names.find((one) => json[one] !== undefined && json[one] !== null) ?? names[0] ?? '';
    return [name, json[name] ?? undefined];
  };
  const missing = (names: readonly string[]): never =>
    fail(`"${names[0] ?? ''}" is missing${names.length > 1 ? ` (or "${names.slice(1).join('", "')}")` : ''}`);
  const show = (value: unknown): string =>
    typeof value === 'string' ? quote(value) : shown(JSON.stringify(value));
  return {
    json,
    file,
    fail,
    size(names, fallback) {
      const [name, value] = find(names);
      if (value === undefined) return fallback ?? missing(names);
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 1_000_000)
        return fail(`"${name}" must be a whole number from 1, not ${show(value)}`);
      return value;
    },
    positive(names, fallback) {
      const [name, value] = find(names);
      if (value === undefined) return fallback ?? missing(names);
      if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value))
        return fail(`"${name}" must be a positive number, not ${show(value)}`);
      return value;
    },
    optional(name) {
      const value = json[name] ?? null;
      if (value === null) return null;
      if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value))
        return fail(`"${name}" must be a positive number or null, not ${show(value)}`);
      return value;
    },
    flag(name, fallback) {
      const value = json[name] ?? fallback;
      return typeof value === 'boolean' ? value : fail(`"${name}" must be true or false, not ${show(value)}`);
    },
    text(name, fallback) {
      const value = json[name] ?? fallback;
      if (value === undefined) return missing([name]);
      return typeof value === 'string' ? value : fail(`"${name}" must be a text, not ${show(value)}`);
    },
    object(name) {
      const value = json[name] ?? null;
      return value === null || isRecord(value)
        ? value
        : fail(`"${name}" must be an object, not ${show(value)}`);
    },
    texts(name) {
      const value = json[name] ?? null;
      if (value === null) return null;
      return Array.isArray(value) && value.every((one) => typeof one === 'string')
        ? value
        : fail(`"${name}" must be a list of texts, not ${show(value)}`);
    },
  };
}

const activations = {
  gelu: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
} as const satisfies Readonly<Record<string, Activation>>;

/** Hugging Face's name of an activation function; some functions have several. */
export type ActivationName = keyof typeof activations;

/** All names that are known. */
export const activationNames = Object.keys(activations) as [ActivationName, ...ActivationName[]];

/** The function of a name. */
export const activationNamed = (name: ActivationName): Activation => activations[name];

/** The activation function that a field names. @throws InputError with the known ones */
export function activationOf(config: ConfigReader, name: string, fallback: string): Activation {
  const given = config.text(name, fallback);
  const known = activationNames.find((one) => one === given);
  if (known !== undefined) return activationNamed(known);
  return config.fail(`"${name}": ${quote(given)} is not one of ${activationNames.join(', ')}`);
}

/** Rotary positions as a family's config has them. */
export interface RotaryDefaults {
  readonly base: number;
  /** Numbers of a head that are turned. */
  readonly dims: number;
  readonly positions: number;
}

/**
 * Rotary positions from a `rope_parameters` (transformers 5) or `rope_scaling` (transformers 4) object.
 * @throws InputError for a kind of scaling that is not known
 */
export function rotaryOf(config: ConfigReader, object: Json | null, defaults: RotaryDefaults): Rotary {
  const field = configReader(object ?? {}, 'config.json: rotary positions');
  const frequencies = rotaryFrequencies(field.positive(['rope_theta'], defaults.base), defaults.dims);
  const kind = field.text('rope_type', field.text('type', 'default'));
  switch (kind) {
    case 'default':
    // Longer inputs than the model was trained on would be stretched; those that it takes are not.
    case 'dynamic':
      return { inverseFrequencies: frequencies };
    case 'linear': {
      const factor = field.positive(['factor']);
      return { inverseFrequencies: frequencies.map((frequency) => frequency / factor) };
    }
    case 'llama3':
      return {
        inverseFrequencies: llama3Frequencies(frequencies, {
          factor: field.positive(['factor']),
          lowFreqFactor: field.positive(['low_freq_factor']),
          highFreqFactor: field.positive(['high_freq_factor']),
          originalPositions: field.positive(['original_max_position_embeddings'], defaults.positions),
        }),
      };
    default:
      return config.fail(
        `rotary positions of kind ${quote(kind)} are not supported, only default, dynamic, linear and llama3`,
      );
  }
}
