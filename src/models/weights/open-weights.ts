/**
 * Finds a checkpoint's weights the way Hugging Face lays them out: one file or an index of shards, safetensors
 * before PyTorch's own format.
 * @module
 */
import { InputError } from '../../input-error.js';
import { quote } from '../../printable.js';
import { type ByteSource, type Directory, isPlainFileName, plainFileNameFault } from './byte-source.js';
import { openSafetensors } from './safetensors.js';
import { isRecord, parseStrictJson } from './strict-json.js';
import { allRead, type TensorFile, type TensorInfo, type Unread } from './tensor-file.js';

type Opener = (source: ByteSource, unread: Unread) => Promise<TensorFile>;

interface Layout {
  readonly file: string;
  readonly sharded: boolean;
  readonly open: Opener;
}

/** Loaded when needed: it takes Node's zlib, which a page with safetensors does without. */
const openPickled: Opener = async (source, unread) =>
  (await import('./pytorch-bin.js')).openPytorchBin(source, unread);

/** What is looked for, in this order. */
const layouts: readonly Layout[] = [
  { file: 'model.safetensors', sharded: false, open: openSafetensors },
  { file: 'model.safetensors.index.json', sharded: true, open: openSafetensors },
  { file: 'pytorch_model.bin', sharded: false, open: openPickled },
  { file: 'pytorch_model.bin.index.json', sharded: true, open: openPickled },
];

/** An index's size at most, in bytes. */
const largestIndex = 16 * 2 ** 20;

/** A Git LFS pointer is a text of about 130 bytes. */
const largestPointer = 1024;

/**
 * Opens the weights of a model's directory; tensors are read when asked for.
 * @param unread tensors to leave out
 * @throws InputError when there are none (saying what was looked for and what is there), and for damaged ones
 * @example const weights = await openWeights(directory); await weights.readFloat32('transformer.wte.weight')
 */
export async function openWeights(directory: Directory, unread: Unread = allRead): Promise<TensorFile> {
  const present = await directory.list();
  const layout = layouts.find(({ file }) => present.includes(file));
  if (layout === undefined) {
    const wanted = layouts.map(({ file }) => file).join(', ');
    throw new InputError(`${directory.name} has no weights: looked for ${wanted}; found ${listed(present)}.`);
  }
  const { file, sharded } = layout;
  const open = (name: string): Promise<TensorFile> => openOne(directory, name, layout.open, unread);
  return sharded ? openShards(directory, file, present, open, unread) : open(file);
}

async function openOne(
  directory: Directory,
  file: string,
  open: Opener,
  unread: Unread,
): Promise<TensorFile> {
  const source = await directory.open(file);
  if (source.size <= largestPointer && (await beginsLikePointer(source))) {
    await source.close();
    throw new InputError(
      `${source.name} is a Git LFS pointer, not the weights: fetch them with "git lfs pull".`,
    );
  }
  return open(source, unread);
}

async function beginsLikePointer(source: ByteSource): Promise<boolean> {
  const sign = 'version https://git-lfs';
  return new TextDecoder().decode(await source.read(0, Math.min(sign.length, source.size))) === sign;
}

async function openShards(
  directory: Directory,
  index: string,
  present: readonly string[],
  open: (file: string) => Promise<TensorFile>,
  unread: Unread,
): Promise<TensorFile> {
  const fileOf = await readIndex(directory, index);
  const missing = [...new Set(fileOf.values())].filter((file) => !present.includes(file));
  if (missing.length > 0) {
    throw new InputError(`${directory.name} lacks ${listed(missing)}, which ${index} names.`);
  }
  const shards = new Map<string, TensorFile>();
  const close = async (): Promise<void> => {
    await Promise.all([...shards.values()].map((shard) => shard.close()));
  };
  const owner = (name: string): TensorFile => {
    const shard = shards.get(fileOf.get(name) ?? '');
    if (shard !== undefined) return shard;
    throw new InputError(`${directory.name} has no tensor ${quote(name)}.`);
  };
  try {
    const tensors = new Map<string, TensorInfo>();
    const metadata: Record<string, string> = {};
    for (const [name, file] of fileOf) {
      if (unread(name)) continue;
      const shard = shards.get(file) ?? (await open(file));
      if (!shards.has(file)) Object.assign(metadata, shard.metadata);
      shards.set(file, shard);
      const tensor = shard.tensors.get(name);
      if (tensor === undefined) {
        throw new InputError(
          `${directory.name}/${file} has no tensor ${quote(name)}, which ${index} places there.`,
        );
      }
      tensors.set(name, tensor);
    }
    return {
      tensors,
      metadata,
      readFloat32: async (name) => owner(name).readFloat32(name),
      readBytes: async (name) => owner(name).readBytes(name),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The file of each tensor, as the index's `weight_map` says. */
async function readIndex(directory: Directory, index: string): Promise<Map<string, string>> {
  const source = await directory.open(index);
  try {
    if (source.size > largestIndex) {
      throw new InputError(
        `${source.name} has ${source.size} bytes, and ${largestIndex} are the most for an index.`,
      );
    }
    const fields = parseStrictJson(await source.read(0, source.size), source.name, 4);
    const map = isRecord(fields) ? fields['weight_map'] : undefined;
    if (!isRecord(map) || Object.keys(map).length === 0) {
      throw new InputError(`${source.name} has no weight_map from tensors to files.`);
    }
    return new Map(
      Object.entries(map).map(([name, file]) => {
        if (typeof file === 'string' && isPlainFileName(file)) return [name, file];
        throw new InputError(plainFileNameFault(source.name, String(file)));
      }),
    );
  } finally {
    await source.close();
  }
}

/** Names for a message: the first ten and how many more. */
function listed(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const shown = names.slice(0, 10).map((name) => (isPlainFileName(name) ? name : quote(name)));
  return names.length > 10 ? `${shown.join(', ')} and ${names.length - 10} more` : shown.join(', ');
}
