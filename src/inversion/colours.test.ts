import { afterAll, describe, expect, it } from 'vitest';
import { wholeLogits } from '../../test/fixtures/decoder-logits.js';
import { digitPairs } from '../../test/fixtures/digit-pairs.js';
import { at, softmax } from '../../test/fixtures/float64.js';
import { fixedDecoder, smallDecoder } from '../../test/fixtures/task-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { seededRandom } from '../random.js';
import { type Task } from '../tasks/index.js';
import { addition, counting } from '../studies/index.js';
import { type Colourist, createColourist } from './colours.js';
import { type Decoder, drawnTokens, inputOf, sequenceOf } from './decoder.js';
import { createSampler } from './sampler.js';

const runtime = nodeRuntime({ threads: 1 });
const made: { dispose(): Promise<void> }[] = [];
afterAll(async () => {
  for (const one of made) await one.dispose();
});

function colouristOf(task: Task, decoder: Decoder): Colourist {
  const { config } = decoder;
  const tokens = drawnTokens(task, config.form);
  const sampler = createSampler(runtime, config, (name) => decoder.parameter(name), task.bos, tokens, 256);
  const colourist = createColourist(runtime, decoder, task, () => sampler);
  made.push(sampler, colourist);
  return colourist;
}

/** Two activations at which a decoder says different things. */
function activations(width: number, seed: number): [Float32Array, Float32Array] {
  const random = seededRandom(seed);
  const draw = (): Float32Array => random.fillGaussian(new Float32Array(width)).map((value) => 3 * value);
  return [draw(), draw()];
}

/** Probability of every sequence that a decoder of two tokens can say. */
async function everySequence(
  decoder: Decoder,
  z: Float32Array,
  site: number,
): Promise<{ said: number[]; probability: number }[]> {
  const { vocabulary } = decoder.config;
  const firsts = Array.from({ length: vocabulary }, (_, token) => token);
  const fed = Int32Array.from(firsts.flatMap((token) => [addition.bos, token]));
  const rows = new Float32Array(vocabulary * z.length);
  for (const row of firsts) rows.set(z, row * z.length);
  const sites = new Int32Array(vocabulary).fill(site);
  const likely = softmax(
    Float64Array.from(await wholeLogits(runtime, decoder, rows, sites, fed)),
    vocabulary,
  );
  return firsts.flatMap((first) =>
    firsts.map((second) => ({
      said: [first, second],
      probability:
        at(likely, 2 * first * vocabulary + first) * at(likely, (2 * first + 1) * vocabulary + second),
    })),
  );
}

