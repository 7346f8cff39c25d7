import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TimeIsUp, savedParts } from './parts.js';

const model = { hash: 'abc', processing: 'transformerlens' } as const;

describe('parts of a study', () => {
  it('are measured once for a model and a question, and given as they were kept', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'inversionview-parts-'));
    let measured = 0;
    const measure = () => Promise.resolve({ number: ++measured, nothing: undefined, list: [1.5] });
    const first = savedParts(folder, model);
    const ask = (parts: ReturnType<typeof savedParts>, name: string, question: unknown) =>
      parts.part(name, question, measure);
    expect(await ask(first, 'a', { seed: 1 })).toEqual({ number: 1, list: [1.5] });
    expect(await ask(savedParts(folder, model), 'a', { seed: 1 })).toEqual({ number: 1, list: [1.5] });
    expect((await ask(first, 'a', { seed: 2 })).number).toBe(2);
    expect((await ask(first, 'b', { seed: 1 })).number).toBe(3);
    expect((await ask(savedParts(folder, { ...model, hash: 'abd' }), 'a', { seed: 1 })).number).toBe(4);
    expect(readdirSync(folder)).toHaveLength(4);
    // Nothing is kept without a directory.
    expect((await ask(savedParts(null, model), 'a', { seed: 1 })).number).toBe(5);
  });

  it('that are kept are given when the time is up, others are not begun', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'inversionview-parts-'));
    await savedParts(folder, model).part('a', 1, () => Promise.resolve(7));
    const late = savedParts(folder, model, Date.now() - 1);
    expect(await late.part('a', 1, () => Promise.reject(new Error('measured again')))).toBe(7);
    await expect(late.part('b', 1, () => Promise.resolve(8))).rejects.toThrow(TimeIsUp);
  });
});
