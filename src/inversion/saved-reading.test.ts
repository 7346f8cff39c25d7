import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromReading } from '../../test/fixtures/viewer.js';
import { anyReading, exampleReading } from '../../test/fixtures/readings.js';
import { type OwnInput, savedReadingFault, readingOf } from './saved-reading.js';
import type { Reading, Sample } from './reading.js';

describe('a reading that is kept', () => {
  it('is the same reading when it is looked at again', () => {
    fc.assert(
      fc.property(anyReading, (any) => {
        // Readings that no run can give: a sample twice, an infinite number, an inside that its distance denies.
        const texts = any.samples.map(({ tokens }) => tokens.join('\0'));
        fc.pre(new Set(texts).size === texts.length && Number.isSafeInteger(any.seed) && any.seed >= 0);
        const samples = any.samples
          .map((sample) => ({ ...sample, inside: sample.distance <= any.epsilon }))
          .sort((a, b) => a.distance - b.distance);
        const reading = { ...any, samples };
        const saved = fromReading(reading, 'any');
        expect(savedReadingFault(saved)).toBeNull();
        const again = readingOf(saved, samples.length + 1);
        expect({ ...again, samples: [] }).toEqual({ ...reading, samples: [] });
        expect(new Set(again.samples.map(({ text }) => text))).toEqual(
          new Set(samples.map(({ text }) => text)),
        );
        for (const sample of again.samples) expect(samples).toContainEqual(sample);
      }),
      { numRuns: 100 },
    );
  });

  it('keeps a second place and inputs of a person’s own, which no figure counts', () => {
    const reading = exampleReading(12);
    const [first, second] = reading.samples;
    if (first === undefined || second === undefined) throw new Error('no sample');
    const at = (sample: Sample): { position: number; distance: number } | null =>
      sample.text === second.text ? null : { position: 4, distance: sample.distances[4] ?? NaN };
    const { round: _round, ...own } = {
      ...first,
      text: '1+1=2',
      tokens: ['B', ...'1+1=2', 'E'],
      tokenDelta: Array<null>(7).fill(null),
    };
    const distances = [1, 2, 3, 0.05, 4, 5];
    const whole: Reading = {
      ...reading,
      samples: reading.samples.map((sample) => ({ ...sample, temperature: 0.5, alsoAt: at(sample) })),
      own: [{ ...own, distances, matchedPosition: 3, distance: 0.05, inside: true, alsoAt: null, drawn: 7 }],
      alsoAt: {
        place: '+',
        inside: reading.samples.filter((sample) => (at(sample)?.distance ?? 1) <= reading.epsilon).length,
        absent: 1,
      },
    };
    expect(readingOf(fromReading(whole, 'whole'))).toEqual(whole);
    const saved = { ...fromReading(whole, 'whole'), stated: null };
    const { own: _own, ...without } = saved;
    for (const figure of ['candidates', 'inside', 'invalid', 'distinct'] as const)
      expect(readingOf(saved)[figure]).toBe(readingOf(without)[figure]);
    expect(
      savedReadingFault({ ...saved, own: [{ ...(saved.own ?? [])[0], tokenDelta: [] } as OwnInput] }),
    ).toMatch(/^own\.0\.tokenDelta/);
  });

  it('counts under another threshold what was drawn, repeated ones each time', () => {
    const saved = fromReading(exampleReading(20), 'example');
    const counted = {
      ...saved,
      stated: null,
      samples: saved.samples.map((sample, at) => ({ ...sample, count: at + 1, valid: at !== 3 })),
      view: { metric: 'euclidean' as const, epsilon: saved.samples[4]?.euclidean?.distance ?? 0 },
    };
    expect(readingOf(counted)).toMatchObject({ candidates: 210, inside: 15, invalid: 4, distinct: 20 });
  });

  it('is found at fault where its parts do not fit', () => {
    const saved = fromReading(exampleReading(2), 'example');
    const [sample] = saved.samples;
    const verdict = sample?.euclidean ?? null;
    if (sample === undefined || verdict === null) throw new Error('no sample');
    const withSample = (change: object) => ({ ...saved, samples: [{ ...sample, ...change }] });
    expect(savedReadingFault(saved)).toBeNull();
    for (const wrong of [
      { ...saved, metrics: ['cosine' as const] },
      { ...saved, query: { ...saved.query, position: 99 } },
      withSample({ euclidean: null }),
      withSample({ tokenDelta: [] }),
      withSample({ euclidean: { ...verdict, position: 99 } }),
      withSample({ euclidean: { ...verdict, distances: Array(99).fill(0) } }),
    ])
      expect(savedReadingFault(wrong)).not.toBeNull();
  });

  it('is refused where the file is no reading, naming the field', () => {
    expect(() => fromReading({ ...exampleReading(2), epsilon: -1 }, 'mine.json')).toThrow(
      /^mine\.json .*epsilon/,
    );
    expect(() => fromReading(null, 'mine.json')).toThrow(/^mine\.json/);
  });
});