describe('colours of a decoder that says the free tokens alone', () => {
  it('are, of what follows, the difference of its probability at its place over all that the decoder says', async () => {
    let largest = 0;
    for (const seed of [1, 2, 3]) {
      const decoder = smallDecoder(digitPairs, { width: 16, additive: true }, seed);
      const [z, bos] = activations(decoder.config.activation_width, seed);
      const colourist = colouristOf(digitPairs, decoder);
      const [given, without] = [await everySequence(decoder, z, 2), await everySequence(decoder, bos, 2)];
      const inputs = Array.from({ length: 100 }, (_, sum) =>
        inputOf(digitPairs, 'completion', [Math.floor(sum / 10), sum % 10]),
      );
      const colours = await colourist.colour(z, bos, 2, inputs);
      const share = (all: typeof given, place: number, token: number): number =>
        all.reduce(
          (sum, { said, probability }) =>
            sum +
            (inputOf(digitPairs, 'completion', said)[place] === token && said.every((id) => id <= 9)
              ? probability
              : 0),
          0,
        );
      inputs.forEach((ids, row) => {
        const { tokenDelta = [], follows = [] } = colours[row] ?? {};
        expect(follows).toEqual(
          ids.flatMap((id, place) => (place > 4 && id !== addition.eos ? [place] : [])),
        );
        for (const place of follows) {
          const exact = share(given, place, ids[place] ?? -1) - share(without, place, ids[place] ?? -1);
          largest = Math.max(largest, Math.abs(exact));
          // 256 draws each: three standard errors of independent ones at the most.
          expect(Math.abs((tokenDelta[place] ?? NaN) - exact)).toBeLessThan(0.09);
        }
        // "+", "=", BOS and EOS stand in every input.
        for (const place of [0, 2, 4, ids.length - 1]) expect(tokenDelta[place]).toBeNull();
        const said = (all: typeof given): [number, number] => {
          const first = all
            .filter((one) => one.said[0] === ids[1])
            .reduce((sum, one) => sum + one.probability, 0);
          const both = all.find((one) => one.said[0] === ids[1] && one.said[1] === ids[3])?.probability ?? 0;
          return [first, both / first];
        };
        const [own, usual] = [said(given), said(without)];
        expect(tokenDelta[1]).toBeCloseTo(own[0] - usual[0], 5);
        expect(tokenDelta[3]).toBeCloseTo(own[1] - usual[1], 5);
      });
    }
    // Activations of chance: some of what follows must depend on them for this to be a test.
    expect(largest).toBeGreaterThan(0.1);
  });

  it('are whole for what the activation settles, though the tokens before it settle it as well', async () => {
    // Whatever it is given, this one says 535+861: against itself nothing is added.
    const fixed = fixedDecoder(addition, [5, 3, 5, 8, 6, 1]);
    const [z, bos] = activations(32, 4);
    const sum = addition.encode('535+861=1396');
    const [same] = await colouristOf(addition, fixed).colour(z, bos, 0, [sum]);
    expect(same?.follows).toEqual([9, 10, 11, 12]);
    for (const at of [1, 2, 3, 5, 6, 7, 9, 10, 11, 12]) expect(same?.tokenDelta[at]).toBeCloseTo(0, 6);
  });

  it('are exactly nothing where both activations are the same', async () => {
    for (const task of [addition, counting]) {
      const decoder = smallDecoder(task, {}, 5);
      const [z] = activations(decoder.config.activation_width, 6);
      const random = seededRandom(7);
      const inputs = Array.from({ length: 20 }, () => task.sample(random, 'test'));
      for (const { tokenDelta } of await colouristOf(task, decoder).colour(z, z.slice(), 1, inputs))
        expect(tokenDelta.every((delta) => delta === null || delta === 0)).toBe(true);
    }
  });

  it('judge nothing of an input that the decoder cannot say, and all of a draw that could not be completed', async () => {
    const decoder = smallDecoder(addition, {}, 8);
    const [z, bos] = activations(32, 9);
    const colourist = colouristOf(addition, decoder);
    const [other, short, wrong, draw] = await colourist.colour(z, bos, 1, [
      addition.encode('6158+61=676'),
      addition.encode('12+3'),
      addition.encode('615+861=1477'),
      [10, 6, 1, 11, 5],
    ]);
    expect(other?.tokenDelta.every((delta) => delta === null)).toBe(true);
    expect(short?.tokenDelta.every((delta) => delta === null)).toBe(true);
    // A wrong answer has a place, and a likelihood there.
    expect(wrong?.follows).toEqual([9, 10, 11, 12]);
    expect(wrong?.tokenDelta.map((delta) => delta === null)).toEqual(
      Array.from('B615+861=1477E', (token) => 'B+=E'.includes(token)),
    );
    expect(draw).toMatchObject({ follows: [] });
    expect(draw?.tokenDelta.map((delta) => delta === null)).toEqual([true, false, false, false, false]);
  });
});

describe('colours of a decoder that says everything', () => {
  it('are the published ones: every token but BOS given the tokens before it', async () => {
    const decoder = smallDecoder(addition, { form: 'plain' }, 10);
    const [z, bos] = activations(32, 11);
    const ids = addition.encode('615+861=1476');
    const { vocabulary } = decoder.config;
    const likely = async (given: Float32Array): Promise<Float64Array> =>
      softmax(
        Float64Array.from(
          await wholeLogits(
            runtime,
            decoder,
            given,
            Int32Array.of(3),
            Int32Array.from(sequenceOf(addition, 'plain', ids).slice(0, -1)),
          ),
        ),
        vocabulary,
      );
    const [own, usual] = [await likely(z), await likely(bos)];
    const [colours] = await colouristOf(addition, decoder).colour(z, bos, 3, [ids]);
    expect(colours?.follows).toEqual([]);
    expect(colours?.tokenDelta[0]).toBeNull();
    ids.slice(1).forEach((token, place) => {
      const wanted = at(own, place * vocabulary + token) - at(usual, place * vocabulary + token);
      expect(colours?.tokenDelta[place + 1]).toBeCloseTo(wanted, 5);
    });
  });
});
