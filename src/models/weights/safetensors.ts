/**
 * Reads the safetensors format: eight bytes with the header's length, a JSON header that gives each tensor's type,
 * shape and byte range, then the data. The ranges must tile the data: no gap in which something could hide, no
 * overlap. All of it is checked before a tensor is read.
 * Source: the format's description in huggingface/safetensors.
 * @module
 */
import { InputError } from '../../input-error.js';
import { quote } from '../../printable.js';
import { type ByteSource } from './byte-source.js';
import { largestHeader, metadataName } from './safetensors-encode.js';
import { isRecord, parseStrictJson } from './strict-json.js';
import {
  allRead,
  bytesPerElement,
  elementCount,
  isWeightDType,
  type TensorFile,
  tensorFile,
  type TensorInfo,
  type Unread,
} from './tensor-file.js';

export { encodeSafetensors, safetensorsChunks, type TensorToWrite } from './safetensors-encode.js';

/** A tensor's byte range in the data. */
interface Range {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

type PlacedTensor = TensorInfo & Range;

/**
 * Opens a safetensors file, which then owns the source: it is closed with the file, and when opening fails.
 * @param unread tensors to leave out; their byte ranges are checked all the same
 * @throws InputError for anything that is not a whole, well-formed file
 */
export async function openSafetensors(source: ByteSource, unread: Unread = allRead): Promise<TensorFile> {
  try {
    const header = await readHeader(source);
    const dataStart = 8 + header.length;
    const fields = parseStrictJson(header, `${source.name}: its safetensors header`, 3);
    if (!isRecord(fields))
      throw new InputError(`${source.name}: its safetensors header is not a JSON object.`);
    const { [metadataName]: metadata, ...entries } = fields;
    const tensors = new Map<string, PlacedTensor>();
    const ranges: Range[] = [];
    for (const [name, entry] of Object.entries(entries)) {
      if (unread(name)) {
        ranges.push(rangeOf(source.name, name, entry));
        continue;
      }
      const tensor = placedTensor(source.name, name, entry);
      tensors.set(name, tensor);
      ranges.push(tensor);
    }
    checkTiling(source.name, ranges, source.size - dataStart);
    return tensorFile(
      source.name,
      tensors,
      checkMetadata(source.name, metadata),
      ({ begin, end }) => source.read(dataStart + begin, end - begin),
      () => source.close(),
    );
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function readHeader(source: ByteSource): Promise<Uint8Array> {
  if (source.size < 8) {
    throw new InputError(`${source.name} is not a safetensors file: it has ${source.size} bytes.`);
  }
  const start = await source.read(0, 8);
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > BigInt(largestHeader)) {
    throw new InputError(
      `${source.name} is not a safetensors file: its header would be ${length.toString()} bytes long, and ${largestHeader} is the most.`,
    );
  }
  if (length > BigInt(source.size - 8)) {
    throw new InputError(
      `${source.name} is truncated: its header is ${length.toString()} bytes long, and the file has ${source.size - 8} after its length.`,
    );
  }
  const header = await source.read(8, Number(length));
  if (header[0] !== 0x7b) {
    throw new InputError(`${source.name} is not a safetensors file: its header does not begin with "{".`);
  }
  return header;
}

/** What refuses a tensor, naming it. */
const refusalOf =
  (file: string, name: string) =>
  (reason: string): never => {
    throw new InputError(`${file}: tensor ${quote(name)} ${reason}.`);
  };

/** Where a tensor lies, whatever its type and shape. */
function rangeOf(file: string, name: string, entry: unknown): Range {
  const fail = refusalOf(file, name);
  if (!isRecord(entry)) return fail('is not described by a JSON object');
  const { data_offsets: offsets } = entry;
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isWhole)) {
    return fail('has data_offsets that are not two whole numbers from 0');
  }
  const [begin, end] = offsets as [number, number];
  return { name, begin, end };
}

function placedTensor(file: string, name: string, entry: unknown): PlacedTensor {
  const fail = refusalOf(file, name);
  if (!isRecord(entry)) return fail('is not described by a JSON object');
  const { dtype, shape } = entry;
  if (!isWeightDType(dtype)) {
    const given = typeof dtype === 'string' ? quote(dtype) : 'no text';
    return fail(`has dtype ${given}; accepted are ${Object.keys(bytesPerElement).join(', ')}`);
  }
  const count = Array.isArray(shape) ? elementCount(shape) : null;
  if (count === null) return fail('has a shape that is not a list of whole numbers from 0');
  const { begin, end } = rangeOf(file, name, entry);
  if (end - begin !== count * bytesPerElement[dtype]) {
    const sizes = (shape as number[]).join(', ');
    return fail(
      `is ${dtype} [${sizes}], which takes ${count * bytesPerElement[dtype]} bytes, and data_offsets ${begin} to ${end} hold ${end - begin}`,
    );
  }
  return { name, dtype, shape: shape as number[], begin, end };
}

const isWhole = (value: unknown): boolean => elementCount([value]) !== null;

function checkTiling(file: string, ranges: readonly Range[], dataSize: number): void {
  let reached = 0;
  let before = '';
  for (const { name, begin, end } of ranges.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (end < begin) {
      throw new InputError(`${file}: tensor ${quote(name)} has data_offsets that end before they begin.`);
    }
    if (end > dataSize) {
      throw new InputError(
        `${file} is truncated or damaged: tensor ${quote(name)} ends at byte ${end} of the data, which has ${dataSize}.`,
      );
    }
    if (begin < reached) throw new InputError(`${file}: tensor ${quote(name)} overlaps ${quote(before)}.`);
    if (begin > reached) {
      throw new InputError(
        `${file}: ${begin - reached} bytes before tensor ${quote(name)} belong to no tensor.`,
      );
    }
    reached = end;
    before = name;
  }
  if (reached < dataSize) {
    throw new InputError(`${file}: the last ${dataSize - reached} bytes belong to no tensor.`);
  }
}

/** Texts by name; null says, as leaving it out does, that there are none. */
function checkMetadata(file: string, metadata: unknown): Record<string, string> {
  if (metadata === undefined || metadata === null) return {};
  if (!isRecord(metadata)) throw new InputError(`${file}: ${metadataName} is not a JSON object.`);
  return Object.fromEntries(
    Object.entries(metadata).map(([name, text]) => {
      if (typeof text !== 'string') {
        throw new InputError(`${file}: ${metadataName} has ${quote(name)}, which is not a text.`);
      }
      return [name, text];
    }),
  );
}
