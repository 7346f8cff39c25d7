import { tokenCount } from '../tasks/tokens.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedDecoder, smallDecoder } from '../../test/fixtures/task-models.js';
import { GraphError } from '../engine/index.js';
import { seededRandom } from '../random.js';
import { addition, counting } from '../studies/index.js';
import { drawnTokens, inputOf, makeDecoder, orderWord, sequenceOf } from './decoder.js';

const forms = ['plain', 'completion'] as const;
const cases = [addition, counting].flatMap((task) => forms.map((form) => ({ task, form, name: task.name })));

describe.each(cases)('$name, $form', ({ task, form }) => {
  const length = drawnTokens(task, form);

  it('hears what was sequenceOf, whatever is drawn after it', () => {
    fc.assert(
      fc.property(fc.nat(), fc.infiniteStream(fc.nat(tokenCount(task) - 1)), (seed, junk) => {
        const ids = task.sample(seededRandom(seed), seed % 2 === 0 ? 'train' : 'test');
        const said = sequenceOf(task, form, ids);
        expect(said[0]).toBe(task.bos);
        expect(said.length - 1).toBeLessThanOrEqual(length);
        const drawn = said.slice(1);
        while (drawn.length < length) drawn.push(junk.next().value);
        const whole = inputOf(task, form, drawn, seed);
        expect(sequenceOf(task, form, whole)).toEqual(said);
        expect(inputOf(task, form, Int32Array.from(drawn), seed)).toEqual(whole);
        if (form === 'plain' || task.completion.logOrders === undefined) expect(whole).toEqual(ids);
      }),
    );
  });

  it('makes of any draw a sequence that can be judged and scored', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(tokenCount(task) - 1), { minLength: length, maxLength: length }),
        (drawn) => {
          const ids = inputOf(task, form, drawn);
          expect(ids[0]).toBe(task.bos);
          expect(ids.length).toBeLessThanOrEqual(task.maxLength);
          expect(ids.length).toBeGreaterThan(1);
          // What is sequenceOf of it is what was drawn, as far as it was listened to.
          const said = sequenceOf(task, form, ids);
          expect(said.slice(1)).toEqual(drawn.slice(0, said.length - 1));
          expect(inputOf(task, form, said.slice(1))).toEqual(ids);
          if (form === 'plain') expect(ids.slice(0, -1)).not.toContain(task.eos);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('draws that are no input', () => {
  const ids = (text: string): number[] =>
    [...text].map((token) => addition.tokenizer.vocabulary.indexOf(token));
  const decoded = (form: 'plain' | 'completion', text: string): string =>
    inputOf(addition, form, ids(text))
      .map((id) => addition.tokenizer.vocabulary[id])
      .join('');

  it('are given as far as they go', () => {
    expect(decoded('completion', '615861')).toBe('B615+861=1476E');
    expect(decoded('completion', '61+861')).toBe('B61+861');
    expect(decoded('completion', '012345')).toBe('B012+345=357E');
    expect(decoded('completion', '615')).toBe('B615');
    expect(decoded('plain', '61+861E999999')).toBe('B61+861E');
    expect(decoded('plain', '6PP+861111111')).toBe('B6PP+861111111');
    expect(decoded('plain', 'E615+861=1476')).toBe('BE');
  });

  it('are sequenceOf as they were drawn, not as an input would be', () => {
    const said = sequenceOf(addition, 'completion', [addition.bos, ...ids('61+861')]);
    expect(said).toEqual([addition.bos, ...ids('61+861')]);
    // An input whose answer is wrong is one all the same: its free tokens are spoken.
    const wrong = sequenceOf(addition, 'completion', [addition.bos, ...ids('615+861=1477E')]);
    expect(wrong).toEqual([addition.bos, ...ids('615861')]);
    expect(sequenceOf(counting, 'completion', counting.encode('bca|a:2'))).toEqual(
      counting.encode('a1b1c1a').slice(0, -1),
    );
  });
});

describe('the word that draws an order', () => {
  it('is decided by the numbers of one candidate, wherever they lie', () => {
    const numbers = Float32Array.of(0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.2, 0.1, 0.3);
    const [first, same, other] = [0, 3, 6].map((at) => orderWord(numbers.subarray(at, at + 3)));
    expect(same).toBe(first);
    expect(other).not.toBe(first);
  });
});

describe('makeDecoder', () => {
  it('makes each constant once and names a missing parameter', () => {
    const decoder = smallDecoder(addition);
    expect(decoder.parameter('wte.weight')).toBe(decoder.parameter('wte.weight'));
    expect(decoder.parameter('wte.weight').shape).toEqual([15, 8]);
    const empty = makeDecoder('mine', decoder.config, new Map());
    expect(() => empty.parameter('wte.weight')).toThrow(GraphError);
    expect(() => empty.parameter('wte.weight')).toThrow(/^decoder mine: parameter "wte\.weight" is missing$/);
    expect(fixedDecoder(addition, [1]).config.width).toBe(16);
  });
});
