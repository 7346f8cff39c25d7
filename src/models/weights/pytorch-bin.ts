/**
 * Reads `pytorch_model.bin`: a zip archive with a pickled dictionary (`<name>/data.pkl`) that tells which view of
 * which storage each tensor is, and the storages' bytes (`<name>/data/<key>`). No code in it is run: see `pickle.ts`.
 * Source: torch/serialization.py, the format of PyTorch 1.6 and later.
 * @module
 */
import { InputError } from '../../input-error.js';
import { quote } from '../../printable.js';
import { type ByteSource } from './byte-source.js';
import { gather, isRowMajor, reach } from './strided.js';
import {
  allRead,
  bytesPerElement,
  elementCount,
  isWeightDType,
  type TensorFile,
  tensorFile,
  type TensorInfo,
  type Unread,
  type WeightDType,
} from './tensor-file.js';
import { readTorchStateDict, type TorchTensor } from './torch-state-dict.js';
import { openZip, type ZipArchive } from './zip.js';

/** The dictionary's size at most, in bytes; that of GPT-2 XL takes 70 thousand. */
export const largestPickle = 16 * 2 ** 20;

interface ViewedTensor extends TensorInfo {
  readonly entry: string;
  readonly view: TorchTensor;
}

/**
 * Opens a PyTorch checkpoint, which then owns the source: it is closed with the file, and when opening fails.
 * @param unread tensors to leave out
 * @throws InputError for another format, and for an archive, a dictionary or a view that is not sound
 */
export async function openPytorchBin(source: ByteSource, unread: Unread = allRead): Promise<TensorFile> {
  try {
    await checkFormat(source);
    const archive = await openZip(source);
    const root = findRoot(source.name, archive);
    await checkByteOrder(source.name, archive, `${root}byteorder`);
    const pickle = await readSmall(source.name, archive, `${root}data.pkl`, largestPickle);
    const tensors = new Map<string, ViewedTensor>();
    for (const [name, view] of readTorchStateDict(pickle, `${source.name}: its pickle`)) {
      if (unread(name)) continue;
      const entry = `${root}data/${view.storage.key}`;
      const dtype = checkedView(source.name, name, view, archive.sizes.get(entry));
      tensors.set(name, { name, dtype, shape: view.shape, entry, view });
    }
    return tensorFile(
      source.name,
      tensors,
      {},
      (tensor) => readView(archive, tensor),
      () => source.close(),
    );
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function checkFormat(source: ByteSource): Promise<void> {
  const start = await source.read(0, Math.min(4, source.size));
  if (start[0] === 0x50 && start[1] === 0x4b) return;
  if (start[0] === 0x80) {
    throw new InputError(
      `${source.name} is in PyTorch's format of before 1.6, which is not accepted: write it anew with ${rewrite(source.name)}.`,
    );
  }
  throw new InputError(`${source.name} is not a PyTorch checkpoint: it does not begin like a zip archive.`);
}

/** The line of Python that writes a checkpoint in the present format. */
function rewrite(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  const name = isPlainWord(file) ? file : 'pytorch_model.bin';
  return `python -c "import torch; f = '${name}'; torch.save(torch.load(f, map_location='cpu', weights_only=True), f)"`;
}

/** A name that needs no escaping in a line for a shell. */
const isPlainWord = (name: string): boolean => /^[\w.-]+$/.test(name);

/** The folder that everything lies in, with its slash. */
function findRoot(file: string, archive: ZipArchive): string {
  const pickles = [...archive.sizes.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1) {
    throw new InputError(
      `${file} is not a PyTorch checkpoint: its archive has ${pickles.length} entries <name>/data.pkl.`,
    );
  }
  return pickle.slice(0, -'data.pkl'.length);
}

async function checkByteOrder(file: string, archive: ZipArchive, entry: string): Promise<void> {
  if (!archive.sizes.has(entry)) return;
  const order = new TextDecoder().decode(await readSmall(file, archive, entry, 16));
  if (order !== 'little')
    throw new InputError(`${file} has byte order ${quote(order)}; accepted is "little".`);
}

async function readSmall(
  file: string,
  archive: ZipArchive,
  entry: string,
  most: number,
): Promise<Uint8Array> {
  const size = archive.sizes.get(entry) ?? 0;
  if (size > most)
    throw new InputError(`${file}: ${quote(entry)} has ${size} bytes, and ${most} are the most.`);
  return archive.read(entry, 0, size);
}

/** The element type of a view that its storage holds. */
function checkedView(file: string, name: string, view: TorchTensor, stored: number | undefined): WeightDType {
  const fail = (reason: string): never => {
    throw new InputError(`${file}: tensor ${quote(name)} ${reason}.`);
  };
  const { key, elements } = view.storage;
  const { dtype } = view;
  if (!isWeightDType(dtype)) {
    return fail(`holds ${dtype}; accepted are ${Object.keys(bytesPerElement).join(', ')}`);
  }
  if (stored === undefined) return fail(`lies in storage ${key}, which is not in the archive`);
  const expected = elements * bytesPerElement[dtype];
  if (stored !== expected) {
    fail(`lies in storage ${key} of ${elements} ${dtype}, which takes ${expected} bytes and has ${stored}`);
  }
  const shape = `[${view.shape.join(', ')}]`;
  const count = elementCount(view.shape);
  // A view of a few elements repeated without end would be a bomb of its own.
  if (count === null || count > elements)
    fail(`has shape ${shape}, more than the ${elements} elements of its storage`);
  const end = reach(view);
  if (end > elements) {
    const strides = `strides [${view.stride.join(', ')}]`;
    fail(
      `of shape ${shape}, offset ${view.offset} and ${strides} leaves its storage of ${elements} elements`,
    );
  }
  return dtype;
}

async function readView(
  archive: ZipArchive,
  { entry, dtype, view }: ViewedTensor,
): Promise<Uint8Array<ArrayBuffer>> {
  const size = bytesPerElement[dtype];
  const end = reach(view);
  if (end === 0) return new Uint8Array(0);
  const span = await archive.read(entry, view.offset * size, (end - view.offset) * size);
  return isRowMajor(view) ? span : gather(span, view, size);
}
