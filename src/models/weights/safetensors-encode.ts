/**
 * Writes the safetensors format. Tensors of wide elements come first and the header is padded to eight bytes, so
 * that every tensor is aligned for whoever maps the file into memory; the same tensors give the same bytes.
 * @module
 */
import { bytesPerElement, elementCount, type WeightDType } from './tensor-file.js';

/** The header that the format allows at most, in bytes. */
export const largestHeader = 100_000_000;

/** The name under which a header keeps free text instead of a tensor. */
export const metadataName = '__metadata__';

/** The arrays that hold an element type; a `Uint8Array` holds any of them as little-endian bytes. */
interface ArrayOf {
  F64: Float64Array;
  F32: Float32Array;
  F16: Uint16Array;
  BF16: Uint16Array;
  I64: BigInt64Array;
  I32: Int32Array;
  I16: Int16Array;
  I8: Int8Array;
  U8: Uint8Array;
  BOOL: Uint8Array;
}

/** A tensor to write: row-major, float16 as the bits that `encodeFloat16` gives. */
export type TensorToWrite = {
  [D in WeightDType]: {
    readonly name: string;
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: ArrayOf[D] | Uint8Array;
  };
}[WeightDType];

/**
 * The file as one array of bytes.
 * @param metadata free text to carry along: recipe, versions, hashes
 * @throws RangeError when a tensor's data do not fill its shape, or a name comes twice
 * @example encodeSafetensors([{ name: 'w', dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }])
 */
export function encodeSafetensors(
  tensors: readonly TensorToWrite[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const chunks = safetensorsChunks(tensors, metadata);
  const file = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    file.set(chunk, at);
    at += chunk.length;
  }
  return file;
}

/** The file as the header and views of the tensors' own memory, for writing without a second copy of the model. */
export function safetensorsChunks(
  tensors: readonly TensorToWrite[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array[] {
  const fields = new Map<string, unknown>();
  if (metadata !== undefined && Object.keys(metadata).length > 0) {
    const pairs = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
    fields.set(metadataName, Object.fromEntries(pairs));
  }
  const ordered = tensors.toSorted(
    (a, b) => bytesPerElement[b.dtype] - bytesPerElement[a.dtype] || (a.name < b.name ? -1 : 1),
  );
  const chunks: Uint8Array[] = [];
  let end = 0;
  for (const { name, dtype, shape, data } of ordered) {
    if (fields.has(name) || name === metadataName) throw new RangeError(`Tensor name ${name} is taken.`);
    const count = elementCount(shape);
    if (count === null || count * bytesPerElement[dtype] !== data.byteLength) {
      throw new RangeError(
        `Tensor ${name} is ${dtype} [${shape.join(', ')}] and its data are ${data.byteLength} bytes.`,
      );
    }
    const begin = end;
    end += data.byteLength;
    fields.set(name, { dtype, shape, data_offsets: [begin, end] });
    chunks.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return [encodeHeader(fields), ...chunks];
}

function encodeHeader(fields: ReadonlyMap<string, unknown>): Uint8Array {
  // Written by hand because an object would move names that look like numbers to the front.
  const members = [...fields].map(([name, field]) => `${JSON.stringify(name)}:${JSON.stringify(field)}`);
  const json = new TextEncoder().encode(`{${members.join(',')}}`);
  const length = Math.ceil(json.length / 8) * 8;
  if (length > largestHeader) throw new RangeError(`The safetensors header would take ${length} bytes.`);
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return header;
}
