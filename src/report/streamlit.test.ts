import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exported } from '../../test/fixtures/viewer.js';
import { z } from 'zod';
import { countingReading, exampleReading } from '../../test/fixtures/readings.js';
import { InputError } from '../input-error.js';
import { type Reading } from '../inversion/reading.js';
import { type AttentionPattern, type ExportedFile } from './streamlit.js';

const numbers = z.array(z.number());
const generationFile = z.strictObject({
  query_input: z.array(z.string()),
  query_position: z.number().int(),
  probed_act: z.string(),
  attn_weights: numbers,
  temperature: z.number(),
  metric: z.enum(['dist', 'sim']),
  generation: z.array(z.tuple([z.array(z.string()), numbers, numbers, z.number().int(), z.number()])),
});
const attentionFile = z.strictObject({
  str_tokens: z.array(z.string()),
  layer_idx: z.number().int(),
  head_idx: z.number().int(),
  attn_weights: z.array(numbers),
});

/** What the viewer's first page asks of its files, written down from its description alone. */
function openGenerations(files: readonly ExportedFile[], root: string, labels: number) {
  const tree = new Map<string, Map<string, string>>();
  for (const { path, contents } of files) {
    if (!path.startsWith(`${root}/`)) continue;
    const [example, file, ...deeper] = path.slice(root.length + 1).split('/');
    expect(deeper).toEqual([]);
    const folder = tree.get(example ?? '') ?? new Map<string, string>();
    tree.set(example ?? '', folder.set(file ?? '', contents));
  }
  expect(tree.size).toBeGreaterThan(0);
  const opened = [];
  for (const [example, folder] of tree) {
    const positions = new Set<string>();
    const temperatures = new Set<string>();
    for (const file of folder.keys()) {
      // The viewer strips the characters of ".json" from the right end, not the ending.
      const parts = file.replace(/[.json]+$/, '').split('-');
      expect(parts).toHaveLength(4);
      expect(parts[0]).toMatch(/^blocks\.\d+\.(attn\.hook_result\.\d+|hook_resid_[a-z]+|hook_mlp_out)$/);
      expect(parts[1]).toMatch(/^\d+$/);
      positions.add(parts[1] ?? '');
      temperatures.add(parts[2] ?? '');
    }
    expect(positions.size).toBe(labels);
    expect(temperatures).toContain('Auto');
    for (const name of temperatures) expect(name).toMatch(/^(Auto|\d+\.\d+)$/);
    for (const [file, contents] of folder) {
      const metric = /-Auto-(dist|sim)\.json$/.exec(file)?.[1];
      if (metric === undefined) continue;
      const data = generationFile.parse(JSON.parse(contents));
      expect(data.metric).toBe(metric);
      expect(file).toBe(`${data.probed_act}-${data.query_position}-Auto-${metric}.json`);
      expect(data.query_input.length).toBeGreaterThan(data.query_position);
      for (const weight of data.attn_weights) expect(weight >= 0 && weight <= 1).toBe(true);
      let last = metric === 'sim' ? Infinity : -Infinity;
      for (const [tokens, differences, values, best, value] of data.generation) {
        expect(differences).toHaveLength(tokens.length);
        expect(values).toHaveLength(tokens.length);
        expect(best).toBeLessThan(tokens.length);
        expect([...differences, ...values, value].every(Number.isFinite)).toBe(true);
        expect(metric === 'sim' ? value <= last : value >= last).toBe(true);
        last = value;
        if (root.includes('counting')) expect(tokens.at(-4)).toBeDefined();
        for (const token of tokens) expect(token).not.toMatch(/[<>"]/);
      }
      opened.push({ example, file, data });
    }
  }
  return opened;
}

const additionRoot = 'training_outputs/cached_addition_generation';
const countingRoot = 'training_outputs/cached_counting_generation';
const at = (reading: Reading, position: number, site = reading.query.site): Reading => ({
  ...reading,
  query: { ...reading.query, position, site },
});

describe('exportStreamlit', () => {
  it('writes one file for a reading, and names the positions not read', () => {
    const files = exported([exampleReading(3)]);
    expect(files.map(({ path }) => path.slice(additionRoot.length)).sort()).toEqual([
      '/B615+861=1476/blocks.0.attn.hook_result.0-10-Auto-none.json',
      '/B615+861=1476/blocks.0.attn.hook_result.0-11-Auto-none.json',
      '/B615+861=1476/blocks.0.attn.hook_result.0-4-Auto-none.json',
      '/B615+861=1476/blocks.0.attn.hook_result.0-8-Auto-dist.json',
      '/B615+861=1476/blocks.0.attn.hook_result.0-9-Auto-none.json',
    ]);
    const [opened] = openGenerations(files, additionRoot, 5);
    expect(opened?.data).toMatchObject({
      query_input: ['B', ...'615+861=1476'],
      query_position: 8,
      probed_act: 'blocks.0.attn.hook_result.0',
      temperature: 0,
      attn_weights: [0.02, 0.46, 0.02, 0.01, 0.004, 0.43, 0.03, 0.01, 0.016, 0, 0, 0, 0],
    });
    const [tokens, , values, best, value] = opened?.data.generation[0] ?? [];
    expect(tokens?.at(-1)).toBe('E');
    expect(values?.at(-1)).toBe(1000);
    expect([best, value]).toEqual([8, Number(exampleReading(3).samples[0]?.distance.toFixed(3))]);
  });

  it('takes all positions, sites and both metrics', () => {
    const reading = exampleReading(5);
    const sites = ['blocks.0.attn.hook_result.0', 'blocks.1.hook_resid_mid'];
    const readings = [4, 8, 9, 10, 11].flatMap((position) =>
      sites.flatMap((site) => [
        at(reading, position, site),
        { ...at(reading, position, site), metric: 'cosine' as const },
      ]),
    );
    const files = exported(readings);
    expect(files).toHaveLength(20);
    const opened = openGenerations(files, additionRoot, 5);
    expect(opened).toHaveLength(20);
    const sim = opened.find(({ file }) => file.endsWith('sim.json'))?.data.generation[0];
    expect(sim?.[4]).toBeCloseTo(1 - (reading.samples[0]?.distance ?? 0), 3);
    expect(sim?.[2].at(-1)).toBe(-1);
    for (const { data } of opened)
      expect(data.attn_weights).toHaveLength(data.probed_act.includes('result') ? 13 : 0);
  });

  it('exports counting, short samples too, and nothing of addition', () => {
    const files = exported([countingReading()]);
    const opened = openGenerations(files, countingRoot, 3);
    expect(opened).toHaveLength(1);
    expect(opened[0]?.example).toBe('Bvvzccvczvvvzvcvc|v:8');
    expect(opened[0]?.data.generation.at(-1)?.[0]).toEqual(['B', 'E', '', '']);
    expect(files.filter(({ path }) => !path.startsWith(countingRoot))).toEqual([]);
  });

  it('names temperatures as the viewer takes them apart, and leaves Auto mode to be preselected', () => {
    const reading = exampleReading(3);
    const files = exported([0.5, 1, 2].map((temperature) => ({ ...reading, temperature })));
    openGenerations(files, additionRoot, 5);
    const temperatureOf = (name: string): unknown => {
      const file = files.find(({ path }) => path.endsWith(`-8-${name}-dist.json`));
      return generationFile.parse(JSON.parse(file?.contents ?? 'null')).temperature;
    };
    expect(['0.5', '1.0', '2.0'].map(temperatureOf)).toEqual([0.5, 1, 2]);
    expect(files.filter(({ path }) => path.endsWith('-8-Auto-none.json'))).toHaveLength(1);
    expect(() => exported([reading, { ...reading, temperature: null }])).toThrow(
      /\(Auto, dist\) is there twice/,
    );
  });

  it('exports attention of all heads', () => {
    const tokens = ['B', ...'1+1=2', 'E'];
    const weights = tokens.map((_, query) =>
      tokens.map((_key, key) => (key <= query ? 1.0000001 / (query + 1) : 0)),
    );
    const pattern = (layer: number, head: number, task = 'addition'): AttentionPattern => ({
      task,
      tokens,
      layer,
      head,
      weights,
    });
    const grid = [pattern(0, 0), pattern(0, 1), pattern(1, 0), pattern(1, 1)];
    const files = exported([], grid);
    expect(files.map(({ path }) => path)).toEqual(
      ['0-0', '0-1', '1-0', '1-1'].map((name) => `webAPP/cached_attention/B1+1=2/${name}.json`),
    );
    const data = attentionFile.parse(JSON.parse(files[1]?.contents ?? ''));
    expect(data).toMatchObject({ str_tokens: ['B', ...'1+1=2'], layer_idx: 0, head_idx: 1 });
    expect(data.attn_weights).toHaveLength(6);
    for (const row of data.attn_weights) expect(row).toHaveLength(6);
    expect(data.attn_weights[0]).toEqual([1, 0, 0, 0, 0, 0]);
    expect(() => exported([], grid.slice(1))).toThrow('layer 0, head 0 over B1+1=2 is missing');
    const counting = exported([], [pattern(0, 0, 'counting')]).map(({ path }) => path);
    expect(counting).toEqual(['webAPP/cached_counting_attention/B1+1=2/0-0.json']);
  });

  it('refuses what the viewer cannot show', () => {
    const reading = exampleReading(1);
    const refuse = (changed: Reading, message: RegExp): void => {
      expect(() => exported([changed])).toThrow(InputError);
      expect(() => exported([changed])).toThrow(message);
    };
    refuse({ ...reading, task: 'ioi' }, /addition and counting/);
    refuse(at(reading, 1), /\+, =, A1, A2, A3; position 1/);
    refuse(at(reading, 8, 'blocks.0.attn.hook_z'), /not blocks\.0\.attn\.hook_z/);
    refuse(at(reading, 8, '../../blocks.0.hook_mlp_out'), /not \.\.\//);
    refuse({ ...reading, query: { ...reading.query, tokens: ['B', '1', 'E'] } }, /in this order/);
    expect(() => exported([reading, reading])).toThrow(
      'a0.0 at position 8 of 615+861=1476 (Auto, dist) is there twice',
    );
  });

  it('stays inside its folders and inside HTML, whatever the tokens', () => {
    const token = fc.oneof(
      fc.constantFrom('..', '/', '\\', '<b>', '\0', '&', '-'),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 60 }), (extra) => {
        const tokens = [...extra.filter((one) => one !== '|' && one !== ':'), '|', 'a', ':', '1', 'E'];
        const reading = countingReading();
        const samples = reading.samples.map((sample) => ({
          ...sample,
          tokens: ['B', ...extra],
          matchedPosition: 0,
        }));
        const files = exported([
          {
            ...reading,
            samples,
            query: { ...reading.query, tokens: ['B', ...tokens], position: tokens.length - 2 },
          },
        ]);
        for (const { path } of files) expect(path.split('/')).not.toContain('..');
        for (const { path } of files) expect(path).not.toMatch(/\p{C}|\\/u);
        openGenerations(files, countingRoot, 3);
      }),
    );
  });
});
