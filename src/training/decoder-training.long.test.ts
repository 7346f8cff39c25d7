import { afterAll, describe, expect, it } from 'vitest';
import { wholeLogits } from '../../test/fixtures/decoder-logits.js';
import { at, crossEntropy } from '../../test/fixtures/float64.js';
import { probedModel } from '../../test/fixtures/task-models.js';
import { type Tensor, type Value, floatsOf, graph, input } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { hookedModel } from '../models/hooked-model.js';
import { activationAt, createCollector } from '../inversion/collect.js';
import { makeDecoder } from '../inversion/decoder.js';
import { decodeFloat16, encodeFloat16 } from '../models/weights/float16.js';
import { randomFor } from '../random.js';
import { addition, decoderRecipe } from '../studies/index.js';
import { type DecoderRecipe } from './decoder-recipe.js';
import { type PlannedDecoderTraining, planDecoderTraining } from './decoder-training.js';

const runtime = nodeRuntime({ threads: 1 });
const model = await probedModel(addition);
const open: PlannedDecoderTraining[] = [];
afterAll(async () => {
  for (const plan of open) await plan.dispose();
});

const published = decoderRecipe('addition', 'paper', 3);
const ours = decoderRecipe('addition', 'fast', 3);
/** Ours with one scale a site instead of whitening. */
const scaled: DecoderRecipe = {
  ...ours,
  architecture: {
    ...ours.architecture,
    conditioning: { kind: 'site-projection', width: 256, blocks: 3, hidden: 512, standardize: 'scale' },
  },
};
const tiny = (recipe: DecoderRecipe, changes: Partial<DecoderRecipe> = {}): DecoderRecipe => {
  const { conditioning } = recipe.architecture;
  const small = conditioning.kind === 'site-projection' ? { ...conditioning, width: 16 } : conditioning;
  return {
    ...recipe,
    batch: 8,
    dropout: 0,
    architecture: {
      ...recipe.architecture,
      layers: 1,
      heads: 2,
      width: 8,
      inner: 8,
      conditioning: { ...small, hidden: 8 },
    },
    ...changes,
  };
};
/** A plan of its own, for tests that weigh sites anew. */
async function freshPlan(recipe: DecoderRecipe): Promise<PlannedDecoderTraining> {
  const plan = await planDecoderTraining(runtime, model, addition, recipe);
  open.push(plan);
  return plan;
}
const kept = new Map<string, Promise<PlannedDecoderTraining>>();
/** A plan that tests share. */
function planned(recipe: DecoderRecipe): Promise<PlannedDecoderTraining> {
  const key = JSON.stringify(recipe);
  const plan = kept.get(key) ?? freshPlan(recipe);
  kept.set(key, plan);
  return plan;
}

interface Seen {
  /** Mean of each element. */
  readonly means: Float64Array;
  /** Root mean square distance of elements from their own means. */
  readonly spread: number;
  /** Mean and deviation over all elements alike. */
  readonly level: number;
  readonly deviation: number;
}

/** What the activations at all allowed positions of the inputs are like that a training of seed 3 looks at first. */
async function seenFirst(): Promise<Seen[]> {
  const random = randomFor(3, 'parameters');
  const inputs = Array.from({ length: 1024 }, () => addition.sample(random, 'train'));
  const collector = createCollector(runtime, model, addition.sites, addition.maxLength, addition.pad, 64);
  const collected = await collector.collect(inputs);
  await collector.dispose();
  const width = model.architecture.width;
  return addition.sites.map((site) => {
    const rows = inputs.flatMap((ids, row) =>
      addition.positions(ids).map((position) => activationAt(collected, site, row, position)),
    );
    const [sums, squares] = [new Float64Array(width), new Float64Array(width)];
    for (const z of rows) {
      for (let i = 0; i < width; i++) {
        sums[i] = at(sums, i) + at(z, i);
        squares[i] = at(squares, i) + at(z, i) ** 2;
      }
    }
    const n = rows.length;
    const means = sums.map((sum) => sum / n);
    const level = meanOf(means);
    const square = meanOf(squares.map((sum) => sum / n));
    return {
      means,
      spread: Math.sqrt(square - meanOf(means.map((mean) => mean ** 2))),
      level,
      deviation: Math.sqrt(square - level ** 2),
    };
  });
}
const meanOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
const seen = await seenFirst();
const dataOf = (tensors: ReadonlyMap<string, Tensor>, name: string): number[] =>
  Array.from(tensors.get(name)?.data ?? [], Number);

