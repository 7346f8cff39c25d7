import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activationsOf, distancesOf } from '../../test/fixtures/brute-force.js';
import { fixedDecoder, probedModel, smallDecoder } from '../../test/fixtures/task-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { type HookedModel } from '../models/hooked-model.js';
import { fullName } from '../models/hooks.js';
import { randomFor, seededRandom } from '../random.js';
import { type Task } from '../tasks/index.js';
import { addition, counting } from '../studies/index.js';
import { type Decoder, drawnTokens, inputOf, orderWord } from './decoder.js';
import { averageRate, inPreimageRates, joinRates } from './evaluate.js';
import { type Metric } from './metrics.js';
import { createSampler, openUniforms } from './sampler.js';

const runtime = nodeRuntime({ threads: 1 });
const ids = (text: string): number[] =>
  [...text].map((token) => addition.tokenizer.vocabulary.indexOf(token));
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** For each site the distances of the samples from their queries, one candidate and one position at a time. */
async function bruteForce(
  task: Task,
  model: HookedModel,
  decoder: Decoder,
  sites: readonly string[],
  queries: number,
  seed: number,
  metric: Metric,
): Promise<number[][]> {
  const { config } = decoder;
  const tokens = drawnTokens(task, config.form);
  const asked = Array.from({ length: queries }, (_, item) => {
    const random = randomFor(seed, 'evaluate', item);
    const input = task.sample(random, 'test');
    const among = task.positions(input);
    return { input, position: among[random.int(among.length)] ?? 0 };
  });
  const sampler = createSampler(runtime, config, decoder.parameter, task.bos, tokens, 1);
  const distances: number[][] = [];
  for (const site of sites) {
    const own: number[] = [];
    for (const [row, { input, position }] of asked.entries()) {
      const z = (await activationsOf(runtime, model, site, input))[position] ?? new Float32Array();
      const numbers = openUniforms(randomFor(seed, 'evaluate', site, row).fill(new Float32Array(tokens)));
      const drawn = await sampler.sample({
        z,
        sites: Int32Array.of(config.sites.indexOf(site)),
        temperatures: Float32Array.of(1),
        uniforms: numbers,
      });
      const candidate = inputOf(task, config.form, drawn, orderWord(numbers));
      const end = candidate.findIndex((id) => id === task.eos || id === task.pad);
      const counted = end < 0 ? candidate.length : end;
      own.push(Math.min(...(await distancesOf(runtime, model, site, candidate, counted, z, metric))));
    }
    distances.push(own);
  }
  await sampler.dispose();
  return distances;
}

