/** Files of sentences: what they may hold, and what is said of those that are wrong. */
import { describe, expect, it } from 'vitest';
import { InputError } from '../../input-error.js';
import { readSentences } from './sentence-file.js';

describe('readSentences', () => {
  it('takes a line each, without comments, whatever ends them', () => {
    expect(readSentences('\uFEFF# mine\r\nF1 = 5\r\n\r\n  {F1,S1} = 1,2  \rS1', 'a.txt')).toEqual([
      { id: '1', label: 'F1 = 5', source: null },
      { id: '2', label: '{F1,S1} = 1,2', source: null },
      { id: '3', label: 'S1', source: null },
    ]);
  });

  it('takes JSON of texts and of labels with where they are from', () => {
    const entries = ['F1 = 5', { label: 'S1', id: 12, source: 'a person' }, { label: ' F2 ', source: null }];
    expect(readSentences(JSON.stringify(entries), 'a.JSON')).toEqual([
      { id: '1', label: 'F1 = 5', source: null },
      { id: '12', label: 'S1', source: 'a person' },
      { id: '3', label: 'F2', source: null },
    ]);
  });

  it('takes a saved explanation: its words, and what it claims', () => {
    const explanation = {
      task: 'addition',
      site: 'a0.0',
      place: '=',
      queries: [],
      model: 'some model',
      prompt: [],
      attempts: [],
      answer: '',
      complete: true,
      explanation: 'The hundreds.',
      claims: ['F1', 'S1'].map((feature) => ({ feature, bits: 1, of: 1, consistency: 1 })),
      unknown: [],
      accounted: 1,
      bits: 1,
    };
    expect(readSentences(JSON.stringify(explanation), 'e.json')).toEqual([
      { id: 'explanation', label: 'The hundreds.', source: 'some model' },
      { id: 'claims', label: 'F1 and S1', source: 'some model' },
    ]);
  });

  it.each([
    ['', 'a.txt', /^a\.txt has no sentences: give one a line\.$/],
    ['# only\n', 'a.txt', /^a\.txt has no sentences/],
    ['[]', 'a.json', /^a\.json has no sentences/],
    ['F1 = 5', 'a.json', /^a\.json is no JSON: /],
    ['{"label": "F1"}', 'a.json', /^a\.json holds no array of sentences/],
    ['["F1", 5]', 'a.json', /^a\.json: sentence 2 is neither a text/],
    ['[{"label": "F1", "from": "me"}]', 'a.json', /^a\.json: sentence 1 is neither a text/],
    ['[{"label": "F1", "id": "2"}, "S1"]', 'a.json', /^a\.json: two sentences have the id "2"\.$/],
    [`F1\n${'x'.repeat(4001)}`, 'a.txt', /^a\.txt:2: the sentence has more than 4000 letters\.$/],
    ['F1\n'.repeat(1001), 'a.txt', /^a\.txt has 1001 sentences: 1000 at most are judged at once\.$/],
  ])('says what is wrong with %j', (content, name, message) => {
    expect(() => readSentences(content, name)).toThrow(message);
    expect(() => readSentences(content, name)).toThrow(InputError);
  });
});
