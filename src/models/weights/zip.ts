/**
 * Reads entries of a zip archive by range, over a byte source. yauzl parses the directory; stored entries (all that
 * PyTorch writes) are then read straight from the source, so that one tensor costs its own bytes.
 *
 * An archive can claim to be far larger than it is: every size is checked against what the directory declares, and
 * the declared sizes against the file's, before memory is taken. The checksum of an entry is compared when it is first
 * read, the whole of it then; a checksum of 0 says that there is none, as PyTorch writes when it is set to leave them out.
 *
 * This file needs Node (yauzl, zlib); nothing else beside it does.
 * @module
 */
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';
import { InputError } from '../../input-error.js';
import { quote } from '../../printable.js';
import { type ByteSource } from './byte-source.js';

/** What an archive may hold. */
export interface ZipLimits {
  /** Entries at most. */
  readonly entries: number;
  /** Bytes of all entries together that are always accepted … */
  readonly inflated: number;
  /** … and beyond them, at most this many times the file's own size. */
  readonly ratio: number;
}

/** Room for a GPT-2 XL with its causal masks compressed; far under what a bomb declares. */
export const defaultZipLimits: ZipLimits = { entries: 100_000, inflated: 256 * 2 ** 20, ratio: 20 };

/** An opened archive. */
export interface ZipArchive {
  /** Sizes in bytes, uncompressed, by entry name. */
  readonly sizes: ReadonlyMap<string, number>;
  /** `length` bytes of an entry from `offset`. @throws InputError when the entry is damaged or not what it declares */
  read(name: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

const stored = 0;
const deflated = 8;
const inflate = promisify(inflateRaw);

/** Bytes that are read at a time where an entry is only checked. */
const checkedAtOnce = 2 ** 20;

/**
 * Opens an archive; the source stays the caller's to close.
 * @throws InputError for a damaged or encrypted archive, a name that leaves the archive or comes twice, a compression
 *   other than deflate, and declared sizes beyond the limits
 */
export async function openZip(source: ByteSource, limits: ZipLimits = defaultZipLimits): Promise<ZipArchive> {
  const fail = (reason: string): InputError => new InputError(`${source.name}: ${reason}.`);
  // Faults of the format come as plain errors or from zlib; anything else (the disk) is not the archive's.
  const explain = (error: unknown): unknown => {
    if (error instanceof InputError || !(error instanceof Error)) return error;
    const code = 'code' in error ? String(error.code) : undefined;
    return code === undefined || code.startsWith('Z_')
      ? fail(`not a readable zip archive: ${error.message}`)
      : error;
  };

  const entries = new Map<string, Entry>();
  let zip: ZipFile;
  try {
    zip = await fromRandomAccessReaderPromise(new SourceReader(source), source.size, {
      autoClose: false,
      strictFileNames: true,
    });
    // yauzl may report a fault once more after the loop below has ended on it.
    zip.on('error', () => undefined);
    let declared = 0;
    const most = Math.max(limits.inflated, limits.ratio * source.size);
    for await (const entry of zip.eachEntry()) {
      const name = quote(entry.fileName);
      if (entries.has(entry.fileName)) throw fail(`the zip archive has two entries ${name}`);
      if (entries.size >= limits.entries) {
        throw fail(`the zip archive has more than ${limits.entries} entries`);
      }
      if (entry.isEncrypted()) throw fail(`the zip entry ${name} is encrypted`);
      if (entry.compressionMethod !== stored && entry.compressionMethod !== deflated) {
        throw fail(
          `the zip entry ${name} uses compression method ${entry.compressionMethod}; accepted are 0 and 8`,
        );
      }
      declared += entry.uncompressedSize;
      if (declared > most) {
        throw fail(
          `the zip archive declares ${declared} bytes and more in a file of ${source.size}, and ${most} are accepted`,
        );
      }
      entries.set(entry.fileName, entry);
    }
  } catch (error) {
    throw explain(error);
  }

  const starts = new Map<string, number>();
  const dataStart = async (entry: Entry): Promise<number> => {
    const known = starts.get(entry.fileName);
    if (known !== undefined) return known;
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    starts.set(entry.fileName, fileDataStart);
    return fileDataStart;
  };

  const inflated = async (entry: Entry, packed: Uint8Array): Promise<Uint8Array<ArrayBuffer>> => {
    const size = entry.uncompressedSize;
    const name = quote(entry.fileName);
    try {
      const bytes = await inflate(packed, { maxOutputLength: Math.max(1, size) });
      if (bytes.length === size) return new Uint8Array(bytes);
      throw fail(`the zip entry ${name} inflates to ${bytes.length} bytes and declares ${size}`);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')) throw error;
      throw fail(`the zip entry ${name} inflates to more than the ${size} bytes that it declares`);
    }
  };

  const sound = new Set<Entry>();
  const expectSum = (entry: Entry, sum: number): void => {
    if (sum !== entry.crc32) {
      throw fail(`the zip entry ${quote(entry.fileName)} is damaged: its checksum is not that of its bytes`);
    }
    sound.add(entry);
  };
  const isUnchecked = (entry: Entry): boolean => entry.crc32 !== 0 && !sound.has(entry);

  /** Bytes of a stored entry that begins at `start` of the file. */
  const storedBytes = async (
    entry: Entry,
    start: number,
    offset: number,
    length: number,
  ): Promise<Uint8Array<ArrayBuffer>> => {
    const size = entry.uncompressedSize;
    if (isUnchecked(entry) && length < size) {
      let sum = 0;
      for (let at = 0; at < size; at += checkedAtOnce) {
        sum = crc32(await source.read(start + at, Math.min(checkedAtOnce, size - at)), sum);
      }
      expectSum(entry, sum);
    }
    const bytes = await source.read(start + offset, length);
    if (isUnchecked(entry)) expectSum(entry, crc32(bytes));
    return bytes;
  };

  return {
    sizes: new Map([...entries].map(([name, entry]) => [name, entry.uncompressedSize])),
    async read(name, offset, length) {
      const entry = entries.get(name);
      if (entry === undefined) throw fail(`the zip archive has no entry ${quote(name)}`);
      const size = entry.uncompressedSize;
      if (offset + length > size) {
        throw fail(
          `${length} bytes are needed at ${offset} of the zip entry ${quote(name)}, which has ${size}`,
        );
      }
      try {
        const start = await dataStart(entry);
        if (entry.compressionMethod === stored) return await storedBytes(entry, start, offset, length);
        const whole = await inflated(entry, await source.read(start, entry.compressedSize));
        if (isUnchecked(entry)) expectSum(entry, crc32(whole));
        return whole.slice(offset, offset + length);
      } catch (error) {
        throw explain(error);
      }
    },
  };
}

/** yauzl's view of a byte source; it only asks for whole small ranges. */
class SourceReader extends RandomAccessReader {
  constructor(private readonly source: ByteSource) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    const asError = (fault: unknown): Error => (fault instanceof Error ? fault : new Error(String(fault)));
    this.source
      .read(position, length)
      .then(
        (bytes) => {
          buffer.set(bytes, offset);
          callback(null);
        },
        (fault: unknown) => callback(asError(fault)),
      )
      // What the callback itself throws reaches the archive as an event instead of ending the process.
      .catch((fault: unknown) => this.emit('error', asError(fault)));
  }
}
