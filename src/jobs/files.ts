/**
 * Node's files behind the interfaces that weights are read through, and writing that cannot leave half a file.
 *
 * A write goes to a new file beside the old one, is flushed to the disk, and then takes the old one's name in a
 * single step of the file system. Whenever the process dies or the disk fills up, the name holds either the whole
 * old content or the whole new one.
 * @module
 */
import { type FileHandle, access, constants, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../input-error.js';
import {
  type ByteSource,
  type Directory,
  isPlainFileName,
  plainFileNameFault,
  rangeFault,
} from '../models/weights/byte-source.js';

/** Content to write: one array, or chunks that are written one after another. */
export type Content = Uint8Array | Iterable<Uint8Array>;

/** Node reads and writes less than 2 GiB at a time. */
const largestTransfer = 2 ** 30;

/**
 * Opens a file for reading by range.
 * @throws InputError when it is missing, may not be read, or is no file
 */
export async function openFile(path: string): Promise<ByteSource> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw fileFault(`${path} cannot be read`, error);
  });
  const info = await handle.stat();
  if (!info.isFile()) {
    await handle.close();
    throw new InputError(`${path} is not a file.`);
  }
  return {
    name: path,
    size: info.size,
    async read(offset, length) {
      const fault = rangeFault(path, info.size, offset, length);
      if (fault !== null) throw fault;
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const most = Math.min(length - done, largestTransfer);
        const { bytesRead } = await handle.read(bytes, done, most, offset + done);
        if (bytesRead === 0) throw new InputError(`${path} became shorter while it was read.`);
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

/**
 * Opens a directory for reading. Where a crash left a directory of `writeDirectoryAtomic` between its two names, the
 * whole previous one is read.
 * @throws InputError when it is missing or no directory
 */
export async function openDirectory(path: string): Promise<Directory> {
  const place = (await isDirectory(path)) ? path : previousOf(path);
  if (!(await isDirectory(place))) {
    const there = await stat(path).catch(() => null);
    throw new InputError(there === null ? `${path} does not exist.` : `${path} is not a directory.`);
  }
  return {
    name: path,
    list: async () => (await readdir(place)).sort(),
    async open(file) {
      if (!isPlainFileName(file)) throw new InputError(plainFileNameFault(path, file));
      return openFile(join(place, file));
    },
  };
}

/**
 * Writes a file whole or not at all. A crash leaves at most a file `<name>.<number>.partial` beside it.
 * @throws InputError when the disk is full or the place may not be written; what was there before is untouched
 */
export async function writeFileAtomic(path: string, content: Content): Promise<void> {
  // Two processes that write the same file must not meet in one temporary file.
  const partial = `${path}.${process.pid}${Math.random().toString().slice(2, 10)}.partial`;
  try {
    await writeFlushed(partial, content);
    await rename(partial, path);
    await flushDirectory(dirname(path));
  } catch (error) {
    await removed(partial);
    throw fileFault(`${path} was not written, and what was there before is untouched`, error);
  }
}

/** Removes what killed processes left half written in a directory; none may be writing there. */
export async function removePartials(directory: string): Promise<void> {
  for (const file of await readdir(directory)) {
    if (/\.\d+\.partial$/.test(file)) await removed(join(directory, file));
  }
}

/**
 * Writes a directory of files whole or not at all, replacing all that it held: a checkpoint's weights and state
 * belong together. Names may have folders before them, with `/` between. One writer at a time.
 *
 * No file system replaces a full directory in one step, so the old one first moves to `<path>.previous`, which
 * `openDirectory` reads while `path` is missing: at every moment one of the two is there and whole.
 * @throws InputError when the disk is full or the place may not be written; what was there before is untouched
 */
export async function writeDirectoryAtomic(
  path: string,
  files: Readonly<Record<string, Content>>,
): Promise<void> {
  const parent = dirname(path);
  const target = join(parent, basename(path)); // without a slash at its end
  const partial = `${target}.partial`;
  const previous = previousOf(target);
  try {
    await rm(partial, { recursive: true, force: true });
    await makeDirectories(partial);
    for (const [file, content] of Object.entries(files)) {
      if (!file.split('/').every(staysInside)) throw new RangeError(plainFileNameFault(path, file));
      await makeDirectories(dirname(join(partial, file)));
      await writeFlushed(join(partial, file), content);
    }
    await flushDirectory(partial);
    if (await isDirectory(target)) {
      await rm(previous, { recursive: true, force: true });
      await rename(target, previous);
      await flushDirectory(parent);
    }
    await rename(partial, target);
    await flushDirectory(parent);
  } catch (error) {
    await removed(partial);
    throw fileFault(`${path} was not written, and what was there before is untouched`, error);
  }
  await rm(previous, { recursive: true, force: true });
}

/**
 * Makes a directory and those before it that are missing; one that is there is left as it is.
 * @throws InputError when the place may not be written
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await makeDirectories(path);
  } catch (error) {
    throw fileFault(`${path} cannot be made`, error);
  }
}

/**
 * Refuses a place that may not be written, before long work is done for it.
 * @param made whether directories before the last name are made where they are missing
 * @throws InputError that says why
 */
export async function expectWritable(path: string, made = false): Promise<void> {
  try {
    let parent = dirname(path);
    while (made && !(await isThere(parent)) && parent !== dirname(parent)) parent = dirname(parent);
    await access(`${parent}/.`, constants.W_OK);
  } catch (error) {
    throw fileFault(`${path} cannot be written`, error);
  }
  if (await isDirectory(path)) throw new InputError(`${path} cannot be written: ${reasons['EISDIR'] ?? ''}.`);
}

/** Not `mkdir`'s own `recursive`, which never returns where a directory is there but takes none into it (/proc). */
async function makeDirectories(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (await isDirectory(path)) return;
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path || (await isThere(parent))) throw error;
    await makeDirectories(parent);
    await mkdir(path);
  }
}

/** Whether a part of a path stays in its directory. A colon is a letter here: inputs of counting have one. */
const staysInside = (part: string): boolean =>
  part !== '' && part !== '.' && part !== '..' && !/[\\\p{Cc}]/u.test(part);

/** Cleans up after a failure, which is what is to be told of. */
const removed = (path: string): Promise<void> => rm(path, { recursive: true, force: true }).catch(() => {});

const previousOf = (path: string): string => join(dirname(path), `${basename(path)}.previous`);

const isDirectory = async (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );

const isThere = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function writeFlushed(path: string, content: Content): Promise<void> {
  const handle = await open(path, 'w');
  try {
    for (const chunk of content instanceof Uint8Array ? [content] : content) await writeAll(handle, chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await handle.write(chunk, done, Math.min(chunk.length - done, largestTransfer));
    done += bytesWritten;
  }
}

/** Makes a rename in a directory outlast a power cut, where the system can (Windows opens no directories). */
async function flushDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r').catch(() => null);
  if (handle === null) return;
  try {
    await handle.sync();
  } catch {
    // Some network file systems refuse; the rename itself has been done.
  } finally {
    await handle.close();
  }
}

/** Codes of what a person can mend, in words. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'a part of its path is not a directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a directory',
  EEXIST: 'a file of this name is there',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than the system allows',
  ENAMETOOLONG: 'its name is too long',
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

function fileFault(what: string, error: unknown): unknown {
  const reason = reasons[codeOf(error)];
  return reason === undefined ? error : new InputError(`${what}: ${reason}.`);
}
