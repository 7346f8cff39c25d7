/**
 * Enumerated activations as one file, so that the second question about a site needs no pass. The file begins with
 * what it was made of and ends with its last array; each array has a checksum. A file that does not fit in any way is
 * no error: the pass is made again and the file replaced.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../../input-error.js';
import { type HookedModel } from '../../models/hooked-model.js';
import { type ByteSource } from '../../models/weights/byte-source.js';
import { type Task } from '../../tasks/task.js';
import { type EnumeratedActivations } from './activations.js';

/** Where files are kept between runs. */
export interface Keep {
  /** The bytes under a name, or null when there are none. */
  open(name: string): Promise<ByteSource | null>;
  /** Writes whole or not at all. */
  write(name: string, chunks: Iterable<Uint8Array>): Promise<void>;
}

const magic = 'inversionview activations 1\n';
const prologue = 64;

const headerSchema = z.object({
  identity: z.string(),
  inputs: z.number().int().nonnegative(),
  width: z.number().int().positive(),
  rows: z.array(z.number().int().nonnegative()),
  checksums: z.array(z.number().int()),
});

/** What the activations depend on: another model, processing, site or task gives another identity. */
export const identityOf = (model: HookedModel, task: Task, site: string): string =>
  JSON.stringify({
    model: model.hash,
    processing: model.processing,
    site,
    task: task.name,
    inputs: task.data.size,
    // Tasks of one name and size may differ: a few of their inputs tell.
    sample: [0, 0.3, 0.6, 1].map((share) => task.data.instance(Math.floor(share * (task.data.size - 1)))),
  });

/** The name of the file for an activation's identity. */
export async function nameOf(identity: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(identity));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `activations-${hex.slice(0, 24)}.bin`;
}

/** Words of 32 bits in four lanes, each word mixed in by its place. A changed, lost or moved word changes the sum. */
export function checksum(bytes: Uint8Array): number {
  const whole = bytes.byteLength >> 2;
  const words =
    bytes.byteOffset % 4 === 0
      ? new Int32Array(bytes.buffer, bytes.byteOffset, whole)
      : new Int32Array(bytes.slice(0, whole * 4).buffer);
  let [a, b, c, d] = [1, 2, 3, bytes.byteLength | 0];
  const quads = whole - (whole % 4);
  for (let at = 0; at < quads; at += 4) {
    a = (Math.imul(a, 0x01000193) + (words[at] ?? 0)) | 0;
    b = (Math.imul(b, 0x01000193) + (words[at + 1] ?? 0)) | 0;
    c = (Math.imul(c, 0x01000193) + (words[at + 2] ?? 0)) | 0;
    d = (Math.imul(d, 0x01000193) + (words[at + 3] ?? 0)) | 0;
  }
  for (let at = quads; at < whole; at++) a = (Math.imul(a, 0x01000193) + (words[at] ?? 0)) | 0;
  for (let at = whole * 4; at < bytes.byteLength; at++) b = (Math.imul(b, 0x01000193) + (bytes[at] ?? 0)) | 0;
  return (Math.imul(a, 3) + Math.imul(b, 5) + Math.imul(c, 7) + Math.imul(d, 11)) | 0;
}

const bytesOf = (array: Uint8Array | Int16Array | Float32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

const arraysOf = ({ marks, rows }: EnumeratedActivations): Uint8Array[] => [
  ...marks.map(bytesOf),
  ...rows.flatMap(({ values, scales }) => [bytesOf(values), bytesOf(scales)]),
];

/** Keeps activations. */
export async function keepActivations(
  keep: Keep,
  identity: string,
  activations: EnumeratedActivations,
): Promise<void> {
  const arrays = arraysOf(activations);
  const header = new TextEncoder().encode(
    JSON.stringify({
      identity,
      inputs: activations.inputs,
      width: activations.width,
      rows: activations.rows.map(({ count }) => count),
      checksums: arrays.map(checksum),
    }),
  );
  const opening = new Uint8Array(prologue);
  opening.set(new TextEncoder().encode(`${magic}${header.length} ${checksum(header)}\n`));
  await keep.write(await nameOf(identity), [opening, header, ...arrays]);
}

/** Takes kept activations up again; null when there are none, or they are damaged or of another origin. */
export async function keptActivations(keep: Keep, identity: string): Promise<EnumeratedActivations | null> {
  const source = await keep.open(await nameOf(identity));
  if (source === null) return null;
  try {
    return await readActivations(source, identity);
  } catch (error) {
    if (error instanceof InputError) return null; // cut short, or not to be read
    throw error;
  } finally {
    await source.close();
  }
}

async function readActivations(source: ByteSource, identity: string): Promise<EnumeratedActivations | null> {
  if (source.size < prologue) return null;
  const opening = new TextDecoder().decode(await source.read(0, prologue));
  const match = /^(\d+) (-?\d+)\n/.exec(opening.slice(magic.length));
  if (!opening.startsWith(magic) || match === null) return null;
  const length = Number(match[1]);
  if (prologue + length > source.size) return null;
  const text = await source.read(prologue, length);
  if (checksum(text) !== Number(match[2])) return null;
  const parsed = headerSchema.safeParse(JSON.parse(new TextDecoder().decode(text)));
  if (!parsed.success || parsed.data.identity !== identity) return null;
  const { inputs, width, rows: counts, checksums } = parsed.data;
  const places = counts.length;
  const sizes = [...counts.map(() => inputs), ...counts.flatMap((count) => [count * width * 2, count * 4])];
  if (prologue + length + sizes.reduce((sum, size) => sum + size, 0) !== source.size) return null;
  const arrays: Uint8Array<ArrayBuffer>[] = [];
  let offset = prologue + length;
  for (const [at, size] of sizes.entries()) {
    const bytes = await source.read(offset, size);
    if (checksum(bytes) !== checksums[at]) return null;
    arrays.push(bytes);
    offset += size;
  }
  return {
    inputs,
    width,
    marks: arrays.slice(0, places),
    rows: counts.map((count, place) => ({
      count,
      values: new Int16Array(arrays[places + 2 * place]?.buffer ?? new ArrayBuffer(0)),
      scales: new Float32Array(arrays[places + 2 * place + 1]?.buffer ?? new ArrayBuffer(0)),
    })),
  };
}
