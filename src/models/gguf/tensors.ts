/**
 * The tensors of a GGUF file as Hugging Face has them: its names, and its values before llama.cpp's converter changed
 * them.
 * @module
 */
import { InputError } from '../../input-error.js';
import { quote } from '../../printable.js';
import { type GgufFile } from '../weights/gguf.js';
import { bytesPerElement, type TensorFile, tensorFile, type TensorInfo } from '../weights/tensor-file.js';
import { type Change, type GgufFamily } from './families.js';
import { type HeadValues } from './head-values.js';

interface RenamedTensor extends TensorInfo {
  /** In the file. */
  readonly from: TensorInfo;
  readonly change: Change | null;
}

/** Divisors of the rotary frequencies, which become part of the config. */
export const ropeFactors = 'rope_freqs.weight';

/**
 * A view of an opened GGUF under Hugging Face's names. Closing it closes the file.
 * @throws InputError for a tensor that a model of the family does not have, and one whose rows its heads do not divide
 */
export function huggingFaceTensors(file: GgufFile, family: GgufFamily, values: HeadValues): TensorFile {
  const tensors = new Map<string, RenamedTensor>();
  for (const from of file.tensors.values()) {
    if (from.name === ropeFactors) continue;
    const { name, change } = renamed(file, family, values, from.name);
    const shape = change?.kind === 'transposed' ? from.shape.toReversed() : from.shape;
    const parts =
      change === null || !('heads' in change) ? 1 : change.heads * (change.kind === 'by kind' ? 3 : 2);
    if ((shape[0] ?? 0) % parts !== 0) {
      throw new InputError(
        `${file.name}: tensor ${quote(from.name)} has ${shape[0] ?? 0} rows, which are no multiple of ${parts}.`,
      );
    }
    // Taking 1 from a 16-bit number takes more digits than it has.
    const dtype = change?.kind === 'raised' ? 'F32' : from.dtype;
    tensors.set(name, { name, dtype, shape, stored: from.stored, from, change });
  }
  return tensorFile(
    file.name,
    tensors,
    {},
    (tensor) => read(file, tensor),
    () => file.close(),
  );
}

function renamed(
  file: GgufFile,
  family: GgufFamily,
  values: HeadValues,
  name: string,
): { name: string; change: Change | null } {
  const [, layer, own = '', kind = ''] = /^(?:blk\.(\d+)\.)?(\w+)(\.weight|\.bias)$/.exec(name) ?? [];
  const names = layer === undefined ? family.names : family.blockNames;
  const bare = Object.hasOwn(names, own) ? names[own] : undefined;
  if (bare === undefined) {
    throw new InputError(
      `${file.name} holds tensor ${quote(name)}, which a model of architecture ${values.architecture} does not have.`,
    );
  }
  const whole = layer === undefined ? `${bare}${kind}` : `${family.blocks}${layer}.${bare}${kind}`;
  // A family's norms that were raised include the last one, outside the blocks.
  return { name: whole, change: family.change(`${own}${kind}`, values) };
}

async function read(file: GgufFile, { from, change }: RenamedTensor): Promise<Uint8Array<ArrayBuffer>> {
  if (change?.kind === 'raised') {
    const values = await file.readFloat32(from.name);
    for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) - 1;
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
  const bytes = await file.readBytes(from.name);
  if (change === null) return bytes;
  const element = bytesPerElement[from.dtype];
  const [rows = 1] = from.shape;
  if (change.kind === 'transposed') return transposed(bytes, rows, element);
  const width = rows / change.heads;
  const source =
    change.kind === 'rotary pairs'
      ? (head: number, i: number) => head * width + 2 * (i % (width / 2)) + Math.floor(i / (width / 2))
      : (head: number, i: number) => {
          const size = width / 3;
          return (Math.floor(i / size) * change.heads + head) * size + (i % size);
        };
  return gathered(bytes, rows, (row) => source(Math.floor(row / width), row % width));
}

/** Rows in another order. */
function gathered(bytes: Uint8Array, rows: number, source: (row: number) => number): Uint8Array<ArrayBuffer> {
  const length = bytes.length / rows;
  const moved = new Uint8Array(bytes.length);
  for (let row = 0; row < rows; row++) {
    const from = source(row) * length;
    moved.set(bytes.subarray(from, from + length), row * length);
  }
  return moved;
}

function transposed(bytes: Uint8Array<ArrayBuffer>, rows: number, element: number): Uint8Array<ArrayBuffer> {
  const moved = new Uint8Array(bytes.length);
  // Elements are two or four bytes, moved as whole numbers so that their bits stay.
  const Words = element === 2 ? Uint16Array : Uint32Array;
  if (element !== Words.BYTES_PER_ELEMENT)
    throw new InputError(`A matrix of ${element}-byte numbers is not turned.`);
  const from = new Words(
    bytes.byteOffset % element === 0 ? bytes.buffer : bytes.slice().buffer,
    0,
    bytes.length / element,
  );
  const to = new Words(moved.buffer);
  const columns = from.length / rows;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      to[column * rows + row] = from[row * columns + column] ?? 0;
  }
  return moved;
}
