import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exported } from '../../test/fixtures/viewer.js';
import { countingReading, exampleReading } from '../../test/fixtures/readings.js';
import { InputError } from '../input-error.js';
import { type Reading } from '../inversion/reading.js';
import { placeholderName } from '../report/streamlit-placeholder.js';
import { expectViewerFolder, writeViewerCache } from './viewer-cache.js';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'inversionview-viewer-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const filesOf = (...readings: readonly Reading[]): Record<string, Uint8Array> =>
  Object.fromEntries(
    exported(readings).map(({ path, contents }) => [path, new TextEncoder().encode(contents)]),
  );
const generations = 'training_outputs/cached_addition_generation';
const examples = (tree: string): string[] =>
  existsSync(join(tree, generations)) ? readdirSync(join(tree, generations)).sort() : [];

describe('a folder of the viewer', () => {
  it('that is new holds what was exported and nothing else', async () => {
    const tree = join(folder, 'new');
    await expectViewerFolder(tree);
    const written = await writeViewerCache(tree, filesOf(countingReading()));
    expect(written).toEqual({ files: 3, lacksAddition: true });
    expect(examples(tree)).toEqual([]);
    expect(await writeViewerCache(join(folder, 'other'), filesOf(exampleReading(3)))).toMatchObject({
      lacksAddition: false,
    });
  });

  it('gets an empty example of addition as long as it needs one, and loses it with the first real one', async () => {
    const app = join(folder, 'app');
    mkdirSync(join(app, 'webAPP'), { recursive: true });
    await expectViewerFolder(app);
    await writeViewerCache(app, filesOf(countingReading()));
    expect(examples(app)).toEqual([placeholderName]);
    await writeViewerCache(app, filesOf(exampleReading(3)));
    expect(examples(app)).toEqual(['B615+861=1476']);
    // And none comes back.
    await writeViewerCache(app, filesOf(countingReading()));
    expect(examples(app)).toEqual(['B615+861=1476']);
  });

  it('holds two exports that were laid together, with no empty example', async () => {
    const tree = join(folder, 'tree');
    await writeViewerCache(tree, filesOf(countingReading()));
    await writeViewerCache(tree, filesOf(exampleReading(3)));
    expect(examples(tree)).toEqual(['B615+861=1476']);
    expect(readdirSync(join(tree, 'training_outputs')).sort()).toEqual([
      'cached_addition_generation',
      'cached_counting_generation',
    ]);
  });

  it('takes the same files again, and refuses others in their place', async () => {
    const tree = join(folder, 'tree');
    await writeViewerCache(tree, filesOf(exampleReading(3)));
    expect(await writeViewerCache(tree, filesOf(exampleReading(3)))).toMatchObject({ files: 0 });
    const again = writeViewerCache(tree, filesOf(exampleReading(4)));
    await expect(again).rejects.toThrow(InputError);
    await expect(again).rejects.toThrow(/-8-Auto-dist\.json is there already with other contents: choose/);
    const file = join(tree, generations, 'B615+861=1476/blocks.0.attn.hook_result.0-8-Auto-dist.json');
    expect((JSON.parse(readFileSync(file, 'utf8')) as { generation: unknown[] }).generation).toHaveLength(3);
  });

  it('is none of the viewer’s: a folder of something else, or a file', async () => {
    writeFileSync(join(folder, 'file'), 'mine');
    for (const path of [folder, join(folder, 'file')]) {
      await expect(expectViewerFolder(path)).rejects.toThrow(InputError);
      await expect(expectViewerFolder(path)).rejects.toThrow(
        /exists already, and is neither an earlier export/,
      );
    }
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('mine');
  });
});
