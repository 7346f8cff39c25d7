import { describe, expect, it } from 'vitest';
import { wholeLogits } from '../../test/fixtures/decoder-logits.js';
import { at, softmax } from '../../test/fixtures/float64.js';
import { smallDecoder } from '../../test/fixtures/task-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { seededRandom } from '../random.js';
import { type Task, addition, counting } from '../tasks/index.js';
import { type Decoder, spoken } from './decoder.js';
import { createScorer } from './score.js';

const runtime = nodeRuntime({ threads: 1 });

/** Probability of each token of a sequence after its first, from the logits of that sequence alone. */
async function likelihood(
  decoder: Decoder,
  z: Float32Array,
  site: number,
  said: readonly number[],
): Promise<number[]> {
  const { vocabulary } = decoder.config;
  const logits = await wholeLogits(
    runtime,
    decoder,
    z,
    Int32Array.of(site),
    Int32Array.from(said.slice(0, -1)),
  );
  const likely = softmax(Float64Array.from(logits), vocabulary);
  return said.slice(1).map((token, place) => at(likely, place * vocabulary + token));
}

/** By token of an input, which of the spoken tokens after BOS say it: none for those that the task writes. */
function saidAt(task: Task, form: 'plain' | 'completion', ids: readonly number[]): number[][] {
  if (form === 'plain') return ids.map((_, place) => (place === 0 ? [] : [place - 1]));
  const text = task.decode(ids);
  // The six digits before "=", without the plus.
  if (task === addition)
    return ids.map((_, place) => ({ 1: [0], 2: [1], 3: [2], 5: [3], 6: [4], 7: [5] })[place] ?? []);
  // A letter of the string by its name and its count, which are said in alphabetical order; then the letter asked for.
  const string = text.slice(0, text.indexOf('|'));
  const letters = [...new Set(string)].toSorted();
  const found = [...string].map((letter) => [2 * letters.indexOf(letter), 2 * letters.indexOf(letter) + 1]);
  return [[], ...found, [], [6], [], [], []];
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

  it('are the probabilities of the tokens it says, and 1 where the task completes', async () => {
    const scorer = createScorer(runtime, decoder, task);
    const scores = await scorer.probabilities(inputs, z, 4);
    expect(scores.map((own) => own.length)).toEqual(inputs.map((ids) => ids.length));
    for (const row of [0, 1, 127, 128, 130]) {
      const ids = inputs[row] ?? [];
      const said = spoken(task, form, ids);
      const wanted = await likelihood(decoder, z, 4, said);
      const places = saidAt(task, form, ids);
      expect(new Set(places.flat()).size).toBe(said.length - 1);
      ids.forEach((_, place) => {
        const score = at(scores[row] ?? [], place);
        const sources = places[place] ?? [];
        if (sources.length === 0) expect(score).toBe(1);
        else
          expect(score).toBeCloseTo(
            sources.reduce((product, one) => product * at(wanted, one), 1),
            5,
          );
      });
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
      const ids = [...`B${text}`].map((token) => addition.vocabulary.indexOf(token));
      const [scores = []] = await scorer.probabilities([ids], z, 1);
      const wanted = [1, ...(await likelihood(decoder, z, 1, ids))];
      expect([...scores]).toHaveLength(wanted.length);
      wanted.forEach((value, place) => expect(at(scores, place)).toBeCloseTo(value, 5));
    }
    await scorer.dispose();
  });
});