describe('the start of a decoder', () => {
  it("draws a site's embedding with the mean and the deviation of its activations", async () => {
    const embedding = dataOf((await planned(tiny(published))).start().parameters, 'condition.site.weight');
    const sites = addition.sites.length;
    const standard = seen.flatMap(({ level, deviation }, row) =>
      embedding.slice(row * sites, (row + 1) * sites).map((value) => (value - level) / deviation),
    );
    // 169 numbers that ought to be standard normal.
    expect(standard).toHaveLength(sites ** 2);
    expect(Math.abs(meanOf(standard))).toBeLessThan(4 / sites);
    expect(Math.abs(meanOf(standard.map((value) => value ** 2)) - 1)).toBeLessThan(4 * (Math.SQRT2 / sites));
    // Sites differ widely, so that one mean and deviation for all would not pass.
    const deviations = seen.map(({ deviation }) => deviation);
    expect(Math.max(...deviations) / Math.min(...deviations)).toBeGreaterThan(3);
  });

  it('keeps the mean and the inverse spread of each site as statistics that are not trained', async () => {
    const plan = await planned(tiny(scaled));
    expect([...plan.statistics.keys()].sort()).toEqual(['condition.mean', 'condition.scale']);
    const { parameters, moments } = plan.start();
    for (const name of plan.statistics.keys()) {
      expect(parameters.has(name)).toBe(false);
      expect([...moments.keys()].some((moment) => moment.endsWith(name))).toBe(false);
    }
    const means = dataOf(plan.statistics, 'condition.mean');
    const scales = dataOf(plan.statistics, 'condition.scale');
    const width = model.architecture.width;
    seen.forEach((own, row) => {
      // To half of float16's 11 digits: that is what is exported.
      own.means.forEach((value, i) =>
        expect(Math.abs(at(means, row * width + i) - value)).toBeLessThan(1e-4 + 5e-4 * Math.abs(value)),
      );
      expect(at(scales, row) * own.spread).toBeCloseTo(1, 3);
    });
  });

  it('whitens: the directions of a site have equal spread and go their own ways', async () => {
    const plan = await planned(tiny(ours));
    expect([...plan.statistics.keys()].sort()).toEqual(['condition.mean', 'condition.whiten']);
    const means = dataOf(plan.statistics, 'condition.mean');
    const whiten = dataOf(plan.statistics, 'condition.whiten');
    expect(whiten.map(Math.fround)).toEqual([...decodeFloat16(encodeFloat16(Float32Array.from(whiten)))]);
    const width = model.architecture.width;
    const random = randomFor(99, 'others');
    const inputs = Array.from({ length: 256 }, () => addition.sample(random, 'test'));
    const collector = createCollector(runtime, model, addition.sites, addition.maxLength, addition.pad, 64);
    const collected = await collector.collect(inputs);
    await collector.dispose();
    for (const [number, site] of addition.sites.entries()) {
      const rows = inputs.flatMap((ids, row) =>
        addition.positions(ids).map((position) => activationAt(collected, site, row, position)),
      );
      const whitened = rows.map((z) =>
        Array.from({ length: width }, (_, direction) => {
          let sum = 0;
          for (let i = 0; i < width; i++) {
            const weight = at(whiten, (number * width + i) * width + direction);
            sum += (at(z, i) - at(means, number * width + i)) * weight;
          }
          return sum;
        }),
      );
      const together = (a: number, b: number): number =>
        meanOf(whitened.map((row) => at(row, a) * at(row, b)));
      // Eigenvalues come in ascending order: the last directions spread most.
      for (const [a, b] of [
        [width - 1, width - 1],
        [width - 2, width - 2],
        [width - 1, width - 2],
        [width - 1, 0],
      ] as const) {
        expect(Math.abs(together(a, b) - (a === b ? 1 : 0)), `${site} ${a} ${b}`).toBeLessThan(0.2);
      }
      // Directions in which it hardly changes stay small.
      for (const a of [0, 8, 16, 24]) expect(together(a, a)).toBeLessThan(1.3);
    }
  });

  it('has scales that a float16 can hold, even of a site that never changes', async () => {
    const parameters = new Map(model.parameters);
    // A head that gives nothing: every activation of a0.0 is zero.
    const name = 'h.0.attn.c_proj.weight';
    const { shape, data } = model.parameters.get(name) ?? { shape: [], data: new Float32Array() };
    const size = 8 * model.architecture.width;
    parameters.set(name, { shape, data: data.map((value, i) => (i < size ? 0 : value)) });
    const dead = await hookedModel(
      'dead',
      parameters,
      { architecture: model.architecture, parameters },
      'transformerlens',
    );
    const plan = await planDecoderTraining(runtime, dead, addition, tiny(scaled));
    const whitening = await planDecoderTraining(runtime, dead, addition, tiny(ours));
    open.push(plan, whitening);
    const rows = dataOf(whitening.statistics, 'condition.whiten');
    expect(rows.every((value) => Number.isFinite(value))).toBe(true);
    const scales = dataOf(plan.statistics, 'condition.scale');
    expect(scales.every((scale) => Number.isFinite(scale) && scale > 0 && scale < 65_504)).toBe(true);
    expect(scales[1]).toBe(Math.max(...scales));
  });

  it('is decided by the seed', async () => {
    const [one, same, other] = [
      await planned(tiny(ours)),
      await planned(tiny(ours)),
      await planned(tiny(ours, { seed: 4 })),
    ];
    expect(same.start()).toEqual(one.start());
    expect(same.statistics).toEqual(one.statistics);
    expect(other.start().parameters).not.toEqual(one.start().parameters);
  });
});

