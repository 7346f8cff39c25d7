import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, softmax } from '../../test/fixtures/float64.js';
import { wholeLogits } from '../../test/fixtures/decoder-logits.js';
import { smallDecoder } from '../../test/fixtures/task-models.js';
import { graph, input, outputOf } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { type DecoderConfig } from '../models/decoder-config.js';
import { randomFor, seededRandom } from '../random.js';
import { addition, counting } from '../studies/index.js';
import { planCandidates, sliceRequest } from './candidates.js';
import { type Decoder, drawnTokens } from './decoder.js';
import { type SampleRequest, createSampler, drawToken, openUniforms } from './sampler.js';

const runtime = nodeRuntime({ threads: 1 });

/** Probabilities of tokens at a temperature, in float64. */
const probabilities = (logits: ArrayLike<number>, temperature: number): Float64Array =>
  softmax(
    Float64Array.from(logits, (value) => value / temperature),
    logits.length,
  );

/**
 * The largest distance of frequencies from probabilities, in their standard deviations √(p(1−p)/n); a token that is
 * never expected once counts in units of one draw.
 */
function deviations(counts: readonly number[], expected: ArrayLike<number>): number {
  const n = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((most, count, token) => {
    const p = at(expected, token);
    return Math.max(most, Math.abs(count - n * p) / Math.sqrt(Math.max(1, n * p * (1 - p))));
  }, 0);
}
/** A normal deviate leaves this by chance once in 10⁸; counts here come in hundreds at the most. */
const bound = 5.7;

async function draw(
  logits: readonly number[],
  temperatures: readonly number[],
  uniforms: Float32Array,
): Promise<number[]> {
  const rows = uniforms.length;
  const vocabulary = logits.length;
  const token = drawToken(
    input('logits', 'float32', [rows, vocabulary]),
    input('temperature', 'float32', [rows, 1]),
    input('uniform', 'float32', [rows, 1]),
  );
  const executable = await runtime.compile(graph({ token }));
  const outputs = await executable.run({
    logits: {
      dtype: 'float32',
      shape: [rows, vocabulary],
      data: Float32Array.from({ length: rows * vocabulary }, (_, i) => at(logits, i % vocabulary)),
    },
    temperature: {
      dtype: 'float32',
      shape: [rows, 1],
      data: Float32Array.from({ length: rows }, (_, row) => at(temperatures, row % temperatures.length)),
    },
    uniform: { dtype: 'float32', shape: [rows, 1], data: uniforms },
  });
  await executable.dispose();
  return Array.from(outputOf(outputs, 'token').data, Number);
}

const counted = (tokens: readonly number[], vocabulary: number): number[] =>
  Array.from({ length: vocabulary }, (_, token) => tokens.filter((one) => one === token).length);

describe('drawToken', () => {
  it('gives each token its share of the unit interval', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -60, max: 60 }), { minLength: 1, maxLength: 9 }),
        fc.constantFrom(0.3, 1, 2.5),
        async (tenths, temperature) => {
          const logits = tenths.map((value) => value / 10);
          const n = 500;
          const uniforms = Float32Array.from({ length: n }, (_, i) => (i + 0.5) / n);
          const counts = counted(await draw(logits, [temperature], uniforms), logits.length);
          const wanted = probabilities(logits, temperature);
          // An interval of length p holds p·n evenly spaced points, give or take one.
          counts.forEach((count, token) =>
            expect(Math.abs(count - n * at(wanted, token))).toBeLessThan(1.001),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  it('draws by softmax(logits / temperature), each row at a temperature of its own', async () => {
    const logits = [1.5, -0.5, 0, 2, -3, 0.7];
    const temperatures = [0.5, 1, 2];
    const n = 30_000;
    const uniforms = openUniforms(seededRandom(6).fill(new Float32Array(n)));
    const tokens = await draw(logits, temperatures, uniforms);
    temperatures.forEach((temperature, which) => {
      const own = tokens.filter((_, row) => row % temperatures.length === which);
      const counts = counted(own, logits.length);
      expect(deviations(counts, probabilities(logits, temperature))).toBeLessThan(bound);
      // The test can tell: at another temperature these counts would be far out.
      for (const other of temperatures.filter((value) => value !== temperature))
        expect(deviations(counts, probabilities(logits, other))).toBeGreaterThan(3 * bound);
    });
  });

  it('never draws a token of probability zero, at either end', async () => {
    const ends = Float32Array.of(2 ** -25, 0.5, 1 - 2 ** -24, 1);
    expect(await draw([-500, 1, -500, 1, -500], [1], ends)).toEqual([1, 1, 3, 3]);
    expect(await draw([-500, -500, 0], [1], ends)).toEqual([2, 2, 2, 2]);
    expect(await draw([0, -500, -500], [1], ends)).toEqual([0, 0, 0, 0]);
    // Sharp: the likeliest alone; flat: all alike.
    expect(await draw([1, 1.2, 1.1], [1e-3], ends)).toEqual([1, 1, 1, 1]);
    expect(await draw([30, -30, 9, 1], [1e6], Float32Array.of(0.1, 0.3, 0.6, 0.9))).toEqual([0, 1, 2, 3]);
  });
});

const kinds: readonly (readonly [string, Partial<DecoderConfig>])[] = [
  ['the published conditioning, whole sequences', { form: 'plain' }],
  [
    'our conditioning, free tokens',
    { conditioning: { kind: 'site-projection', width: 10, blocks: 2, hidden: 7 } },
  ],
  ['added to the embeddings, relu²', { additive: true, activation: 'relu2', layers: 2 }],
];

