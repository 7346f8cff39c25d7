/**
 * The activations that a decoder's training draws from, in its directory while it lasts: a training that is taken up
 * again reads what was collected, and collects the rest. A file that cannot be read is collected anew.
 * @module
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../input-error.js';
import { openSafetensors, safetensorsChunks } from '../models/weights/safetensors.js';
import { type PoolStore } from '../training/activation-pool.js';
import { openDirectory, writeFileAtomic } from './files.js';
import { removed } from './partials.js';

const fileOf = (part: number): string => `activations-${part.toString().padStart(5, '0')}.safetensors`;

/**
 * The store of a run directory.
 * @param sites their number
 */
export function poolStore(directory: string, sites: number): PoolStore & { clear(): Promise<void> } {
  const numbers = Array.from({ length: sites }, (_, site) => site);
  return {
    async load(part) {
      const name = fileOf(part);
      if (!existsSync(join(directory, name))) return null;
      try {
        const file = await openSafetensors(await (await openDirectory(directory)).open(name));
        try {
          return await Promise.all(
            numbers.map(async (site) => ({
              inputs: Int32Array.from(await file.readFloat32(`${site}.inputs`)),
              whitened: await file.readFloat32(`${site}.whitened`),
            })),
          );
        } finally {
          await file.close();
        }
      } catch (error) {
        if (error instanceof InputError) return null;
        throw error;
      }
    },
    async save(part, content) {
      const tensors = content.flatMap(({ inputs, whitened }, site) => [
        // Numbers of inputs are far below 2²⁴, up to which float32 has every integer.
        tensor(`${site}.inputs`, Float32Array.from(inputs)),
        tensor(`${site}.whitened`, whitened),
      ]);
      await writeFileAtomic(join(directory, fileOf(part)), safetensorsChunks(tensors, {}));
    },
    async clear() {
      for (const name of await readdir(directory))
        if (/^activations-\d{5,}\.safetensors$/.test(name)) await removed(join(directory, name));
    },
  };
}

const tensor = (name: string, data: Float32Array) => ({
  name,
  dtype: 'F32' as const,
  shape: [data.length],
  data,
});
