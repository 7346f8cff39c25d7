/**
 * Enumerated activations as one file, so that the second question about a site needs no pass. The file begins with
 * what it was made of and ends with its last array; header and arrays are known by their SHA-256. A file that cannot be
 * read, or does not fit in any way, is no error: the pass is made again and the file replaced.
 * @module
 */
import { capability } from '../../tasks/capabilities.js';
import { z } from 'zod';
import { type HookedModel } from '../../models/hooked-model.js';
import { type ByteSource } from '../../models/weights/byte-source.js';
import { type Task } from '../../tasks/task.js';
import { type EnumeratedActivations } from './activations.js';

/** Where files are saved between runs. */
export interface ActivationStore {
  /** The bytes under a name, or null when there are none. */
  open(name: string): Promise<ByteSource | null>;
  /** Writes whole or not at all. */
  write(name: string, chunks: Iterable<Uint8Array>): Promise<void>;
}

const magic = 'inversionview activations 2\n';
const prologue = 128;

const headerSchema = z.object({
  identity: z.string(),
  inputs: z.number().int().nonnegative(),
  width: z.number().int().positive(),
  rows: z.array(z.number().int().nonnegative()),
  digests: z.array(z.string()),
});

/** What the activations depend on: another model, processing, site or task gives another identity. */
export function identityOf(model: HookedModel, task: Task, site: string): string {
  const { size, instance, identity } = capability(task, 'data', 'An exact preimage');
  return JSON.stringify({
    model: model.hash,
    processing: model.processing,
    site,
    task: task.name,
    inputs: size,
    ...(identity === undefined ? {} : { identity }),
    // Tasks of one name and size may differ: a few of their inputs tell.
    sample: [0, 0.3, 0.6, 1].map((share) => instance(Math.floor(share * (size - 1)))),
  });
}

/** The name of the file for an activation's identity. */
export async function nameOf(identity: string): Promise<string> {
  return `activations-${(await digestOf(new TextEncoder().encode(identity))).slice(0, 24)}.bin`;
}

/** Bytes that are hashed at a time, each piece on a thread of its own. */
const pieceBytes = 2 ** 24;

/** SHA-256 in hexadecimal digits; of what is longer than a piece, that of its pieces' digests. */
export async function digestOf(bytes: Uint8Array, piece = pieceBytes): Promise<string> {
  if (bytes.length <= piece) {
    const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
  const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, at) =>
    digestOf(bytes.subarray(at * piece, (at + 1) * piece), piece),
  );
  return digestOf(new TextEncoder().encode((await Promise.all(pieces)).join()));
}

const bytesOf = (array: Uint8Array | Int16Array | Float32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

const arraysOf = ({ marks, rows }: EnumeratedActivations): Uint8Array[] => [
  ...marks.map(bytesOf),
  ...rows.flatMap(({ values, scales }) => [bytesOf(values), bytesOf(scales)]),
];

/** Saves activations. */
export async function saveActivations(
  store: ActivationStore,
  identity: string,
  activations: EnumeratedActivations,
): Promise<void> {
  const arrays = arraysOf(activations);
  const digests: string[] = [];
  for (const array of arrays) digests.push(await digestOf(array));
  const header = new TextEncoder().encode(
    JSON.stringify({
      identity,
      inputs: activations.inputs,
      width: activations.width,
      rows: activations.rows.map(({ count }) => count),
      digests,
    }),
  );
  const opening = new Uint8Array(prologue);
  opening.set(new TextEncoder().encode(`${magic}${header.length} ${await digestOf(header)}\n`));
  await store.write(await nameOf(identity), [opening, header, ...arrays]);
}

/** Loads saved activations; null when there are none, or they cannot be read for whatever reason. */
export async function loadActivations(
  store: ActivationStore,
  identity: string,
): Promise<EnumeratedActivations | null> {
  // What is saved only saves time: no fault of it may end what it is wanted for.
  try {
    const source = await store.open(await nameOf(identity));
    if (source === null) return null;
    try {
      return await readActivations(source, identity);
    } finally {
      await source.close();
    }
  } catch {
    return null;
  }
}

async function readActivations(source: ByteSource, identity: string): Promise<EnumeratedActivations | null> {
  if (source.size < prologue) return null;
  const opening = new TextDecoder().decode(await source.read(0, prologue));
  const match = /^(\d+) ([0-9a-f]{64})\n/.exec(opening.slice(magic.length));
  if (!opening.startsWith(magic) || match === null) return null;
  const length = Number(match[1]);
  if (prologue + length > source.size) return null;
  const text = await source.read(prologue, length);
  if ((await digestOf(text)) !== match[2]) return null;
  const parsed = headerSchema.safeParse(JSON.parse(new TextDecoder().decode(text)));
  if (!parsed.success || parsed.data.identity !== identity) return null;
  const { inputs, width, rows: counts, digests } = parsed.data;
  const places = counts.length;
  const sizes = [...counts.map(() => inputs), ...counts.flatMap((count) => [count * width * 2, count * 4])];
  if (prologue + length + sizes.reduce((sum, size) => sum + size, 0) !== source.size) return null;
  const arrays: Uint8Array<ArrayBuffer>[] = [];
  let offset = prologue + length;
  for (const [at, size] of sizes.entries()) {
    const bytes = await source.read(offset, size);
    if ((await digestOf(bytes)) !== digests[at]) return null;
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
