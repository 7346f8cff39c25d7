import { describe, expect, it } from 'vitest';
import { wholeLogits } from '../../test/fixtures/decoder-logits.js';
import { at, softmax } from '../../test/fixtures/float64.js';
import { smallDecoder } from '../../test/fixtures/task-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { seededRandom } from '../random.js';
import { type Task } from '../tasks/index.js';
import { addition, counting } from '../studies/index.js';
import { type Decoder, sequenceOf } from './decoder.js';
import { createScorer } from './score.js';

const runtime = nodeRuntime({ threads: 1 });

/** By step, the probabilities of all tokens after the beginning of a sequence, from the logits of that sequence alone. */
async function nextTokens(
  decoder: Decoder,
  z: Float32Array,
  site: number,
  said: readonly number[],
): Promise<Float64Array[]> {
  const { vocabulary } = decoder.config;
  const fed = Int32Array.from(said.slice(0, -1));
  const logits = await wholeLogits(runtime, decoder, z, Int32Array.of(site), fed);
  const likely = softmax(Float64Array.from(logits), vocabulary);
  return said.slice(1).map((_, step) => likely.slice(step * vocabulary, (step + 1) * vocabulary));
}

/**
 * By token of an input, its probability by definition; null for those that the decoder does not say.
 * @param p probability of a token at a step of what is said, which is 0 for the first token after BOS
 */
function wantedOf(
  task: Task,
  form: 'plain' | 'completion',
  ids: readonly number[],
  p: (step: number, token: number) => number,
): (number | null)[] {
  if (form === 'plain') return ids.map((id, place) => (place === 0 ? null : p(place - 1, id)));
  const text = task.decode(ids);
  // The six digits before "=", without the plus.
  if (task === addition)
    return ids.map((id, place) => {
      const step = [1, 2, 3, 5, 6, 7].indexOf(place);
      return step < 0 ? null : p(step, id);
    });
  const string = text.slice(0, text.indexOf('|'));
  const letters = [...new Set(string)].toSorted();
  // The token of count n is 25 + n.
  const atLeast = (letter: string, count: number): number =>
    Array.from({ length: 10 - count }, (_, more) =>
      p(2 * letters.indexOf(letter) + 1, 25 + count + more),
    ).reduce((sum, one) => sum + one, 0);
  const occurrences = [...string].map((letter, place) => {
    const count = [...string.slice(0, place + 1)].filter((other) => other === letter).length;
    const name = p(2 * letters.indexOf(letter), letter.charCodeAt(0) - 97);
    return count === 1 ? name * atLeast(letter, 1) : atLeast(letter, count) / atLeast(letter, count - 1);
  });
  const stops = letters.reduce((product, letter, index) => {
    const count = [...string].filter((other) => other === letter).length;
    return (product * p(2 * index + 1, 25 + count)) / atLeast(letter, count);
  }, 1);
  return [null, ...occurrences, stops, p(6, ids.at(-4) ?? 0), null, null, null];
}

const cases = [addition, counting].flatMap((task) =>
  (['plain', 'completion'] as const).map((form) => ({ task, form, name: task.name })),
);

describe.each(cases)('scores of a decoder for $name, $form', ({ task, form }) => {
  const decoder = smallDecoder(task, { form, additive: form === 'plain' }, 2);
  const random = seededRandom(3);
  const z = random.fillGaussian(new Float32Array(task.model.width));
  const other = random.fillGaussian(new Float32Array(task.model.width));
  // More than one batch of 128, and a rest.
  const inputs = Array.from({ length: 131 }, () => task.sample(random, 'test'));

  it('are the probabilities of the tokens it says, and nothing where the task completes', async () => {
    const scorer = createScorer(runtime, decoder, task);
    const scores = await scorer.probabilities(inputs, z, 4);
    expect(scores.map((own) => own.length)).toEqual(inputs.map((ids) => ids.length));
    for (const row of [0, 1, 127, 128, 130]) {
      const ids = inputs[row] ?? [];
      const said = sequenceOf(task, form, ids);
      const table = await nextTokens(decoder, z, 4, said);
      const wanted = wantedOf(task, form, ids, (step, token) => at(table[step] ?? [], token));
      const own = scores[row] ?? [];
      expect(own.map((score) => score === null)).toEqual(wanted.map((score) => score === null));
      own.forEach((score, place) => {
        if (score !== null) expect(score).toBeCloseTo(wanted[place] ?? NaN, 5);
      });
      // Together they are the probability of all that is said.
      const product = own.reduce<number>((all, score) => all * (score ?? 1), 1);
      const whole = said.slice(1).reduce((all, token, step) => all * at(table[step] ?? [], token), 1);
      expect(product / whole).toBeCloseTo(1, 4);
    }
    await scorer.dispose();
  });

  it('differ with the activation and with the site', async () => {
    const scorer = createScorer(runtime, decoder, task);
    const [mine] = await scorer.probabilities(inputs.slice(0, 1), z, 4);
    const [given] = await scorer.probabilities(inputs.slice(0, 1), other, 4);
    const [elsewhere] = await scorer.probabilities(inputs.slice(0, 1), z, 5);
    expect(given).not.toEqual(mine);
    expect(elsewhere).not.toEqual(mine);
    expect(await scorer.probabilities([], z, 4)).toEqual([]);
    await scorer.dispose();
  });
});

describe('the score of a draw that could not be completed', () => {
  it('is that of the tokens drawn', async () => {
    const decoder = smallDecoder(addition, {}, 2);
    const z = seededRandom(4).fillGaussian(new Float32Array(32));
    const scorer = createScorer(runtime, decoder, addition);
    for (const text of ['61+861', '+=E3P0', 'B12']) {
      const ids = [...`B${text}`].map((token) => addition.tokenizer.vocabulary.indexOf(token));
      const [[bos, ...scores] = []] = await scorer.probabilities([ids], z, 1);
      const table = await nextTokens(decoder, z, 1, ids);
      expect(bos).toBeNull();
      expect(scores).toHaveLength(ids.length - 1);
      scores.forEach((value, step) =>
        expect(value).toBeCloseTo(at(table[step] ?? [], ids[step + 1] ?? -1), 5),
      );
    }
    await scorer.dispose();
  });
});
