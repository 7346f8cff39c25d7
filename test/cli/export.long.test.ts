/**
 * `inversionview export --format streamlit`: the tree that the published viewer lists, with what `read` reads.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readingSchema } from '../../src/inversion/reading.js';
import { savedReadingSchema } from '../../src/workbench/verbs/readings.js';
import { bundledCommand, type Command, type Finished, refusal } from './command.js';

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

  it('adds another task to it, each input by its form, and keeps no empty example beside real ones', async () => {
    const counting = 'vvzccvczvvvzvcvc|v:8';
    const { code, stderr } = await command.run([
      ...['export', '--input', counting, '101+539=640', '--sites', 'm1,a0.0', '--temperature', '0.5,2'],
      ...['-n', '16', '--threads', '1', '--out', 'both'],
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const root = join(command.folder, 'both/training_outputs');
    const names = (places: readonly number[], sites: readonly string[]): string[] =>
      sites.flatMap((site) =>
        places.flatMap((place) =>
          ['Auto', '0.5', '2.0'].flatMap((temperature) =>
            ['dist', 'sim'].map((metric) => `${site}-${place}-${temperature}-${metric}.json`),
          ),
        ),
      );
    const own = ['blocks.0.attn.hook_result.0', 'blocks.1.hook_mlp_out'];
    expect(readdirSync(join(root, `cached_counting_generation/B${counting}`)).sort()).toEqual(
      names([17, 18, 19], own).sort(),
    );
    expect(readdirSync(join(root, 'cached_addition_generation'))).toEqual(['B101+539=640']);
    expect(readdirSync(join(root, 'cached_addition_generation/B101+539=640')).sort()).toEqual(
      // Addition has no m1.
      names([4, 8, 9, 10, 11], own.slice(0, 1)).sort(),
    );
  });
});

describe('import', () => {
  const file = `cache/new/${generations}/B615+861=1476/blocks.0.attn.hook_result.0-8-Auto-sim.json`;

  it('shows a file of the viewer, and writes it as a saved reading and a page', async () => {
    const { code, stdout, stderr } = await command.run([
      ...['import', file, '--out', 'saved.json', '--html', 'saved.html'],
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Warning: From a cached file of the published web app: [^]*\na0\.0 at "=" /);
    expect(stdout).toMatch(/Written: saved\.json, saved\.html\n$/);
    const written: unknown = JSON.parse(readFileSync(join(command.folder, 'saved.json'), 'utf8'));
    const saved = savedReadingSchema.parse(written);
    expect(saved).toMatchObject({
      view: { metric: 'cosine', epsilon: 0.1 },
      query: { place: '=', temperature: null },
      request: null,
    });
    const wider = await command.run(['import', 'saved.json', '--epsilon', '0.5', '--json']);
    const reading = readingSchema.parse(JSON.parse(wider.stdout));
    expect(reading.epsilon).toBe(0.5);
    expect(reading.inside).toBe(saved.samples.filter(({ cosine }) => (cosine?.distance ?? 1) <= 0.5).length);
  });

  it.each([
    [['import'], /^Missing required argument 'file'\.$/],
    [['import', 'gone.json'], /^gone\.json does not exist\.$/],
    [['import', 'cache'], /^cache is a directory: give one of its files\.$/],
    [['import', 'no.json'], /^no\.json is not JSON\.$/],
    [['import', file, '--out', 'not/there.json'], /^not\/there\.json cannot be written: /],
    [
      ['export', '--input', '615+861=1476', 'aabc|a:2', '--model', 'x', '--out', 'x'],
      /^--model and --decoder are of one task/,
    ],
    [
      ['export', '--input', '615-861', '--out', 'x'],
      /^"615-861" is an input of no task: addition and counting/,
    ],
    [
      ['export', '--input', '1+1=2', '--temperature', '0', '--out', 'x'],
      /Give a number from 0\.001 to 1000\.$/,
    ],
  ])('refuses %j', async (args, message) => {
    writeFileSync(join(command.folder, 'no.json'), '{');
    expect(refusal(await command.run(args))).toMatch(message);
  });
});