describe('rebalancing', () => {
  it('draws a site with weight exp(6 · (mean rate − its rate))', async () => {
    const plan = await freshPlan(tiny(ours, { rebalance: 6 }));
    expect(plan.siteWeights).toEqual(addition.sites.map(() => 1));
    const rates = addition.sites.map((site, i) => ({ site, rate: 0.2 + i / 20, valid: 1 }));
    const mean = meanOf(rates.map(({ rate }) => rate));
    plan.rebalance([...rates].reverse());
    plan.siteWeights.forEach((weight, i) =>
      expect(weight).toBeCloseTo(Math.exp(6 * (mean - (rates[i]?.rate ?? 0))), 9),
    );
    expect(plan.siteWeights[0]).toBeGreaterThan(plan.siteWeights[12] ?? 0);
    // All alike again: evenly.
    plan.rebalance(addition.sites.map((site) => ({ site, rate: 0.7, valid: 1 })));
    plan.siteWeights.forEach((weight) => expect(weight).toBeCloseTo(1, 9));
  });

  it('changes the batches from the next chunk on, and none where its strength is 0', async () => {
    const rates = addition.sites.map((site, i) => ({ site, rate: i % 2, valid: 1 }));
    const untouched = await planned(tiny(ours));
    const weighed = await freshPlan(tiny(ours, { rebalance: 6 }));
    expect(await weighed.feeds(3)).toEqual(await untouched.feeds(3));
    weighed.rebalance(rates);
    expect(await weighed.feeds(15)).toEqual(await untouched.feeds(15));
    expect(await weighed.feeds(16)).not.toEqual(await untouched.feeds(16));
    // Sites of a rate of 1 are hardly drawn any more: e⁶ to one.
    const sites = (await weighed.feeds(17)).feeds['site']?.data as Int32Array;
    expect([...sites].filter((site) => site % 2 === 0).length).toBeGreaterThan(6);

    const even = await freshPlan(tiny(ours, { rebalance: 0 }));
    even.rebalance(rates);
    expect(even.siteWeights).toEqual(addition.sites.map(() => 1));
  });
});

