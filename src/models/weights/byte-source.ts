/**
 * How bytes come in. Weights are gigabytes and lie in files, in a browser's storage or behind HTTP; the readers
 * beside this file ask for a range at a time through these two interfaces, so that they neither import a file
 * system nor hold a file whole. Node's implementation is `jobs/files.ts`; the one in memory is here.
 * @module
 */
import { InputError } from '../../input-error.js';
import { quote } from '../../printable.js';

/** Bytes that can be read by range. */
export interface ByteSource {
  /** What to call it in a message: a path or a file name. */
  readonly name: string;
  /** Its length in bytes. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`, in memory that the caller owns and may change.
   * @throws InputError when the range leaves the source, before anything is allocated
   */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** A flat set of named byte sources: the directory of a checkpoint. */
export interface Directory {
  readonly name: string;
  /** The names of its files. */
  list(): Promise<string[]>;
  /** @throws InputError when there is no such file, or when `file` is not a plain file name */
  open(file: string): Promise<ByteSource>;
}

/** A byte source over bytes in memory. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    read(offset, length) {
      const fault = rangeFault(name, bytes.length, offset, length);
      if (fault !== null) return Promise.reject(fault);
      return Promise.resolve(new Uint8Array(bytes.subarray(offset, offset + length)));
    },
    close: () => Promise.resolve(),
  };
}

/**
 * A directory in memory, for tests and for files that a person gives to a page.
 * @example openWeights(memoryDirectory('mine', { 'model.safetensors': bytes }))
 */
export function memoryDirectory(name: string, files: Readonly<Record<string, Uint8Array>>): Directory {
  return {
    name,
    list: () => Promise.resolve(Object.keys(files).sort()),
    open(file) {
      const bytes = Object.hasOwn(files, file) ? files[file] : undefined;
      if (!isPlainFileName(file)) return Promise.reject(new InputError(plainFileNameFault(name, file)));
      if (bytes === undefined) return Promise.reject(new InputError(`${name} has no file ${file}.`));
      return Promise.resolve(memorySource(`${name}/${file}`, bytes));
    },
  };
}

/** Whether a name stays inside its directory on every system: no separator, drive, `.` or `..`, nothing unprintable. */
export function isPlainFileName(file: string): boolean {
  return file !== '' && file !== '.' && file !== '..' && !/[/\\:\p{Cc}]/u.test(file);
}

/** The message for a name that `isPlainFileName` refuses. */
export function plainFileNameFault(directory: string, file: string): string {
  return `${directory}: ${quote(file)} is not accepted as a file name: it must name a file in the directory itself.`;
}

/** The fault of a read that leaves its source, or null. */
export function rangeFault(name: string, size: number, offset: number, length: number): InputError | null {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (whole && offset + length <= size) return null;
  return new InputError(
    `${name} is truncated or damaged: ${length} bytes are needed at ${offset}, and it has ${size}.`,
  );
}
