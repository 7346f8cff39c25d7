import { describe, expect, it } from 'vitest';
import { fromViewer, exported } from '../../test/fixtures/viewer.js';
import { exampleReading } from '../../test/fixtures/readings.js';
import { savedReadingFault, readingOf } from '../inversion/saved-reading.js';
import { type Reading } from '../inversion/reading.js';
import { isCached } from './streamlit-import.js';

/** The viewer's file of a reading, as it is parsed. */
function cached(reading: Reading): Record<string, unknown> {
  const ending = reading.metric === 'cosine' ? '-sim.json' : '-dist.json';
  const file = exported([reading]).find(({ path }) => path.endsWith(ending));
  return JSON.parse(file?.contents ?? 'null') as Record<string, unknown>;
}

const digits = (values: readonly number[]): number[] => values.map((value) => Number(value.toFixed(3)) + 0);

describe('a cached file', () => {
  it.each(['euclidean', 'cosine'] as const)('gives back what was exported, %s', (metric) => {
    const reading = { ...exampleReading(40), metric };
    const file = cached(reading);
    expect(isCached(file)).toBe(true);
    const saved = fromViewer(file, 'file.json');
    expect(savedReadingFault(saved)).toBeNull();
    expect(saved.query).toMatchObject({
      task: 'addition',
      input: '615+861=1476',
      tokens: reading.query.tokens,
      position: 8,
      place: '=',
      site: reading.query.site,
      short: 'a0.0',
      seed: null,
      annotation: { sum: 1476 },
    });
    expect(saved.query.attention).toEqual(digits(reading.attention ?? []));
    expect(saved.metrics).toEqual([metric]);
    saved.samples.forEach((sample, at) => {
      const other = reading.samples[at];
      expect(sample.tokens).toEqual(other?.tokens);
      expect(sample.text).toBe(other?.text);
      expect(sample.valid).toBe(other?.valid);
      // The files have a number for every token: 0 for those that are not judged.
      expect(sample.tokenDelta).toEqual(digits((other?.tokenDelta ?? []).map((delta) => delta ?? 0)));
      const verdict = sample[metric];
      expect(verdict?.position).toBe(other?.matchedPosition);
      expect(verdict?.distance).toBeCloseTo(other?.distance ?? NaN, 3);
      verdict?.distances.forEach((distance, place) =>
        expect(distance).toBeCloseTo(other?.distances[place] ?? NaN, 2),
      );
    });
  });

  it('has its tokens back as they were before they became HTML', () => {
    const file = {
      query_input: ['&lt;s&gt;', '&amp;amp;', ' "x" &#39;&#x27;'],
      query_position: 1,
      probed_act: 'blocks.0.hook_mlp_out',
      attn_weights: [],
      temperature: 0,
      metric: 'sim',
      generation: [[['&lt;s&gt;', 'Paris'], [0, 0.5], [0.1, 0.9], 1, 0.9]],
    };
    const saved = fromViewer(file, 'facts.json');
    expect(saved.query.tokens).toEqual(['<s>', '&amp;', ` "x" ''`]);
    expect(saved.query).toMatchObject({ task: 'other', attention: null, short: 'm0', place: null });
    expect(saved.samples[0]).toMatchObject({
      tokens: ['<s>', 'Paris'],
      valid: true,
      cosine: { distance: 0.1, position: 1 },
    });
  });

  const elsewhere = (site: string, changes: Readonly<Record<string, unknown>> = {}) => ({
    query_input: ['&lt;|endoftext|&gt;', 'Paris'],
    query_position: 1,
    probed_act: site,
    attn_weights: [],
    temperature: 0,
    metric: 'sim',
    generation: [[['&lt;|endoftext|&gt;', 'Rome'], [0, 0.5], [0.1, 0.8], 1, 0.8]],
    ...changes,
  });

  it.each([
    ['a head of GPT-2 XL', 'blocks.35.attn.hook_result.19', 'f.json', 0.25],
    ['a head that GPT-2 small has not', 'blocks.9.attn.hook_result.19', 'f.json', 0.25],
    ['a head of GPT-2 small', 'blocks.9.attn.hook_result.11', 'f.json', 0.1],
    ['another site of GPT-2 small', 'blocks.11.hook_mlp_out', 'f.json', 0.1],
    ['a folder of facts', 'blocks.5.hook_resid_pre', 'a/cached_fact_generation/x/f.json', 0.25],
    ['a folder of IOI', 'blocks.20.hook_resid_pre', 'a/cached_ioi_generation/x/f.json', 0.1],
  ])('takes ε from the study: %s', (_, site, name, epsilon) => {
    const saved = fromViewer(elsewhere(site), name);
    expect(saved.view).toEqual({ metric: 'cosine', epsilon });
    // A sample at distance 0.2 is inside for facts alone.
    expect(readingOf(saved).inside).toBe(epsilon === 0.25 ? 1 : 0);
  });

  it('keeps its temperature, which goes back into the viewer’s file', () => {
    const reading = { ...exampleReading(4), temperature: 0.5 };
    const [file] = exported([reading]).filter(({ path }) => path.endsWith('-0.5-dist.json'));
    const saved = fromViewer(JSON.parse(file?.contents ?? 'null'), 'f.json');
    expect(saved.query.temperature).toBe(0.5);
    expect(saved.query.warnings[0]).toContain('at temperature 0.5');
    expect(readingOf(saved).temperature).toBe(0.5);
    expect(exported([readingOf(saved)]).map(({ path }) => path)).toContain(file?.path);
    const site = 'blocks.0.hook_mlp_out';
    expect(fromViewer(elsewhere(site), 'f.json').query.temperature).toBeNull();
    const old = fromViewer(elsewhere(site, { temperature: undefined }), 'f.json');
    expect(old.query).not.toHaveProperty('temperature');
  });

  it('of counting loses the empty tokens that the viewer needs', () => {
    const file = {
      query_input: [...'Babbc|b:2'],
      query_position: 6,
      probed_act: 'blocks.1.hook_resid_post',
      attn_weights: [],
      metric: 'dist',
      generation: [[['B', '|', '', ''], [0, 0, 0, 0], [0.2, 0.1, 1000, 1000], 1, 0.1]],
    };
    const saved = fromViewer(file, 'counting.json');
    expect(saved.query).toMatchObject({ task: 'counting', place: 'query', input: 'abbc|b:2' });
    expect(saved.samples[0]).toMatchObject({
      tokens: ['B', '|'],
      valid: false,
      euclidean: { distances: [0.2, 0.1] },
    });
  });

  it.each([
    [{}, /query_input/],
    [{ query_position: 99 }, /query_position lies behind/],
    [{ query_input: [] }, /query_input/],
    [{ metric: 'none' }, /metric/],
    [{ generation: [[['B'], [0], [0], 5, 0]] }, /generation\.0: the best position/],
    [{ generation: [['B']] }, /generation\.0/],
    [{ generation: 'x' }, /generation/],
    [{ probed_act: 5 }, /probed_act/],
    [{ temperature: -1 }, /temperature/],
  ])('with %j is refused, naming the field', (change, message) => {
    const file = Object.keys(change).length === 0 ? {} : { ...cached(exampleReading(2)), ...change };
    expect(() => fromViewer(file, 'mine.json')).toThrow(message);
    expect(() => fromViewer(file, 'mine.json')).toThrow(/^mine\.json/);
  });
});
