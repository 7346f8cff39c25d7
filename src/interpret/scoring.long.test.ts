import { type CapableTask } from '../tasks/capabilities.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { activationsOf as runOf } from '../../test/fixtures/brute-force.js';
import { fewSums } from '../../test/fixtures/few-sums.js';
import { probedModel, smallDecoder } from '../../test/fixtures/task-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { type Decoder, inputOf, sequenceOf } from '../inversion/decoder.js';
import { openExactPreimages } from '../inversion/enumerate/exact.js';
import { createReader } from '../inversion/preimage.js';
import { createSampler, openUniforms } from '../inversion/sampler.js';
import { type HookedModel } from '../models/hooked-model.js';
import { randomFor, seededRandom } from '../random.js';
import { addition, counting } from '../studies/index.js';
import { completeness } from './completeness.js';
import { estimateBits } from './estimate.js';
import { createInterpreter } from './interpreter.js';
import { treeBlocks } from './prefix-tree.js';
import { createProposer } from './proposal.js';
import { activationsOf, drawQueries } from './queries.js';
import { createSequenceScorer } from './sequence-scorer.js';
import { createTreeScorer } from './tree-scorer.js';

const runtime = nodeRuntime({ threads: 1 });
const some = (task: CapableTask, count: number, seed: number): number[][] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => task.distribution.draw(random));
};
const anyActivation = (width: number, seed: number): Float32Array => {
  const random = seededRandom(seed);
  return Float32Array.from({ length: width }, () => random.gaussian());
};

describe('treeBlocks', () => {
  it('holds every sequence once, spells it out along its path, and keeps within its width', () => {
    const sequence = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(sequence, { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), (tails, widest) => {
        const sequences = tails.map((tail) => [7, ...tail]);
        const blocks = treeBlocks(sequences, widest);
        const spelled = blocks.flatMap(({ levels, ends }) =>
          ends.map(({ sequence: number, level, node, token }) => {
            const ids = [token];
            for (let [depth, at] = [level, node]; depth >= 0; depth--) {
              ids.unshift(levels[depth]?.ids[at] ?? -1);
              at = levels[depth]?.parents[at] ?? 0;
            }
            return [number, ids] as const;
          }),
        );
        expect(spelled.map(([number]) => number).sort((a, b) => a - b)).toEqual(sequences.map((_, at) => at));
        for (const [number, ids] of spelled) expect(ids).toEqual(sequences[number]);
        for (const { levels } of blocks) {
          for (const { ids } of levels) expect(ids.length).toBeLessThanOrEqual(widest);
        }
      }),
    );
  });

  it('computes each beginning of all sums once', () => {
    const sequences = Array.from({ length: 900 }, (_, b) =>
      sequenceOf(addition, 'completion', addition.data.instance(b)),
    );
    const [block, ...more] = treeBlocks(sequences, 2048);
    expect(more).toEqual([]);
    expect(block?.levels.map(({ ids }) => ids.length)).toEqual([1, 1, 1, 1, 9, 90]);
  });
});

describe('createSequenceScorer', () => {
  it.each([
    [addition, 'completion'],
    [addition, 'plain'],
  ] as const)('gives the share of draws that are an input: %#', async (task, form) => {
    // A decoder so sure of itself that draws repeat.
    const decoder = smallDecoder(task, { form, width: 16 }, 3);
    const z = anyActivation(task.model.width, 5);
    const temperatures = [0.25, 0.5];
    const scorer = createSequenceScorer(runtime, decoder, task, temperatures);
    const tokens = (form === 'completion' ? task.completion.maxFree : task.maxLength) - 1;
    const sampler = createSampler(
      runtime,
      decoder.config,
      (name) => decoder.parameter(name),
      task.bos,
      tokens,
    );
    const draws = 2048;
    const random = randomFor(1, 'draws');
    for (const [at, temperature] of temperatures.entries()) {
      const rows = new Float32Array(draws * z.length);
      for (let row = 0; row < draws; row++) rows.set(z, row * z.length);
      const drawn = await sampler.sample({
        z: rows,
        sites: new Int32Array(draws).fill(2),
        temperatures: new Float32Array(draws).fill(temperature),
        uniforms: openUniforms(random.fill(new Float32Array(draws * tokens))),
      });
      const counts = new Map<string, { ids: number[]; count: number }>();
      for (let row = 0; row < draws; row++) {
        const ids = inputOf(task, form, drawn.subarray(row * tokens, (row + 1) * tokens));
        const known = counts.get(ids.join()) ?? { ids, count: 0 };
        counts.set(ids.join(), { ids, count: known.count + 1 });
      }
      const most = [...counts.values()]
        // Only what a decoder can say whole has a probability.
        .filter(({ ids }) => ids.at(-1) === task.eos)
        .sort((a, b) => b.count - a.count)
        .slice(0, 20);
      const logs = await scorer.logProbabilities(
        most.map(({ ids }) => ids),
        z,
        2,
      );
      most.forEach(({ count }, row) => {
        const expected = draws * Math.exp(logs[row * 2 + at] ?? 0);
        expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected + 1));
      });
    }
    await sampler.dispose();
    await scorer.dispose();
  });

  it('shares the probability of what a decoder says evenly among the orders that it does not say', async () => {
    const orders = ['aabc', 'abac', 'cbaa'].map((text) => counting.encode(`${text}|a:2`));
    const { logOrders: _without, ...completion } = counting.completion;
    const decoder = smallDecoder(counting, {}, 3);
    const z = anyActivation(counting.model.width, 5);
    const logs = await createSequenceScorer(runtime, decoder, counting).logProbabilities(orders, z, 0);
    const said = await createSequenceScorer(runtime, decoder, { ...counting, completion }).logProbabilities(
      orders,
      z,
      0,
    );
    // Twelve orders of two a, a b and a c.
    logs.forEach((log, at) => expect(log).toBeCloseTo((said[at] ?? 0) - Math.log(12), 4));
    expect(new Set(said.map((log) => Math.round(1e4 * log))).size).toBe(1);
  });
});

