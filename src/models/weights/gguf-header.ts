/**
 * The head of a GGUF file: the word `GGUF`, a version, named values of thirteen types, and the table of tensors. It
 * says nowhere how long it is, so it is read in pieces that grow until it is whole.
 * Source: `docs/gguf.md` of ggml.
 * @module
 */
import { InputError } from '../../input-error.js';
import { quote } from '../../printable.js';
import { type ByteSource } from './byte-source.js';
import { elementCount } from './tensor-file.js';

/** A value in the head of a file. Whole numbers that float64 does not hold are bigint. */
export type GgufValue = string | number | bigint | boolean | GgufNumbers | readonly GgufValue[];
/** An array of numbers. */
export type GgufNumbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** What the table says of a tensor. */
export interface GgufEntry {
  readonly name: string;
  /** The number that stands for its type. */
  readonly type: number;
  /** Sizes as Hugging Face orders them, the last one contiguous: the file has them in reverse. */
  readonly shape: readonly number[];
  readonly count: number;
  /** Byte offset in the data. */
  readonly offset: number;
}

/** What stands before the data. */
export interface GgufHeader {
  readonly version: number;
  readonly values: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufEntry[];
  /** Where the data begin, in bytes. */
  readonly dataStart: number;
  /** Every tensor begins at a multiple of this. */
  readonly alignment: number;
}

/** Bytes asked for first; vocabularies of 50,000 tokens take 1.7 MB. */
const firstPiece = 2 ** 21;
/** Heads are at most this long; vocabularies of 262,144 tokens take 11 MB. */
const longest = 2 ** 28;
const deepest = 4;

/** A piece that ends before what is asked of it: a longer one has to be read. */
class PieceEnded extends Error {}

/**
 * Reads and checks what stands before the data.
 * @throws InputError for anything that is not the head of a GGUF file of version 2 or 3
 */
export async function readGgufHeader(source: ByteSource): Promise<GgufHeader> {
  for (
    let length = Math.min(firstPiece, source.size);
    ;
    length = Math.min(length * 4, source.size, longest)
  ) {
    const piece = await source.read(0, length);
    try {
      return new HeaderReader(source, piece).read();
    } catch (error) {
      if (!(error instanceof PieceEnded)) throw error;
      if (length === source.size) throw new InputError(`${source.name} is truncated: it ends in its header.`);
      if (length === longest) {
        throw new InputError(
          `${source.name}: its header is longer than ${longest} bytes, the most for a header.`,
        );
      }
    }
  }
}

