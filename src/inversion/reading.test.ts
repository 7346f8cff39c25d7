import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyReading, exampleReading } from '../../test/fixtures/readings.js';
import { InputError } from '../input-error.js';
import { parseReading } from './reading.js';

describe('parseReading', () => {
  it('takes back every reading that was saved', () => {
    fc.assert(
      fc.property(anyReading, (reading) => {
        const saved: unknown = JSON.parse(JSON.stringify(reading));
        expect(parseReading(saved, 'a.json')).toEqual(saved);
      }),
    );
  });

  it('leaves out what it does not know', () => {
    expect(parseReading({ ...exampleReading(1), later: 1 }, 'a.json')).not.toHaveProperty('later');
  });

  it('names the file and the field that is wrong', () => {
    const reading = exampleReading(2);
    const [sample] = reading.samples;
    const refuse = (value: unknown, message: RegExp): void => {
      expect(() => parseReading(value, 'a.json')).toThrow(InputError);
      expect(() => parseReading(value, 'a.json')).toThrow(message);
    };
    refuse('text', /^a\.json is not a saved reading: the whole: /);
    refuse({ ...reading, metric: 'manhattan' }, /: metric: /);
    refuse({ ...reading, epsilon: null }, /: epsilon: /);
    refuse(
      { ...reading, query: { ...reading.query, position: 14 } },
      /: query\.position: lies behind the last token/,
    );
    refuse(
      { ...reading, samples: [{ ...sample, tokenDelta: [] }] },
      /: samples\.0\.tokenDelta: must have one number/,
    );
    refuse({ ...reading, samples: [{ ...sample, matchedPosition: 99 }] }, /: samples\.0\.matchedPosition: /);
  });
});