describe('createTreeScorer', () => {
  it.each([
    [addition, { form: 'completion' }],
    [addition, { form: 'plain', additive: true }],
    [counting, { form: 'completion', layers: 2, activation: 'relu2' }],
    [
      addition,
      {
        form: 'completion',
        additive: true,
        conditioning: { kind: 'site-projection', width: 10, blocks: 1, hidden: 6 },
      },
    ],
  ] as const)('gives what scoring sequence by sequence gives: %#', async (task, changes) => {
    const decoder: Decoder = smallDecoder(task, changes, 4);
    // Some that share beginnings, some that do not.
    const inputs = [...some(task, 40, 6), ...Array.from({ length: 60 }, (_, at) => task.data.instance(at))];
    const tree = createTreeScorer(runtime, decoder, task, inputs);
    const plain = createSequenceScorer(runtime, decoder, task);
    for (const seed of [7, 8]) {
      const z = anyActivation(task.model.width, seed);
      const [own, other] = [await tree.logProbabilities(z, 1), await plain.logProbabilities(inputs, z, 1)];
      expect(own).toHaveLength(inputs.length);
      own.forEach((log, at) => expect(log).toBeCloseTo(other[at] ?? 0, 3));
    }
    await tree.dispose();
    await plain.dispose();
  });

  it('gives nothing of nothing', async () => {
    const scorer = createTreeScorer(runtime, smallDecoder(addition), addition, []);
    expect(await scorer.logProbabilities(anyActivation(32, 1), 0)).toHaveLength(0);
    expect(scorer.nodes).toBe(0);
  });
});

/** A few sums, each ten times as likely to be found as among all. */
const task = fewSums(Array.from({ length: 60 }, (_, at) => 100 + 15 * at));
const site = 'blocks.0.hook_resid_mid';
let model: HookedModel;
let decoder: Decoder;
beforeAll(async () => {
  model = await probedModel(task);
  decoder = smallDecoder(task);
});