class HeaderReader {
  private at = 0;
  private readonly view: DataView;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(
    private readonly source: ByteSource,
    private readonly bytes: Uint8Array<ArrayBuffer>,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(): GgufHeader {
    const version = this.start();
    const tensorCount = this.count('tensors', 24);
    const valueCount = this.count('named values', 13);
    const values = new Map<string, GgufValue>();
    for (let i = 0; i < valueCount; i++) {
      const name = this.text('the name of a value');
      if (values.has(name)) this.fail(`names ${quote(name)} twice`);
      values.set(name, this.value(quote(name), this.uint32(), 0));
    }
    const tensors = new Map<string, GgufEntry>();
    for (let i = 0; i < tensorCount; i++) {
      const entry = this.entry();
      if (tensors.has(entry.name)) this.fail(`names the tensor ${quote(entry.name)} twice`);
      tensors.set(entry.name, entry);
    }
    const alignment = values.get('general.alignment') ?? 32;
    if (typeof alignment !== 'number' || !Number.isInteger(Math.log2(alignment)) || alignment > 2 ** 20) {
      return this.fail('has a general.alignment that is not a power of two up to 1048576');
    }
    const dataStart = Math.ceil(this.at / alignment) * alignment;
    return { version, values, tensors: [...tensors.values()], dataStart, alignment };
  }

  /** Checks the first eight bytes. @returns the version */
  private start(): number {
    const { size } = this.source;
    if (size < 24) return this.fail(`is not a GGUF file: it has ${size} bytes`);
    const sign = String.fromCharCode(...this.bytes.subarray(0, 4));
    if (['lmgg', 'tjgg', 'algg', 'fmgg'].includes(sign)) {
      return this.fail('is a GGML file of before GGUF: convert it with llama.cpp');
    }
    if (sign !== 'GGUF') return this.fail('is not a GGUF file: it does not begin with "GGUF"');
    this.at = 4;
    const version = this.uint32();
    if (version !== 0 && (version & 0xffff) === 0) {
      return this.fail('is a big-endian GGUF file, and little-endian ones are read');
    }
    if (version !== 2 && version !== 3) return this.fail(`is GGUF version ${version}, and 2 and 3 are read`);
    return version;
  }

  private entry(): GgufEntry {
    const name = this.text('the name of a tensor');
    const dimensions = this.uint32();
    if (dimensions > 4)
      this.fail(`has tensor ${quote(name)} with ${dimensions} dimensions, and 4 are the most`);
    const shape = Array.from({ length: dimensions }, () => this.uint64()).reverse();
    const count = elementCount(shape.map(Number));
    if (count === null) {
      return this.fail(`has tensor ${quote(name)} of shape [${shape.join(', ')}], which no file can hold`);
    }
    const type = this.uint32();
    const offset = Number(this.uint64());
    return { name, type, shape: shape.map(Number), count, offset };
  }

  private value(what: string, type: number, depth: number): GgufValue {
    if (type === 9) return this.array(what, depth);
    const scalar = this.scalars[type];
    return scalar === undefined ? this.fail(`has ${what} of unknown type ${type}`) : scalar(what);
  }

  private array(what: string, depth: number): GgufValue {
    if (depth === deepest) this.fail(`has ${what} nested deeper than ${deepest} levels`);
    const type = this.uint32();
    const numbers = numberArrays[type];
    const least = numbers?.BYTES_PER_ELEMENT ?? (type === 9 ? 12 : type === 8 ? 8 : 1);
    const length = this.count(`elements of ${what}`, least);
    if (numbers !== undefined) {
      const from = this.take(length * least);
      return new numbers(this.bytes.slice(from, this.at).buffer);
    }
    const values: GgufValue[] = [];
    for (let i = 0; i < length; i++) values.push(this.value(what, type, depth + 1));
    return values;
  }

  /** A number of things that take at least `least` bytes each: no more than the file has room for. */
  private count(what: string, least: number): number {
    const count = this.uint64();
    if (count * BigInt(least) > BigInt(this.source.size - this.at)) {
      this.fail(
        `is truncated or damaged: it announces ${count.toString()} ${what}, more than it has room for`,
      );
    }
    return Number(count);
  }

  private text(what: string): string {
    const length = this.count(`bytes for ${what}`, 1);
    const from = this.take(length);
    try {
      return this.decoder.decode(this.bytes.subarray(from, this.at));
    } catch {
      return this.fail(`has ${what} that is not valid UTF-8`);
    }
  }

  private readonly scalars: Readonly<Record<number, (what: string) => GgufValue>> = {
    0: () => this.view.getUint8(this.take(1)),
    1: () => this.view.getInt8(this.take(1)),
    2: () => this.view.getUint16(this.take(2), true),
    3: () => this.view.getInt16(this.take(2), true),
    4: () => this.uint32(),
    5: () => this.view.getInt32(this.take(4), true),
    6: () => this.view.getFloat32(this.take(4), true),
    7: (what) => {
      const byte = this.view.getUint8(this.take(1));
      return byte > 1 ? this.fail(`has ${what}, which is neither true nor false`) : byte === 1;
    },
    8: (what) => this.text(what),
    10: () => exact(this.uint64()),
    11: () => exact(this.view.getBigInt64(this.take(8), true)),
    12: () => this.view.getFloat64(this.take(8), true),
  };

  private uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  private uint64(): bigint {
    return this.view.getBigUint64(this.take(8), true);
  }

  /** Steps over bytes. @returns where they begin */
  private take(length: number): number {
    const from = this.at;
    if (from + length > this.bytes.length) throw new PieceEnded();
    this.at += length;
    return from;
  }

  private fail(reason: string): never {
    throw new InputError(`${this.source.name} ${reason}.`);
  }
}

const exact = (value: bigint): number | bigint =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;

const numberArrays: Readonly<
  Partial<Record<number, { readonly BYTES_PER_ELEMENT: number; new (buffer: ArrayBuffer): GgufNumbers }>>
> = {
  0: Uint8Array,
  1: Int8Array,
  2: Uint16Array,
  3: Int16Array,
  4: Uint32Array,
  5: Int32Array,
  6: Float32Array,
  10: BigUint64Array,
  11: BigInt64Array,
  12: Float64Array,
};
