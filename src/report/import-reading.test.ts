import { describe, expect, it } from 'vitest';
import { fromReading, exported, importedFrom } from '../../test/fixtures/viewer.js';
import { exampleReading } from '../../test/fixtures/readings.js';
import { InputError } from '../input-error.js';
import { type SavedReading, readingOf } from '../inversion/saved-reading.js';

const reading = exampleReading(20);
/** Sorted: three digits make some distances equal. */
const texts = (saved: SavedReading): string[] =>
  readingOf(saved)
    .samples.map(({ text }) => text)
    .sort();
const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('importReading', () => {
  it('takes a reading, a saved one with its request, and the viewer’s file of it: the same samples', () => {
    const saved = fromReading(reading, 'r.json');
    const cached = exported([reading]).find(({ path }) => path.endsWith('-dist.json'))?.contents ?? '';
    const withRequest = { ...saved, request: { input: '615+861=1476' } };
    const [one, two, three] = [json(reading), json(withRequest), JSON.parse(cached)].map((value) =>
      importedFrom(value, 'f.json'),
    );
    expect(one).toEqual(saved);
    expect(two).toEqual(withRequest);
    for (const imported of [one, two, three]) {
      if (imported === undefined) throw new Error('nothing was imported');
      expect(texts(imported)).toEqual(texts(saved));
    }
  });

  it.each<[unknown, RegExp]>([
    [null, /^f\.json holds no reading: a saved reading, the output of/],
    [[], /holds no reading/],
    [{}, /holds no reading/],
    [{ samples: 1 }, /^f\.json is not a reading: task: /],
    [{ generation: 1, query_input: [] }, /^f\.json is not a cached file of the web app: query_input: /],
    [{ format: 'other' }, /^f\.json is not a saved reading: format: /],
    [
      json({ ...fromReading(reading, ''), metrics: ['cosine'] }),
      /^f\.json is not a saved reading: view\.metric is none of its metrics\.$/,
    ],
  ])('refuses what is none: %#', (value, message) => {
    expect(() => importedFrom(value, 'f.json')).toThrow(InputError);
    expect(() => importedFrom(value, 'f.json')).toThrow(message);
  });
});