/** Random activations, sites, temperatures and uniform numbers. */
function request(decoder: Decoder, rows: number, tokens: number, seed: number): SampleRequest {
  const random = seededRandom(seed);
  const { activation_width: width, sites } = decoder.config;
  return {
    z: random.fillGaussian(new Float32Array(rows * width)),
    sites: Int32Array.from({ length: rows }, () => random.int(sites.length)),
    temperatures: Float32Array.from({ length: rows }, (_, row) => [0.5, 1, 2][row % 3] ?? 1),
    uniforms: openUniforms(random.fill(new Float32Array(rows * tokens))),
  };
}

describe.each(kinds)('sampling: %s', (_, changes) => {
  const decoder = smallDecoder(addition, changes, 3);
  const { vocabulary, form } = decoder.config;
  const { bos } = addition;
  const tokens = drawnTokens(addition, form);
  const make = (batch: number) =>
    createSampler(runtime, decoder.config, decoder.parameter, bos, tokens, batch);

  it('step by step gives what the whole sequence would', async () => {
    const rows = 40;
    const asked = request(decoder, rows, tokens, 7);
    const sampler = make(16);
    const drawn = await sampler.sample(asked);
    await sampler.dispose();
    const ids = new Int32Array(rows * tokens);
    for (let row = 0; row < rows; row++) {
      ids[row * tokens] = bos;
      ids.set(drawn.subarray(row * tokens, (row + 1) * tokens - 1), row * tokens + 1);
    }
    const logits = await wholeLogits(runtime, decoder, asked.z, asked.sites, ids);
    drawn.forEach((token, at_) => {
      const row = Math.floor(at_ / tokens);
      const likely = probabilities(
        logits.subarray(at_ * vocabulary, (at_ + 1) * vocabulary),
        at(asked.temperatures, row),
      );
      const below = likely.subarray(0, token).reduce((sum, p) => sum + p, 0);
      const mark = at(asked.uniforms, at_);
      expect(mark).toBeGreaterThan(below - 1e-5);
      expect(mark).toBeLessThan(below + at(likely, token) + 1e-5);
    });
    // Not all alike, or this would show little.
    expect(new Set(drawn).size).toBeGreaterThan(8);
  });

  it('gives the same samples whatever the batch and however requests are split', async () => {
    const rows = 37;
    const asked = request(decoder, rows, tokens, 8);
    const whole = make(64);
    const drawn = await whole.sample(asked);
    for (const batch of [1, 5, 37]) {
      const sampler = make(batch);
      expect(await sampler.sample(asked)).toEqual(drawn);
      await sampler.dispose();
    }
    const parts = [0, 1, 12, 13, 30, rows];
    for (const [i, end] of parts.slice(1).entries()) {
      const start = parts[i] ?? 0;
      const part = await whole.sample(sliceRequest(asked, start, end, tokens));
      expect(part).toEqual(drawn.subarray(start * tokens, end * tokens));
    }
    expect(await whole.sample(sliceRequest(asked, 0, 0, tokens))).toEqual(new Int32Array());
    await whole.dispose();
  });
});

describe('samples of a query', () => {
  it('have pairs of tokens as often as the decoder says', async () => {
    const decoder = smallDecoder(addition, {}, 5);
    const [rows, tokens] = [20_000, 2];
    const z = seededRandom(9).fillGaussian(new Float32Array(32));
    const plan = planCandidates(
      z,
      3,
      [{ temperature: 2, noise: 0, candidates: rows }],
      tokens,
      randomFor(1, 'x'),
    );
    const sampler = createSampler(runtime, decoder.config, decoder.parameter, addition.bos, tokens);
    const drawn = await sampler.sample(plan.request);
    await sampler.dispose();

    const { vocabulary } = decoder.config;
    // Row t of these continues BOS and token t.
    const ids = Int32Array.from({ length: vocabulary * 2 }, (_, i) =>
      i % 2 === 0 ? addition.bos : (i - 1) / 2,
    );
    const first = sliceRequest(plan.request, 0, vocabulary, tokens);
    const logits = await wholeLogits(runtime, decoder, first.z, first.sites, ids);
    const at2 = (row: number, place: number): Float64Array => {
      const start = (row * 2 + place) * vocabulary;
      return probabilities(logits.subarray(start, start + vocabulary), 2);
    };
    const expected = Array.from(
      { length: vocabulary ** 2 },
      (_, pair) =>
        at(at2(0, 0), Math.floor(pair / vocabulary)) *
        at(at2(Math.floor(pair / vocabulary), 1), pair % vocabulary),
    );
    const counts = Array<number>(vocabulary ** 2).fill(0);
    for (let row = 0; row < rows; row++) {
      const pair = at(drawn, 2 * row) * vocabulary + at(drawn, 2 * row + 1);
      counts[pair] = (counts[pair] ?? 0) + 1;
    }
    expect(deviations(counts, expected)).toBeLessThan(bound);
    expect(expected.filter((p) => p > 0.01).length).toBeGreaterThan(5);
  });

  it('are longer than the decoder has places for: said when the graph is built', async () => {
    const decoder = smallDecoder(counting);
    const tokens = decoder.config.places + 1;
    const sampler = createSampler(runtime, decoder.config, decoder.parameter, counting.bos, tokens);
    const asked = request(decoder, 1, tokens, 1);
    await expect(sampler.sample(asked)).rejects.toThrow(
      new RegExp(`^decoder: ids .* from place ${tokens - 1} on pass ${tokens - 1} places$`),
    );
  });
});
