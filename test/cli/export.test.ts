/**
 * `inversionview export --format streamlit`: the tree that the published viewer lists, with what `read` reads.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readingSchema } from '../../src/inversion/reading.js';
import { bundledCommand, type Command, type Finished } from './command.js';

let command: Command;
let exported: Finished;
beforeAll(async () => {
  command = await bundledCommand();
  exported = await command.run([
    ...['export', '--input', '615+861=1476', '101+539=640', '615+861=1476', '--sites', 'a0.0,x1.post'],
    ...['--seed', '4', '--threads', '1', '--out', 'cache/new'],
  ]);
});
afterAll(() => command.dispose());

const files = (path: string): string[] => readdirSync(join(command.folder, 'cache/new', path)).sort();
const read = (path: string): unknown =>
  JSON.parse(readFileSync(join(command.folder, 'cache/new', path), 'utf8'));
const generations = 'training_outputs/cached_addition_generation';
const generationSchema = z.object({
  metric: z.string(),
  attn_weights: z.array(z.number()),
  generation: z.array(
    z.tuple([z.array(z.string()), z.array(z.number()), z.array(z.number()), z.number(), z.number()]),
  ),
});

describe('export --format streamlit', () => {
  it('writes a folder for each input, a file for each site, place and metric', () => {
    expect(exported).toMatchObject({ code: 0, stderr: '', stdout: 'Written: 56 files in cache/new\n' });
    expect(files('')).toEqual(['training_outputs', 'webAPP']);
    expect(files(generations)).toEqual(['B101+539=640', 'B615+861=1476']);
    const expected = ['blocks.0.attn.hook_result.0', 'blocks.1.hook_resid_post'].flatMap((site) =>
      [4, 8, 9, 10, 11].flatMap((place) =>
        ['dist', 'sim'].map((metric) => `${site}-${place}-Auto-${metric}.json`),
      ),
    );
    for (const input of files(generations)) expect(files(`${generations}/${input}`)).toEqual(expected.sort());
    const heads = [0, 1].flatMap((layer) => [0, 1, 2, 3].map((head) => `${layer}-${head}.json`));
    expect(files('webAPP/cached_attention/B615+861=1476')).toEqual(heads);
  });

  it('holds what read reads with the same seed, under both metrics', async () => {
    const query = [
      'read',
      '--input',
      '615+861=1476',
      '--site',
      'a0.0',
      '--position',
      '=',
      '--seed',
      '4',
      '--json',
    ];
    const readings = await Promise.all(
      (['euclidean', 'cosine'] as const).map((metric) =>
        command.run([...query, '--metric', metric, '--no-readout', '--threads', '1']),
      ),
    );
    readings.forEach(({ stdout }, at) => {
      const reading = readingSchema.parse(JSON.parse(stdout));
      const metric = ['dist', 'sim'][at] ?? '';
      const path = `${generations}/B615+861=1476/blocks.0.attn.hook_result.0-8-Auto-${metric}.json`;
      const file = generationSchema.parse(read(path));
      expect(file.metric).toBe(metric);
      expect(file.attn_weights).toHaveLength(13);
      expect(file.generation.map(([tokens]) => tokens.join(''))).toEqual(
        reading.samples.map(({ tokens }) => tokens.join('')),
      );
      file.generation.forEach(([, , , best, value], row) => {
        const { matchedPosition, distance } = reading.samples[row] ?? { matchedPosition: -1, distance: NaN };
        expect(best).toBe(matchedPosition);
        expect(value).toBeCloseTo(at === 0 ? distance : 1 - distance, 2);
      });
    });
  });

  it('gives the attention of every head, each row a distribution over what was there', () => {
    const schema = z.object({ str_tokens: z.array(z.string()), attn_weights: z.array(z.array(z.number())) });
    const { str_tokens, attn_weights } = schema.parse(read('webAPP/cached_attention/B615+861=1476/1-2.json'));
    expect(str_tokens).toEqual(['B', ...'615+861=1476']);
    attn_weights.forEach((row, at) => {
      expect(row).toHaveLength(13);
      expect(row.reduce((all, weight) => all + weight, 0)).toBeCloseTo(1, 1);
      expect(row.slice(at + 1).every((weight) => weight === 0)).toBe(true);
    });
  });

  it('writes counting’s own places, and an empty example of addition that the viewer opens with', async () => {
    const counting = ['export', '--task', 'counting', '--input', 'vvzccvczvvvzvcvc|v:8', '--sites', 'm1'];
    const { code, stderr } = await command.run([...counting, '--threads', '1', '--out', 'counting']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const root = join(command.folder, 'counting/training_outputs');
    expect(readdirSync(join(root, 'cached_counting_generation/Bvvzccvczvvvzvcvc|v:8')).sort()).toEqual(
      [17, 18, 19].flatMap((place) =>
        ['dist', 'sim'].map((metric) => `blocks.1.hook_mlp_out-${place}-Auto-${metric}.json`),
      ),
    );
    expect(readdirSync(join(root, 'cached_addition_generation'))).toEqual(['(no addition exported)']);
  });
});
