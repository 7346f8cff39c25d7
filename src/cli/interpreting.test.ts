import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { addition } from '../studies/index.js';
import { chosenFeatures, knownFeatures, oneFeature } from './interpreting.js';

let folder = '';
const file = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inversionview-features-'));
  const write = (name: string, ...features: readonly string[]): void => {
    const list = features.map((feature) => `{ name: '${feature}', of: () => 1 }`);
    writeFileSync(file(name), `export default [${list.join(', ')}];`);
  };
  write('one.mjs', 'mine');
  write('two.mjs', 'mine', 'other');
  write('none.mjs');
  write('taken.mjs', 'C2');
  writeFileSync(file('broken.mjs'), 'export default [');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const names = (features: readonly { readonly name: string }[]): string[] => features.map(({ name }) => name);

describe('one feature', () => {
  it('is the one that a file exports, known beside those of the task', async () => {
    const { feature, known } = await oneFeature(addition, file('one.mjs'), addition.features);
    expect(feature.name).toBe('mine');
    expect(names(known)).toEqual([...names(addition.features), 'mine']);
  });

  it('is one of the task, or of the files given beside it, by its name', async () => {
    const known = await knownFeatures(addition, file('two.mjs'));
    expect(names(known)).toEqual([...names(addition.features), 'mine', 'other']);
    expect((await oneFeature(addition, 'other', known)).feature.name).toBe('other');
    expect((await oneFeature(addition, '{F1,S1}', known)).feature.name).toBe('{F1,S1}');
  });

  it.each([
    ['a file with two', 'two.mjs', /^A profile is by one feature: give one name with --by\.$/],
    ['a file with none', 'none.mjs', /none\.mjs exports no feature/],
    ['a file whose name for it is taken', 'taken.mjs', /^Two features are named "C2"\.$/],
    ['no such file', 'gone.mjs', /gone\.mjs does not exist\.$/],
    ['a file that is no program', 'broken.mjs', /broken\.mjs cannot be loaded: /],
  ])('cannot be taken from %s', async (_, name, message) => {
    const asked = oneFeature(addition, file(name), addition.features);
    await expect(asked).rejects.toThrow(InputError);
    await expect(asked).rejects.toThrow(message);
  });

  it('cannot be a file and a name, or two names', async () => {
    for (const text of [`${file('one.mjs')},C2`, 'C2,C3'])
      await expect(oneFeature(addition, text, addition.features)).rejects.toThrow(/^A profile is by one/);
    await expect(oneFeature(addition, '', addition.features)).rejects.toThrow(/^Unknown feature ""/);
  });
});

describe('lists of features', () => {
  it('are all of the task and of the files, or those that are named with the files’', async () => {
    expect(names(await chosenFeatures(addition, undefined))).toEqual(names(addition.features));
    expect(names(await chosenFeatures(addition, file('one.mjs')))).toEqual([
      ...names(addition.features),
      'mine',
    ]);
    expect(names(await chosenFeatures(addition, `C2,${file('two.mjs')}`))).toEqual(['C2', 'mine', 'other']);
  });

  it('of files alone hold no names', async () => {
    await expect(knownFeatures(addition, 'C2')).rejects.toThrow(/^"C2" is no file: --features takes \.mjs/);
  });
});