describe('a step', () => {
  it('is fed the same whenever it is asked', async () => {
    const plan = await planned(tiny(ours, { dropout: 0.1 }));
    const again = await freshPlan(tiny(ours, { dropout: 0.1 }));
    const order = [35, 3, 4, 35, 16];
    const seeds: number[] = [];
    for (const step of order) {
      const fed = await plan.feeds(step);
      expect(fed).toEqual(await again.feeds(step));
      seeds.push(Number(fed.feeds['seed']?.data[0]));
    }
    expect(new Set(seeds).size).toBe(4);
  });

  it.each([
    ['the published recipe', published],
    ['our recipe', ours],
  ])('of %s has the mean cross-entropy of the tokens to be said as its loss', async (_, recipe) => {
    const plan = await planned(tiny(recipe));
    const { variant, feeds } = await plan.feeds(2);
    const { parameters } = plan.start();
    const made = new Map<string, Value>();
    const parameter = (name: string): Value => {
      const value = made.get(name) ?? input(name, 'float32', parameters.get(name)?.shape ?? []);
      made.set(name, value);
      return value;
    };
    const executable = await runtime.compile(graph({ loss: plan.spec.loss(parameter, variant).loss }));
    // What the graph does not read is not fed: statistics under the published conditioning.
    const outputs = await executable.run({ ...Object.fromEntries(parameters), ...feeds });
    await executable.dispose();

    const whole = new Map(
      [...parameters, ...plan.statistics].map(([name, { shape, data }]) => [
        name,
        { shape, data: data as Float32Array },
      ]),
    );
    const decoder = makeDecoder('own', plan.config, whole);
    const field = (name: string): unknown => feeds[name]?.data;
    const [z, site, ids] = [
      field('z') as Float32Array,
      field('site') as Int32Array,
      field('ids') as Int32Array,
    ];
    const logits = await wholeLogits(runtime, decoder, z, site, ids);
    const [targets, weights] = [field('targets') as Int32Array, field('weights') as Float32Array];
    const wanted = crossEntropy(Float64Array.from(logits), plan.config.vocabulary, targets, weights);
    expect(Math.abs(at(floatsOf(outputs, 'loss'), 0) / wanted - 1)).toBeLessThan(1e-5);
  });

  it('decays matrices alone; muon takes those inside blocks', async () => {
    const { spec, start } = await planned(tiny(ours));
    const names = [...start().parameters.keys()];
    for (const name of names.filter(
      (one) => /bias$|ln(_\w+)?\.weight$/.test(one) && one !== 'condition.project.bias',
    ))
      expect(spec.optimizer.decays?.(name), name).toBe(false);
    for (const name of ['wte.weight', 'h.0.attn.c_attn.weight', 'condition.project.weight'])
      expect(spec.optimizer.decays?.(name), name).toBe(true);
    expect(names.filter((name) => spec.optimizer.muon?.(name))).toEqual([
      ...[0, 1, 2].flatMap((block) => [`condition.${block}.fc.weight`, `condition.${block}.proj.weight`]),
      ...['prefix', 'attn.c_attn', 'attn.c_proj', 'mlp.c_fc', 'mlp.c_proj'].map(
        (part) => `h.0.${part}.weight`,
      ),
    ]);
    expect((await planned(tiny(published))).spec.optimizer.muon).toBeUndefined();
  });

  it('cannot be planned on a model of other sites', async () => {
    await expect(
      planDecoderTraining(runtime, model, { ...addition, sites: ['blocks.5.hook_mlp_out'] }, tiny(ours)),
    ).rejects.toThrow(/collect: the model has no site blocks\.5\.hook_mlp_out/);
  });
});
