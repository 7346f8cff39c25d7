/**
 * Node's files behind the interfaces that weights are read through, and writing that cannot leave half a file.
 *
 * A write goes to a new file beside the old one, is flushed to the disk, and then takes the old one's name in a
 * single step of the file system. Whenever the process dies or the disk fills up, the name holds either the whole
 * old content or the whole new one. Links stay links, and what is no regular file is written into as it is.
 * @module
 */
import { type Stats, fstatSync, writeSync } from 'node:fs';
import {
  type FileHandle,
  access,
  constants,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  stat,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '../input-error.js';
import {
  type ByteSource,
  type Directory,
  isPlainFileName,
  plainFileNameFault,
  rangeFault,
} from '../models/weights/byte-source.js';
import { destinationOf } from './destination.js';
import { codeOf, fileFault, systemFault } from './file-fault.js';
import { writeInto } from './open-ended.js';
import { partialOf, removed, sweepPartials } from './partials.js';

/** Content to write: one array, or chunks that are written one after another. */
export type Content = Uint8Array | Iterable<Uint8Array>;

/** Node reads and writes less than 2 GiB at a time. */
const largestTransfer = 2 ** 30;

/**
 * Opens a file for reading by range.
 * @throws InputError when it is missing, may not be read, or is no file
 */
export async function openFile(path: string): Promise<ByteSource> {
  // Without waiting for a writer, should it be a pipe.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
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
 * Opens a directory for reading.
 * @throws InputError when it is missing or no directory
 */
export async function openDirectory(path: string): Promise<Directory> {
  if (!(await isDirectory(path))) {
    const there = await stat(path).catch(() => null);
    throw new InputError(there === null ? `${path} does not exist.` : `${path} is not a directory.`);
  }
  return {
    name: path,
    list: async () => (await readdir(path)).sort(),
    async open(file) {
      if (!isPlainFileName(file)) throw new InputError(plainFileNameFault(path, file));
      return openFile(join(path, file));
    },
  };
}

/**
 * Writes a file whole or not at all. A link stays a link to the file that is written, and a file that was there keeps
 * its mode, and its owner where the system allows; a character device, a named pipe and an open descriptor
 * (/dev/stdout) are written into. A killed process leaves at most a `.partial` file beside it, which the next write
 * takes away.
 * @throws InputError when the disk is full or the place may not be written; a file that was there before is untouched
 */
export async function writeFileAtomic(path: string, content: Content): Promise<void> {
  const untouched = `${path} was not written, and what was there before is untouched`;
  const destination = await destinationOf(path).catch((error: unknown) => {
    throw fileFault(untouched, error);
  });
  if (destination.kind !== 'file') {
    await writeInto(destination, chunksOf(content)).catch((error: unknown) => {
      throw fileFault(`${path} was not written to its end`, error);
    });
    return;
  }
  const { path: target, replaced } = destination;
  const partial = partialOf(target);
  try {
    await sweepPartials(dirname(target), { of: target });
    // A file that may not be written must not be exchanged either.
    if (replaced !== null) await access(target, constants.W_OK);
    await writeFlushed(partial, content, replaced);
    await rename(partial, target);
    await flushDirectory(dirname(target));
  } catch (error) {
    await removed(partial);
    throw fileFault(untouched, error);
  }
}

/**
 * Writes a new directory of files whole or not at all; one that is empty is taken. Names may have folders before
 * them, with `/` between.
 * @throws InputError when something is there already, the disk is full or the place may not be written
 */
export async function writeDirectoryAtomic(
  path: string,
  files: Readonly<Record<string, Content>>,
): Promise<void> {
  const given = path.replace(/(?<=.)\/+$/, '');
  try {
    await makeDirectories(dirname(given));
    const target = (await isDirectory(given)) ? await realpath(given) : await newDirectory(given);
    const partial = partialOf(target);
    try {
      await sweepPartials(dirname(target), { of: target });
      await makeDirectories(partial);
      for (const [file, content] of Object.entries(files)) {
        if (!file.split('/').every(staysInside)) throw new RangeError(plainFileNameFault(path, file));
        await makeDirectories(dirname(join(partial, file)));
        await writeFlushed(join(partial, file), content);
      }
      await flushDirectory(partial);
      await rename(partial, target);
      await flushDirectory(dirname(target));
    } catch (error) {
      await removed(partial);
      throw error;
    }
  } catch (error) {
    throw fileFault(`${path} was not written, and what was there before is untouched`, error);
  }
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
    if (made) {
      let parent = dirname(path);
      while (!(await isThere(parent)) && parent !== dirname(parent)) parent = dirname(parent);
      await access(`${parent}/.`, constants.W_OK);
      if (await isDirectory(path)) throw systemFault('EISDIR');
      return;
    }
    const destination = await destinationOf(path);
    if (destination.kind === 'descriptor') {
      fstatSync(destination.descriptor);
      // Nothing is written, which only a descriptor that is open for writing allows.
      writeSync(destination.descriptor, new Uint8Array(0));
      return;
    }
    if (destination.kind === 'device' || destination.replaced !== null)
      await access(destination.path, constants.W_OK);
    if (destination.kind === 'file') await tryToWrite(destination.path);
  } catch (error) {
    throw fileFault(`${path} cannot be written`, error);
  }
}

/** Some file systems say only when a file is made whether it can be. */
async function tryToWrite(path: string): Promise<void> {
  const partial = partialOf(path);
  try {
    await (await open(partial, 'wx')).close();
  } finally {
    await removed(partial);
  }
}

/** Not `mkdir`'s own `recursive`, which never returns where a directory is there but takes none into it (/proc). */
async function makeDirectories(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (await isDirectory(path)) return;
    if (codeOf(error) === 'EEXIST') {
      // A link to a directory that is missing makes it.
      const target = await newDirectory(path);
      if (target === path || (await isThere(target))) throw error;
      await mkdir(target);
      return;
    }
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error;
    // Others may make the same directories at the same time.
    if (!(await isThere(parent))) await makeDirectories(parent);
    await mkdir(path).catch(async (again: unknown) => {
      if (!(await isDirectory(path))) throw again;
    });
  }
}

/** Where a new directory is made: at the end of links. */
async function newDirectory(path: string): Promise<string> {
  const destination = await destinationOf(path);
  if (destination.kind !== 'file' || destination.replaced !== null) throw systemFault('EEXIST');
  return destination.path;
}

/** Whether a part of a path stays in its directory. A colon is a letter here: inputs of counting have one. */
const staysInside = (part: string): boolean =>
  part !== '' && part !== '.' && part !== '..' && !/[\\\p{Cc}]/u.test(part);

const isDirectory = async (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );

/** Whether a path leads to anything, links followed. */
export const isThere = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const chunksOf = (content: Content): Iterable<Uint8Array> =>
  content instanceof Uint8Array ? [content] : content;

/** @param replaced whose mode and owner the file takes over */
async function writeFlushed(path: string, content: Content, replaced: Stats | null = null): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    if (replaced !== null) await takeOver(handle, replaced);
    for (const chunk of chunksOf(content)) await writeAll(handle, chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Mode and owner of the file that is replaced. Whoever may not give a file away keeps it, and loses no more than that. */
async function takeOver(handle: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  const own = await handle.stat();
  if (own.uid !== uid || own.gid !== gid) {
    await handle.chown(uid, gid).catch(() => handle.chown(own.uid, gid).catch(() => undefined));
  }
  await handle.chmod(mode & 0o7777);
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