describe('interpreting', () => {
  it('estimates with intervals that hold the exact value, though the decoder knows nothing', async () => {
    const plan = {
      rounds: [
        { temperature: 1, draws: 256 },
        { temperature: 2, draws: 256 },
      ],
      blind: 700,
    };
    const proposer = createProposer(runtime, model, decoder, task, plan);
    const exact = await openExactPreimages(runtime, model, task, site);
    const queries = drawQueries(task, 100, null, 3);
    const activations = await activationsOf(runtime, model, task, site, queries);
    const errors: number[] = [];
    let covered = 0;
    let refused = 0;
    for (const [at, { ids }] of queries.entries()) {
      const z = activations[at] ?? new Float32Array(0);
      // Thresholds at which preimages are small and large.
      const epsilon = [0.1, 0.2, 0.3, 0.5][at % 4] ?? 0.1;
      const { bits: truth } = await exact.find(z, { epsilon });
      const proposed = await proposer.propose({
        ids,
        site,
        z,
        epsilon,
        metric: 'euclidean',
        random: randomFor(at, 'draw'),
      });
      const { bits, low, high } = estimateBits(proposed);
      if (truth === null) throw new Error('the query itself is inside');
      if (low <= truth + 1e-6 && (high ?? Infinity) >= truth - 1e-6) covered += 1;
      if (bits === null) refused += 1;
      else errors.push(Math.abs(bits - truth));
    }
    expect(covered).toBeGreaterThanOrEqual(90);
    expect(refused).toBeLessThan(50);
    errors.sort((a, b) => a - b);
    expect(errors[Math.floor(errors.length / 2)]).toBeLessThan(0.3);
    await proposer.dispose();
    await exact.dispose();
  });

  it('gives exact and estimated figures together, and a readout of either', async () => {
    const interpreter = createInterpreter(runtime, model, decoder, task, {
      plan: { rounds: [{ temperature: 1, draws: 256 }], blind: 4096 },
    });
    const exact = await openExactPreimages(runtime, model, task, site);
    const ids = task.data.instance(1234);
    const z = (await runOf(runtime, model, site, ids))[8] ?? new Float32Array(0);
    const query = { ids, site, z, seed: 1, epsilon: 0.2 };
    const both = await interpreter.interpret({ ...query, exact });
    const estimated = await interpreter.interpret(query);
    expect(both.exact?.bits).toBeCloseTo(-Math.log2((both.exact?.size ?? 0) / 3600), 9);
    expect(both.estimate).toEqual(estimated.estimate);
    expect(estimated.exact).toBeNull();
    expect(both.readout().bits).toBe(both.exact?.bits);
    expect(estimated.readout().bits).toBe(estimated.estimate?.bits);
    // Nearly all inputs are drawn: features from samples are those of the exact preimage.
    for (const { feature, bits } of both.features) {
      const other = estimated.features.find((one) => one.feature === feature);
      expect(Math.abs((other?.bits ?? 9) - bits)).toBeLessThan(0.5);
    }
    const again = await interpreter.interpret(query);
    const data = ({ sample, ...rest }: typeof again) => ({
      ...rest,
      sample: { ...sample, placeOf: null },
      readout: rest.readout(),
    });
    expect(data(again)).toEqual(data(estimated));
    await interpreter.dispose();
    await exact.dispose();
  });

  it('reads out candidates that were drawn for a reading, without those of noisy rounds', async () => {
    const interpreter = createInterpreter(runtime, model, decoder, task);
    const reader = createReader(runtime, model, decoder, task);
    const ids = task.data.instance(77);
    const preimage = await reader.read({ ids, site, position: 1, seed: 2, epsilon: 0.2 });
    const readout = await interpreter.readout(preimage, { epsilon: 0.2 });
    expect(readout.sentence).not.toBe('');
    const exact = await openExactPreimages(runtime, model, task, site);
    const { bits } = await exact.find(preimage.z, { epsilon: 0.2 });
    expect(readout.low).toBeLessThanOrEqual((bits ?? 0) + 1e-6);
    expect(readout.high ?? Infinity).toBeGreaterThanOrEqual((bits ?? 0) - 1e-6);
    expect(await interpreter.readout(preimage, { epsilon: 0.2 })).toEqual(readout);
    await interpreter.dispose();
    await reader.dispose();
    await exact.dispose();
  });
});

describe('drawQueries', () => {
  it('draws held-out inputs that have the place, and says when none has', () => {
    for (const { ids, position } of drawQueries(addition, 30, 'A4', 1)) {
      expect(addition.data.inSplit(ids)).toBe('test');
      expect(position).toBe(12);
    }
    expect(drawQueries(addition, 5, null, 1)).toEqual(drawQueries(addition, 5, null, 1));
    expect(() => drawQueries(addition, 5, 'A5', 1)).toThrow(InputError);
  });
});

describe('completeness', () => {
  it('scores all inside and so many outside, and counts those below the floor', async () => {
    const exact = await openExactPreimages(runtime, model, task, site);
    const ids = task.data.instance(500);
    const z = (await runOf(runtime, model, site, ids))[8] ?? new Float32Array(0);
    const set = await exact.find(z, { epsilon: 0.2 });
    const options = {
      epsilon: 0.2,
      metric: 'euclidean' as const,
      draws: 6,
      outside: 50,
      seed: 1,
    };
    const found = await completeness(runtime, decoder, task, { z, site }, set, { ...options, noise: 0.1 });
    expect(found).toMatchObject({ total: 3600, inside: set.size, outside: 50, draws: 6 });
    expect(found.floor).toBeCloseTo(-Math.log(100 * set.size), 9);
    const inside = found.points.filter((point) => point.inside);
    expect(inside.map(({ input }) => input)).toEqual(Array.from(set.members));
    expect(new Set(found.points.map(({ input }) => input)).size).toBe(set.size + 50);
    for (const { distance, inside: own } of found.points) expect(distance <= 0.2).toBe(own);
    expect(found.belowFloor).toBe(inside.filter(({ logProbability }) => logProbability < found.floor).length);
    expect(found.mass).toBeCloseTo(
      inside.reduce((sum, point) => sum + Math.exp(point.logProbability), 0),
      9,
    );
    // Without noise one draw is all there is, and it is the decoder's own probability.
    const still = await completeness(runtime, decoder, task, { z, site }, set, {
      ...options,
      noise: 0,
      outside: 9999,
    });
    expect(still).toMatchObject({ draws: 1, inside: set.size, outside: 3600 - set.size });
    const scorer = createSequenceScorer(runtime, decoder, task);
    const inputs = still.points.map(({ input }) => task.data.instance(input));
    const logs = await scorer.logProbabilities(inputs, z, decoder.config.sites.indexOf(site));
    still.points.forEach(({ logProbability }, at) => expect(logProbability).toBeCloseTo(logs[at] ?? 0, 3));
    await scorer.dispose();
    await exact.dispose();
  });
});