describe('in-preimage rates', () => {
  it.each([
    { name: 'addition', task: addition, form: 'completion', metric: 'euclidean' },
    { name: 'addition', task: addition, form: 'plain', metric: 'cosine' },
    { name: 'counting', task: counting, form: 'completion', metric: 'euclidean' },
  ] as const)('are shares of samples inside, recomputed one by one: $name, $form, $metric', async (one) => {
    const { task, form, metric } = one;
    const decoder = smallDecoder(task, { form }, 6);
    const model = await probedModel(task);
    const sites = [task.sites[0], task.sites[1], task.sites.at(-1)].map(String);
    const [queries, seed] = [10, 7];
    const distances = await bruteForce(task, model, decoder, sites, queries, seed, metric);
    // Random weights know nothing: the threshold is laid where about half of the samples are inside.
    for (const epsilon of [median(distances.flat()) * 1.0001, Math.min(...distances.flat()) * 0.999, 100]) {
      const reported: string[] = [];
      const rates = await inPreimageRates(runtime, model, decoder, task, {
        queries,
        seed,
        epsilon,
        metric,
        sites,
        onSite: ({ site }) => reported.push(site),
      });
      expect(reported).toEqual(sites);
      expect(rates.map(({ site }) => site)).toEqual(sites);
      rates.forEach(({ rate }, at) => {
        const own = distances[at] ?? [];
        expect(rate).toBe(own.filter((distance) => distance <= epsilon).length / queries);
      });
      expect(averageRate(rates)).toBeCloseTo(
        distances.flat().filter((d) => d <= epsilon).length / queries / 3,
        9,
      );
    }
  });

  it.each(['plain', 'completion'] as const)('are 1 for a decoder that says the query, %s', async (form) => {
    const query = addition.encode('615+861=1476');
    const one: Task = { ...addition, sample: () => query };
    const said = form === 'plain' ? query.slice(1) : ids('615861');
    const model = await probedModel(addition);
    const rates = await inPreimageRates(runtime, model, fixedDecoder(addition, said, { form }), one, {
      queries: 8,
      seed: 1,
      epsilon: 1e-3,
    });
    expect(rates).toEqual(addition.sites.map((site) => ({ site, rate: 1, valid: 1 })));
  });

  it('are 0 for one that ends at once, and no sample is an input', async () => {
    const model = await probedModel(addition);
    for (const said of [ids('E'), ids('PPPP'), ids('EEEEEE')]) {
      const rates = await inPreimageRates(
        runtime,
        model,
        fixedDecoder(addition, said, { form: 'plain' }),
        addition,
        {
          queries: 8,
          seed: 1,
          sites: ['x0.pre', 'a1.0', 'x1.post'],
        },
      );
      expect(rates.map(({ site }) => site)).toEqual([
        'blocks.0.hook_resid_pre',
        'blocks.1.attn.hook_result.0',
        'blocks.1.hook_resid_post',
      ]);
      for (const { rate, valid } of rates) expect([rate, valid]).toEqual([0, 0]);
    }
  });

  it('count invalid samples by their distance', async () => {
    // The answer is wrong in its last digit: everything before it is as the query has it.
    const query = addition.encode('615+861=1476');
    const one: Task = { ...addition, sample: () => query, positions: () => [8] };
    const said = [...query.slice(1, 12), 7, addition.eos];
    const [rate] = await inPreimageRates(
      runtime,
      await probedModel(addition),
      fixedDecoder(addition, said, { form: 'plain' }),
      one,
      { queries: 4, seed: 1, epsilon: 1e-3, sites: ['x1.post'] },
    );
    expect(rate).toMatchObject({ rate: 1, valid: 0 });
  });

  it('leave EOS out of the positions, and what follows it out of the sample', async () => {
    const query = addition.encode('615+861=1476');
    const model = await probedModel(addition);
    const rates = async (said: number[], position: number) => {
      const one: Task = { ...addition, sample: () => query, positions: () => [position] };
      const decoder = fixedDecoder(addition, said, { form: 'plain' });
      const sites = ['x0.pre', 'x1.post'];
      const all = await inPreimageRates(runtime, model, decoder, one, {
        queries: 4,
        seed: 1,
        epsilon: 1e-3,
        sites,
      });
      return all.map(({ rate, valid }) => [rate, valid]);
    };
    const said = query.slice(1);
    // The activation at the query's own EOS is only ever had at an EOS.
    expect(await rates(said, 13)).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(await rates(said, 12)).toEqual([
      [1, 1],
      [1, 1],
    ]);
    // A short sum, which ends one token sooner: whatever comes then.
    const short = addition.encode('115+161=276').slice(1);
    for (const next of ids('P7E'))
      expect(await rates([...short, next], 12)).toEqual([
        [0, 1],
        [0, 1],
      ]);
  });

  it('repeat for a seed, and are asked of held-out inputs', async () => {
    const model = await probedModel(addition);
    const splits: string[] = [];
    const watched: Task = {
      ...addition,
      sample: (random, split) => {
        splits.push(split);
        return addition.sample(random, split);
      },
    };
    const ask = (seed: number) =>
      inPreimageRates(runtime, model, smallDecoder(addition), watched, {
        queries: 30,
        seed,
        epsilon: 1,
        sites: ['a0.1', 'x1.mid'],
      });
    const first = await ask(1);
    expect(await ask(1)).toEqual(first);
    const others = [await ask(2), await ask(3), await ask(4)];
    expect(others).not.toEqual([first, first, first]);
    expect(new Set(splits)).toEqual(new Set(['test']));
  });

  it('are the same however the work is cut, by sites or by queries', async () => {
    const model = await probedModel(addition);
    const decoder = smallDecoder(addition, {}, 3);
    const names = ['x0.pre', 'a0.1', 'x1.post'].map(fullName);
    const ask = (sites: readonly string[], first: number, queries: number) =>
      inPreimageRates(runtime, model, decoder, addition, {
        queries,
        first,
        seed: 11,
        epsilon: 1,
        thresholds: [0.5, 1, 2],
        sites,
      });
    const all = 20;
    const whole = await ask(names, 0, all);
    // Counted at other ε, the same samples are inside: as many as an evaluation at that ε finds.
    for (const { rate, within = [] } of whole) expect(within[1]).toEqual({ epsilon: 1, rate });
    const narrower = await inPreimageRates(runtime, model, decoder, addition, {
      queries: all,
      seed: 11,
      epsilon: 0.5,
      sites: names,
    });
    expect(whole.map(({ within }) => within?.[0]?.rate)).toEqual(narrower.map(({ rate }) => rate));
    expect(new Set(whole.map(({ rate }) => rate)).size).toBeGreaterThan(1);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([...names], { minLength: 1 }),
        fc.uniqueArray(fc.integer({ min: 1, max: all - 1 }), { minLength: 1, maxLength: 2 }),
        async (sites, inner) => {
          const cuts = [0, ...inner.sort((a, b) => a - b), all];
          const parts = [];
          for (const [at, from] of cuts.slice(0, -1).entries()) {
            const queries = (cuts[at + 1] ?? all) - from;
            parts.push({ queries, rates: await ask(sites, from, queries) });
          }
          const wanted = sites.map((site) => whole.find((rate) => rate.site === site));
          expect(JSON.stringify(joinRates(parts))).toBe(JSON.stringify(wanted));
        },
      ),
      { numRuns: 4 },
    );
  });

  it('refuse a site that the decoder does not know', async () => {
    const asked = inPreimageRates(runtime, await probedModel(addition), smallDecoder(addition), addition, {
      queries: 1,
      seed: 1,
      sites: ['a2.0'],
    });
    await expect(asked).rejects.toThrow(InputError);
    await expect(asked).rejects.toThrow(/^Unknown site "a2\.0"\. Did you mean/);
  });
});

describe('averageRate', () => {
  it('is the mean over sites', () => {
    const rates = [0.2, 0.4, 0.9].map((rate) => ({ site: 'x', rate, valid: 1 }));
    expect(averageRate(rates)).toBeCloseTo(0.5, 12);
    expect(averageRate([])).toBe(0);
  });
});

describe('openUniforms', () => {
  it('moves numbers off zero and keeps their order', () => {
    const uniforms = Float32Array.of(0, 2 ** -24, 0.5, 1 - 2 ** -24);
    const opened = openUniforms(uniforms.slice());
    expect([...opened]).toEqual([...opened].toSorted((a, b) => a - b));
    expect(opened.every((u) => u > 0 && u <= 1)).toBe(true);
    opened.forEach((u, at) => expect(Math.abs(u - (uniforms[at] ?? 0))).toBeLessThanOrEqual(2 ** -24));
    const many = openUniforms(seededRandom(1).fill(new Float32Array(10_000)));
    expect(many.every((u) => u > 0 && u <= 1)).toBe(true);
  });
});
