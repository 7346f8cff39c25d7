/** `inversionview read` with the shipped models and decoders: the data, the same seed, and a page. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readingSchema } from '../../src/inversion/reading.js';
import { bundledCommand, type Command } from './command.js';
import { jsonOf, query, quick, sum } from './reading-query.js';

let command: Command;
/** The query that the documentation opens with, as data. */
let opening = '';
beforeAll(async () => {
  command = await bundledCommand();
  opening = await json(...query, '--seed', '1');
});
afterAll(() => command.dispose());

/** What the command promises to others, field by field. */
const promised = z.object({
  query: z.object({ input: z.string(), tokens: z.array(z.string()), position: z.number(), site: z.string() }),
  metric: z.enum(['euclidean', 'cosine']),
  epsilon: z.number(),
  candidates: z.number(),
  inside: z.number(),
  samples: z.array(
    z.object({
      text: z.string(),
      tokens: z.array(z.string()),
      valid: z.boolean(),
      distance: z.number(),
      matchedPosition: z.number(),
      inside: z.boolean(),
      distances: z.array(z.number()),
      tokenDelta: z.array(z.number().nullable()),
      follows: z.array(z.number()),
    }),
  ),
  attention: z.array(z.number()).nullable(),
});

const json = (...args: readonly string[]): Promise<string> => jsonOf(command, args);

describe('read --json', () => {
  it('gives the promised fields, and they agree with each other', () => {
    const { samples, attention, ...rest } = promised.parse(JSON.parse(opening));
    expect(JSON.parse(opening)).toMatchObject(readingSchema.parse(JSON.parse(opening)));
    expect(rest).toMatchObject({
      query: {
        input: '615+861=1476',
        tokens: ['B', ...'615+861=1476', 'E'],
        position: 8,
        site: 'blocks.0.attn.hook_result.0',
      },
      metric: 'euclidean',
      epsilon: 0.1,
      candidates: 1024,
    });
    // What a head looks at: a distribution over the tokens up to "=".
    expect(attention).toHaveLength(14);
    expect(attention?.reduce((all, weight) => all + weight, 0)).toBeCloseTo(1, 5);
    expect(attention?.slice(9).every((weight) => weight === 0)).toBe(true);
    // 100 are shown, 60 to 80 of them inside where there are so many.
    expect(samples).toHaveLength(100);
    expect(samples.filter(({ inside }) => inside).length).toBeLessThanOrEqual(80);
    expect(samples.map(({ distance }) => distance)).toEqual(
      samples.map(({ distance }) => distance).sort((a, b) => a - b),
    );
    for (const sample of samples) {
      expect(sample.inside).toBe(sample.distance <= 0.1);
      expect(sample.distance).toBe(Math.min(...sample.distances));
      expect(sample.distances[sample.matchedPosition]).toBe(sample.distance);
      expect(sample.tokens[0]).toBe('B');
      expect(sample.tokenDelta).toHaveLength(sample.tokens.length);
      for (const delta of sample.tokenDelta) expect(Math.abs(delta ?? 0)).toBeLessThanOrEqual(1);
      if (!sample.valid) continue;
      const [, a = '', b = '', c = ''] = /^(\d{3})\+(\d{3})=(\d+)$/.exec(sample.text) ?? [];
      expect(Number(c)).toBe(Number(a) + Number(b));
      expect(sample.tokens).toEqual(['B', ...sample.text, 'E']);
      expect(sample.distances).toHaveLength(sample.tokens.length - 1);
    }
  });

  it('shows with the shipped decoder what this head holds: the hundreds 6 and 8 in either order', () => {
    const { inside, candidates, samples } = promised.parse(JSON.parse(opening));
    expect(inside / candidates).toBeGreaterThan(0.5);
    const within = samples.filter((sample) => sample.inside && sample.valid);
    const hundreds = within.map(({ text }) => [text[0], text[4]].sort().join(''));
    expect(hundreds.filter((pair) => pair === '68').length / hundreds.length).toBeGreaterThan(0.9);
  });

  it('gives the same bytes for the same seed, however site and position are named, and others for another', async () => {
    const few = ['--seed', '7', '-n', '64', ...quick];
    const [first, other, given] = await Promise.all([
      json(...query, ...few),
      json(...sum, '--site', 'blocks.0.attn.hook_result.0', '--position', '8', ...few),
      json(...sum, '-s', 'a0.0', '-p', '-6', '--epsilon', '0.1', '--metric', 'euclidean', ...few),
    ]);
    expect(other).toBe(first);
    // But for where ε comes from.
    expect(first).toContain('"epsilonFrom":"task"');
    expect(given).toBe(first.replace('"epsilonFrom":"task"', '"epsilonFrom":"given"'));
    expect(await json(...query, ...few, '--seed', '8')).not.toBe(first);
  });
});

describe('read --html', () => {
  it('writes one page that holds what --json prints, and nothing beside it', async () => {
    const { code, stdout, stderr } = await command.run([
      ...query,
      '-n',
      '128',
      '--json',
      '--html',
      'page.html',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const page = readFileSync(join(command.folder, 'page.html'), 'utf8');
    const [, data = ''] = /<script type="application\/json" id="reading">([^<]*)<\/script>/.exec(page) ?? [];
    expect(JSON.parse(data)).toEqual(JSON.parse(stdout));
    expect(page).not.toMatch(/https?:|url\(|@import|\bsrc=/);
    expect(readdirSync(command.folder)).toEqual(['page.html']);
  });
});
