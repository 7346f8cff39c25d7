/**
 * Writing into what has no end to exchange: devices, pipes and open descriptors.
 * @module
 */
import { write } from 'node:fs';
import { constants, open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Destination } from './destination.js';
import { codeOf } from './file-fault.js';

const writeTo = promisify(write);
/** Milliseconds before a pipe is tried again whose reader has yet to take what is in it. */
const pause = 5;

/** Writes chunks one after another. A reader that has had enough ends it, as `head` does, and is no fault. */
export async function writeInto(
  destination: Exclude<Destination, { kind: 'file' }>,
  chunks: Iterable<Uint8Array>,
): Promise<void> {
  try {
    if (destination.kind === 'descriptor') {
      for (const chunk of chunks) await intoDescriptor(destination.descriptor, chunk);
      return;
    }
    // Neither made nor cut: what is there is there for others too.
    const handle = await open(destination.path, constants.O_WRONLY | constants.O_NOCTTY);
    try {
      for (const chunk of chunks) await all(handle.fd, chunk);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (codeOf(error) !== 'EPIPE') throw error;
  }
}

/** The standard streams are written through Node's own, so that what they still hold comes first. */
async function intoDescriptor(descriptor: number, chunk: Uint8Array): Promise<void> {
  const stream = descriptor === 1 ? process.stdout : descriptor === 2 ? process.stderr : null;
  if (stream === null) return all(descriptor, chunk);
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });
}

async function all(descriptor: number, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    try {
      done += (await writeTo(descriptor, chunk, done)).bytesWritten;
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
      await delay(pause);
    }
  }
}
