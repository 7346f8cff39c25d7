/**
 * Reads GGUF, llama.cpp's format: one file with a model's weights, often quantized, its sizes and its tokenizer.
 * Opening reads the head alone, and checks that every tensor lies in the file and shares no byte with another; a
 * tensor is read, and turned into float32 where it is quantized, when it is asked for.
 * @module
 */
import { InputError } from '../../input-error.js';
import { quote } from '../../printable.js';
import { type ByteSource } from './byte-source.js';
import { type GgufElement, ggufElements, otherGgufElements } from './gguf-blocks.js';
import { type GgufEntry, type GgufHeader, type GgufValue, readGgufHeader } from './gguf-header.js';
import { type TensorFile, tensorFile, type TensorInfo } from './tensor-file.js';

/** A tensor of a GGUF file; `dtype` is that of its values once read. */
export interface GgufTensor extends TensorInfo {
  /** How the file stores it, such as `Q4_K`. */
  readonly stored: string;
}

/** The tensors of a GGUF file under the names that it gives them, and its named values. */
export interface GgufFile extends TensorFile {
  /** What to call it in a message. */
  readonly name: string;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /** Sizes, tokens and whatever else stands in the head, by name. */
  readonly values: ReadonlyMap<string, GgufValue>;
}

interface PlacedTensor extends GgufTensor {
  readonly element: GgufElement;
  readonly count: number;
  /** Byte range in the file. */
  readonly begin: number;
  readonly end: number;
}

/**
 * Opens a GGUF file, which then owns the source: it is closed with the file, and when opening fails. Quantized
 * tensors are float32 to who reads them, `readBytes` included.
 * @throws InputError for anything that is not a whole, well-formed file of types that are read
 */
export async function openGguf(source: ByteSource): Promise<GgufFile> {
  try {
    const header = await readGgufHeader(source);
    const parts = header.values.get('split.count');
    if (typeof parts === 'number' && parts > 1) {
      throw new InputError(
        `${source.name} is one of ${parts} parts of a model: join them with "llama-gguf-split --merge".`,
      );
    }
    const tensors = new Map(header.tensors.map((entry) => [entry.name, place(source, header, entry)]));
    checkPlaces(source, header, [...tensors.values()]);
    const read = async ({ begin, end, element, count }: PlacedTensor): Promise<Uint8Array<ArrayBuffer>> => {
      const stored = await source.read(begin, end - begin);
      if (element.decode === undefined) return stored;
      const values = new Float32Array(count);
      element.decode(new DataView(stored.buffer, stored.byteOffset, stored.byteLength), values);
      return new Uint8Array(values.buffer);
    };
    const file = tensorFile(source.name, tensors, {}, read, () => source.close());
    return { ...file, name: source.name, tensors, values: header.values };
  } catch (error) {
    await source.close();
    throw error;
  }
}

function place(source: ByteSource, header: GgufHeader, entry: GgufEntry): PlacedTensor {
  const fail = (reason: string): never => {
    throw new InputError(`${source.name}: tensor ${quote(entry.name)} ${reason}.`);
  };
  const { name, shape, count } = entry;
  const element = ggufElements.get(entry.type);
  if (element === undefined) {
    const given = otherGgufElements.get(entry.type) ?? `of unknown type ${entry.type}`;
    const accepted = [...ggufElements.values()].map((known) => known.name).join(', ');
    return fail(`is ${given}; accepted are ${accepted}`);
  }
  if ((shape.at(-1) ?? 1) % element.values !== 0) {
    return fail(
      `is ${element.name} with rows of ${shape.at(-1) ?? 1}, which blocks of ${element.values} do not fill`,
    );
  }
  const begin = header.dataStart + entry.offset;
  const end = begin + (count / element.values) * element.bytes;
  if (entry.offset % header.alignment !== 0) {
    return fail(`begins at byte ${entry.offset} of the data, which is no multiple of ${header.alignment}`);
  }
  if (!Number.isSafeInteger(end) || end > source.size) {
    throw new InputError(
      `${source.name} is truncated or damaged: tensor ${quote(name)} ends at byte ${end}, and it has ${source.size}.`,
    );
  }
  return { name, shape, count, dtype: element.dtype, stored: element.name, element, begin, end };
}

/** No overlap, and no gap but the filling up to the next multiple of the alignment, as in llama.cpp. */
function checkPlaces(
  source: ByteSource,
  { dataStart, alignment }: GgufHeader,
  tensors: PlacedTensor[],
): void {
  let reached = dataStart;
  let before = '';
  for (const { name, begin, end } of tensors.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < reached) {
      throw new InputError(`${source.name}: tensor ${quote(name)} overlaps ${quote(before)}.`);
    }
    if (begin - reached >= alignment) {
      throw new InputError(
        `${source.name}: ${begin - reached} bytes before tensor ${quote(name)} belong to no tensor.`,
      );
    }
    reached = end;
    before = name;
  }
}
