/**
 * A study in parts that are kept. Each rests on the model, its name and its question alone, so that a study can be broken
 * off and gone on with, and pictures drawn anew, without measuring twice.
 * @module
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HookedModel } from '../../src/models/hooked-model.js';

/** The time that a run was given is over; the parts that are done are kept. */
export class TimeIsUp extends Error {
  override readonly name = 'TimeIsUp';
}

/** Measures parts that are not there yet. */
export interface Parts {
  /**
   * @param name what is measured
   * @param question everything that its outcome rests on, as plain data
   * @returns what `measure` gives, which is plain data
   * @throws TimeIsUp where it would have to be measured and there is no time left
   */
  part<T>(name: string, question: unknown, measure: () => Promise<T>): Promise<T>;
}

/**
 * Keeps parts in a directory; delete it to measure anew.
 * @param directory null to keep nothing
 * @param until no part is begun after this time, in milliseconds since 1970
 */
export function savedParts(
  directory: string | null,
  { hash, processing }: Pick<HookedModel, 'hash' | 'processing'>,
  until = Infinity,
): Parts {
  return {
    async part(name, question, measure) {
      const key = createHash('sha256')
        .update(JSON.stringify([hash, processing, name, question]))
        .digest('hex')
        .slice(0, 24);
      const file = directory === null ? null : join(directory, `part-${key}.json`);
      if (file !== null && existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as never;
      if (Date.now() > until) throw new TimeIsUp(`no time is left for ${name}`);
      // As it would be read: what is measured now and what was kept are the same.
      const text = JSON.stringify(await measure());
      if (file !== null && directory !== null) {
        mkdirSync(directory, { recursive: true });
        writeFileSync(`${file}.partial`, text);
        renameSync(`${file}.partial`, file);
      }
      return JSON.parse(text) as never;
    },
  };
}
