/** The file that keeps ε by model. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { meetings, meetingsTask } from '../../test/fixtures/template-models.js';
import {
  type ModelEpsilons,
  epsilonFiles,
  epsilonsBySite,
  keepEpsilons,
  withEpsilons,
} from './epsilon-file.js';
import { templateHash } from './model-provenance.js';
import { openTemplate } from './templates.js';

const folder = mkdtempSync(join(tmpdir(), 'inversionview-epsilon-'));
const source = join(folder, 'mine.yaml');
const [file] = epsilonFiles(source);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const model = { hash: 'abc', processing: 'none' } as const;

async function entry(changes: Partial<ModelEpsilons> = {}): Promise<ModelEpsilons> {
  return {
    model: 'a model',
    ...model,
    template: await templateHash(await openTemplate(source)),
    metric: 'euclidean',
    fillers: null,
    passes: 1,
    queries: 2,
    seed: 1,
    vary: null,
    sites: { 'a0.0@END': { epsilon: 0.4, inside: 5, growth: 0.1, queries: 2 } },
    ...changes,
  };
}
const chosen = async (own: Parameters<typeof withEpsilons>[3] = model) =>
  (await withEpsilons(await meetingsTask(), await openTemplate(source), source, own)).epsilons;

describe('the file of ε beside a template', () => {
  beforeEach(() => {
    writeFileSync(source, JSON.stringify(meetings));
    rmSync(file, { force: true });
  });

  it('is beside it, and may be missing', async () => {
    expect(file).toBe(join(folder, 'mine.epsilon.json'));
    expect(await chosen()).toBeUndefined();
  });

  it('holds for the model, its processing and the texts that it was chosen with', async () => {
    await keepEpsilons(file, 'meetings', await entry());
    expect(await chosen()).toEqual([{ site: 'blocks.0.attn.hook_result.0', place: 'END', epsilon: 0.4 }]);
    expect(await chosen({ hash: 'other', processing: 'none' })).toBeUndefined();
    expect(await chosen({ hash: 'abc', processing: 'transformerlens' })).toBeUndefined();
    writeFileSync(source, JSON.stringify({ ...meetings, epsilon: 0.2 }));
    expect(await chosen()).toHaveLength(1);
    writeFileSync(source, JSON.stringify({ ...meetings, patterns: meetings.patterns.slice(0, 1) }));
    expect(await chosen()).toBeUndefined();
  });

  it('keeps other models and other sites when some are chosen anew', async () => {
    await keepEpsilons(file, 'meetings', await entry());
    await keepEpsilons(file, 'meetings', await entry({ hash: 'other' }));
    const none = { epsilon: null, inside: null, growth: null, queries: 2 };
    await keepEpsilons(
      file,
      'meetings',
      await entry({ sites: { 'a1.1@S1+1': { ...none, epsilon: 0.7 }, 'a1.1@END': none } }),
    );
    expect(await chosen()).toEqual([
      { site: 'blocks.0.attn.hook_result.0', place: 'END', epsilon: 0.4 },
      { site: 'blocks.1.attn.hook_result.1', place: 'S1+1', epsilon: 0.7 },
    ]);
    expect(await chosen({ hash: 'other', processing: 'none' })).toHaveLength(1);
  });

  it('says what is wrong with it, and is not written over', async () => {
    await keepEpsilons(file, 'meetings', await entry());
    await expect(keepEpsilons(file, 'others', await entry())).rejects.toThrow(
      /mine\.epsilon\.json has the ε of meetings, not of others: give another file\.$/,
    );
    writeFileSync(file, readFileSync(file, 'utf8').replace('0.4', '-1'));
    await expect(chosen()).rejects.toThrow(
      /mine\.epsilon\.json: .*epsilon.* Delete it, and choose ε anew\.$/s,
    );
    writeFileSync(file, '{');
    await expect(chosen()).rejects.toThrow(/mine\.epsilon\.json/);
    await expect(keepEpsilons(file, 'meetings', await entry())).rejects.toThrow(/mine\.epsilon\.json/);
    expect(readFileSync(file, 'utf8')).toBe('{');
  });

  it('rounds what was measured, and says where nothing was found', () => {
    const found = { epsilon: 0.31, inside: 28.96123, growth: 0.04567 };
    const site = 'blocks.1.attn.hook_result.1';
    expect(
      epsilonsBySite([
        { site, place: 'END', queries: 3, chosen: found },
        { site, place: 'S1', queries: 3, chosen: null },
      ]),
    ).toEqual({
      'a1.1@END': { epsilon: 0.31, inside: 29, growth: 0.05, queries: 3 },
      'a1.1@S1': { epsilon: null, inside: null, growth: null, queries: 3 },
    });
  });
});
