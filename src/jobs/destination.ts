/**
 * Where an output goes: through links to the file that they name, or into a device, a pipe or an open descriptor,
 * which stay what they are.
 * @module
 */
import { type Stats } from 'node:fs';
import { readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { InputError } from '../input-error.js';
import { codeOf, systemFault } from './file-fault.js';

/** Where an output goes. */
export type Destination =
  /** A regular file, there or to be made, at the end of all links. */
  | { readonly kind: 'file'; readonly path: string; readonly replaced: Stats | null }
  /** A character device or a named pipe: written into as it is. */
  | { readonly kind: 'device'; readonly path: string }
  /** An open descriptor of this process: /dev/stdout, /dev/fd/63 of a shell's process substitution. */
  | { readonly kind: 'descriptor'; readonly descriptor: number };

/** Links that are followed before they are taken for a circle; as many as Linux follows. */
const mostLinks = 40;

/**
 * Finds where an output goes.
 * @throws InputError for what an output cannot go into; what the system reports, as it reports it
 */
export async function destinationOf(path: string): Promise<Destination> {
  if (path === '') throw new InputError('The name of the file to write is empty.');
  if (path.endsWith('/')) throw systemFault('EISDIR');
  let at = path;
  for (let links = 0; links <= mostLinks; links++) {
    const place = join(await realpath(dirname(at)), basename(at));
    const descriptor = descriptorAt(place);
    if (descriptor !== null) return { kind: 'descriptor', descriptor };
    // What another process has open is named by a link to no file.
    const target = othersDescriptor.test(place) ? null : await linkAt(place);
    if (target === null) return thingAt(place, path);
    at = isAbsolute(target) ? target : `${dirname(place)}/${target}`;
  }
  throw systemFault('ELOOP');
}

const othersDescriptor = /^\/proc\/(\d+)\/(?:task\/\d+\/)?fd\/(\d+)$/;

function descriptorAt(place: string): number | null {
  const [, pid, number] = othersDescriptor.exec(place) ?? [];
  if (pid === String(process.pid)) return Number(number);
  const own = /^\/dev\/fd\/(\d+)$/.exec(place)?.[1]; // where it is no link to /proc
  return own === undefined ? null : Number(own);
}

const linkAt = (place: string): Promise<string | null> =>
  readlink(place).catch((error: unknown) => {
    if (['EINVAL', 'ENOENT', 'UNKNOWN'].includes(codeOf(error))) return null;
    throw error;
  });

async function thingAt(place: string, given: string): Promise<Destination> {
  const info = await stat(place).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (info === null || info.isFile()) return { kind: 'file', path: place, replaced: info };
  if (info.isDirectory()) throw systemFault('EISDIR');
  if (info.isCharacterDevice() || info.isFIFO()) return { kind: 'device', path: place };
  const what = info.isSocket() ? 'a socket' : 'a block device';
  throw new InputError(`${given} cannot be written: it is ${what}, not a regular file.`);
}
