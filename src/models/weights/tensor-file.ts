/**
 * An opened set of named tensors, whatever format they are stored in. Opening reads and checks the table of
 * contents alone; each tensor is read when it is asked for, so that a model of many gigabytes is never held twice
 * and a run that stops at a layer reads the layers before it.
 *
 * Numbers are little-endian, as in every format read here and on every machine that JavaScript runs on.
 * @module
 */
import { firstNotFinite } from '../finite.js';
import { InputError, suggest } from '../../input-error.js';
import { quote } from '../../printable.js';
import { decodeBfloat16, decodeFloat16 } from './float16.js';

/** The element types that are read, by their safetensors names; BOOL is one byte each. */
export type WeightDType = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** Bytes that one element takes. */
export const bytesPerElement: Readonly<Record<WeightDType, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** What a file says of one tensor. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: WeightDType;
  readonly shape: readonly number[];
  /** How the file stores it where that is no element type of safetensors: `Q4_K` of a GGUF. */
  readonly stored?: string;
}

/**
 * Names of tensors that nobody will read. They are left out of what is opened, so that their element types and views
 * may be any: a mask in a type that no weight has must not cost a person the model.
 */
export type Unread = (name: string) => boolean;

/** Every tensor is read. */
export const allRead: Unread = () => false;

/** Tensors that can be read one at a time. */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Free text that the file carries; empty where the format has none. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * A floating-point tensor as float32, row-major; F16 and BF16 are widened, F64 rounded.
   * @throws InputError for a missing tensor, an integer type, and a value that is not finite
   */
  readFloat32(name: string): Promise<Float32Array<ArrayBuffer>>;
  /** A tensor's elements as stored, row-major. @throws InputError for a missing tensor */
  readBytes(name: string): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** Whether a text names one of the element types. */
export function isWeightDType(text: unknown): text is WeightDType {
  return typeof text === 'string' && Object.hasOwn(bytesPerElement, text);
}

/** The number of elements of a shape, or null where a size is not a whole number from 0 or the product is not exact. */
export function elementCount(shape: readonly unknown[]): number | null {
  let count = 1;
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return null;
    count *= size;
    if (!Number.isSafeInteger(count)) return null;
  }
  return count;
}

/**
 * Makes a tensor file from its table of contents and the one function that differs between formats.
 * @param file what to call it in messages
 * @param read the bytes of one tensor, row-major, in memory of its own
 */
export function tensorFile<T extends TensorInfo>(
  file: string,
  tensors: ReadonlyMap<string, T>,
  metadata: Readonly<Record<string, string>>,
  read: (tensor: T) => Promise<Uint8Array<ArrayBuffer>>,
  close: () => Promise<void>,
): TensorFile {
  const find = (name: string): T => {
    const tensor = tensors.get(name);
    if (tensor !== undefined) return tensor;
    throw new InputError(`${file} has no tensor ${quote(name)}.${suggest(name, [...tensors.keys()])}`);
  };
  return {
    tensors,
    metadata,
    readBytes: async (name) => read(find(name)),
    async readFloat32(name) {
      const tensor = find(name);
      return toFloat32(file, tensor, () => read(tensor));
    },
    close,
  };
}

async function toFloat32(
  file: string,
  { name, dtype }: TensorInfo,
  read: () => Promise<Uint8Array<ArrayBuffer>>,
): Promise<Float32Array<ArrayBuffer>> {
  const widen = widening[dtype];
  if (widen === undefined) {
    const accepted = Object.keys(widening).join(', ');
    throw new InputError(
      `${file}: tensor ${quote(name)} holds ${dtype}, and a weight must be one of ${accepted}.`,
    );
  }
  const values = widen(aligned(await read()));
  const wrong = firstNotFinite(values);
  if (wrong >= 0) {
    throw new InputError(
      `${file}: tensor ${quote(name)} holds ${values[wrong] ?? NaN} at element ${wrong}; weights must be finite in float32.`,
    );
  }
  return values;
}

const widening: Readonly<
  Partial<Record<WeightDType, (bytes: Uint8Array<ArrayBuffer>) => Float32Array<ArrayBuffer>>>
> = {
  F64: ({ buffer, byteOffset, length }) =>
    Float32Array.from(new Float64Array(buffer, byteOffset, length / 8)),
  // The same memory: a float32 weight is held once.
  F32: ({ buffer, byteOffset, length }) => new Float32Array(buffer, byteOffset, length / 4),
  F16: ({ buffer, byteOffset, length }) => decodeFloat16(new Uint16Array(buffer, byteOffset, length / 2)),
  BF16: ({ buffer, byteOffset, length }) => decodeBfloat16(new Uint16Array(buffer, byteOffset, length / 2)),
};

/** Typed arrays ask for a byte offset that is a multiple of their element's size. */
function aligned(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
}
