import { describe, expect, it } from 'vitest';
import { type Tensor, type Value, input } from '../graph.js';
import { dropout } from '../ops/dropout.js';
import { mul, sub } from '../ops/elementwise.js';
import { crossEntropy } from '../ops/loss.js';
import { gemm } from '../ops/matmul.js';
import { reduceSum } from '../ops/reduce.js';
import { reduceMean } from '../ops/mean.js';
import type { Runtime, Tensors } from '../runtime/runtime.js';
import { GraphError } from '../shape.js';
import { expectClose, finiteDifferences } from '../testing/agreement.js';
import { onDevice, runtime } from '../testing/device.js';
import { type Array64, pick, random, randomIndices, sumOver, toTensor } from '../testing/float64.js';
import {
  type OptimizerOptions,
  type TrainingSpec,
  type TrainingState,
  createTrainer,
  initialState,
} from './trainer.js';

const [inputs, classes] = [3, 4];

const parameters = (): Map<string, Tensor> =>
  new Map([
    ['w', toTensor(random([inputs, classes], 1, -0.5, 0.5))],
    ['b', toTensor(random([classes], 2, -0.5, 0.5))],
  ]);

const plain: OptimizerOptions = {
  schedule: { kind: 'cosine', peak: 0.1, warmup: 3, steps: 8, floor: 0.1 },
  weightDecay: 0.1,
};
/** Softmax regression; the variant is the number of rows of a batch. */
const regression = (optimizer: OptimizerOptions): TrainingSpec => ({
  optimizer,
  loss(parameter, variant) {
    const rows = Number(variant);
    const logits = gemm(input('x', 'float32', [rows, inputs]), parameter('w'), parameter('b'));
    return {
      loss: crossEntropy(logits, input('targets', 'int32', [rows]), input('weights', 'float32', [rows])),
      metrics: { square: reduceMean(mul(logits, logits)) },
    };
  },
});

const batch = (rows: number, seed: number): { feeds: Tensors; arrays: [Array64, Array64, Array64] } => {
  const arrays: [Array64, Array64, Array64] = [
    random([rows, inputs], seed),
    randomIndices([rows], seed + 1, classes),
    random([rows], seed + 2, 0.5, 1.5),
  ];
  const [x, targets, weights] = arrays;
  return {
    feeds: { x: toTensor(x), targets: toTensor(targets, 'int32'), weights: toTensor(weights) },
    arrays,
  };
};

function referenceLoss(w: Array64, b: Array64, [x, targets, weights]: [Array64, Array64, Array64]): number {
  const rows = x.shape[0] ?? 0;
  const logit = (i: number, c: number): number =>
    pick(b, [c]) + sumOver(inputs, (k) => pick(x, [i, k]) * pick(w, [k, c]));
  const row = (i: number): number =>
    Math.log(sumOver(classes, (c) => Math.exp(logit(i, c)))) - logit(i, targets.data[i] ?? NaN);
  return sumOver(rows, (i) => pick(weights, [i]) * row(i)) / sumOver(rows, (i) => pick(weights, [i]));
}

const data = (state: TrainingState, name: string): number[] =>
  Array.from(state.parameters.get(name)?.data ?? [], Number);

/** A copy that later steps leave alone. */
function kept({ step, parameters: current, moments }: TrainingState): TrainingState {
  const copy = (map: ReadonlyMap<string, Tensor>): Map<string, Tensor> =>
    new Map([...map].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]));
  return { step, parameters: copy(current), moments: copy(moments) };
}

/** The rate of `plain` at a step. */
const rateAt = (step: number): number =>
  step < 3 ? (0.1 * step) / 3 : 0.1 * (0.1 + 0.45 * (1 + Math.cos(Math.PI * Math.min(1, (step - 3) / 5))));

onDevice(() => {
  it.each([
    { what: 'as it is', options: plain },
    { what: 'with other betas', options: { ...plain, beta1: 0.5, beta2: 0.9 } },
    { what: 'clipped', options: { ...plain, clip: 0.05 } },
    {
      what: 'with decay of some',
      options: { ...plain, weightDecay: 0.5, decays: (name: string) => name === 'w' },
    },
  ])('takes AdamW\u2019s steps down the loss, $what', async ({ options }) => {
    const { beta1 = 0.9, beta2 = 0.999, weightDecay, clip = Infinity, decays = () => true } = options;
    const start = initialState(parameters(), options);
    const trainer = createTrainer(runtime, regression(options), start);
    const names = ['w', 'b'];
    let current = names.map((name) => ({
      shape: start.parameters.get(name)?.shape ?? [],
      data: Float64Array.from(data(start, name)),
    }));
    let moments = current.map((p) => ({ m: p.data.map(() => 0), v: p.data.map(() => 0) }));
    for (let step = 1; step <= 10; step++) {
      const { feeds, arrays } = batch(5, 100 * step);
      const { loss, metrics } = await trainer.step(feeds, '5');
      const lossOf = (...[w, b]: readonly Array64[]): number =>
        referenceLoss(w as Array64, b as Array64, arrays);
      expect(Math.abs(loss - lossOf(...current))).toBeLessThan(1e-4);
      expect(Object.keys(metrics)).toEqual(['square']);
      const plainSlopes = finiteDifferences(lossOf, current);
      const norm = Math.hypot(...plainSlopes.flatMap((slope) => Array.from(slope)));
      const scale = Math.min(1, clip / norm);
      const [slopes, rate] = [plainSlopes.map((slope) => slope.map((g) => g * scale)), rateAt(step)];
      moments = moments.map(({ m, v }, which) => {
        const g = (i: number): number => slopes[which]?.[i] ?? NaN;
        return {
          m: m.map((value, i) => beta1 * value + (1 - beta1) * g(i)),
          v: v.map((value, i) => beta2 * value + (1 - beta2) * g(i) ** 2),
        };
      });
      current = current.map((p, which) => {
        const kept = 1 - (decays(names[which] ?? '') ? rate * weightDecay : 0);
        return {
          shape: p.shape,
          data: p.data.map((value, i) => {
            const m = (moments[which]?.m[i] ?? NaN) / (1 - beta1 ** step);
            const v = (moments[which]?.v[i] ?? NaN) / (1 - beta2 ** step);
            return value * kept - (rate * m) / (Math.sqrt(v) + 1e-8);
          }),
        };
      });
      const state = trainer.state();
      expect(state.step).toBe(step);
      names.forEach((name, which) => {
        expectClose(data(state, name), current[which]?.data ?? [], 1e-4, `${name} after step ${step}`);
      });
    }
    await trainer.dispose();
  });

  it('gives the named matrices Muon\u2019s step and momentum, the others AdamW\u2019s', async () => {
    const options = { ...plain, muon: (name: string) => name === 'w' };
    const start = initialState(parameters(), options);
    expect([...start.moments.keys()]).toEqual(['momentum:w', 'first:b', 'second:b']);
    const [trainer, adam] = [options, plain].map((own) =>
      createTrainer(runtime, regression(own), initialState(parameters(), own)),
    );
    if (!trainer || !adam) throw new Error('two trainers');
    const { feeds } = batch(5, 1);
    await trainer.step(feeds, '5');
    await adam.step(feeds, '5');
    expect(data(trainer.state(), 'b')).toEqual(data(adam.state(), 'b'));
    // Singular values of the step near one, times the rate and 0.2·√4: three of them in all.
    const step = data(trainer.state(), 'w').map(
      (value, i) => value - (data(start, 'w')[i] ?? NaN) * (1 - 0.1 * rateAt(1)),
    );
    const size = Math.hypot(...step) / (rateAt(1) * 0.2 * Math.sqrt(4));
    expect(size).toBeGreaterThan(Math.sqrt(3) * 0.5);
    expect(size).toBeLessThan(Math.sqrt(3) * 1.5);
  });

  it('goes on from a state as if it had never stopped, bit for bit', async () => {
    const options = { ...plain, clip: 1, muon: (name: string) => name === 'w' };
    const unbroken = createTrainer(runtime, regression(options), initialState(parameters(), options));
    const losses: number[] = [];
    let middle: TrainingState | null = null;
    for (let step = 1; step <= 8; step++) {
      losses.push((await unbroken.step(batch(5, step).feeds, '5')).loss);
      if (step === 4) middle = kept(unbroken.state());
    }
    if (middle === null) throw new Error('no state was kept');
    const before = kept(middle);
    const resumed = createTrainer(runtime, regression(options), middle);
    expect(resumed.state()).toEqual(middle);
    for (let step = 5; step <= 8; step++) {
      expect((await resumed.step(batch(5, step).feeds, '5')).loss).toBe(losses[step - 1]);
    }
    expect(resumed.state()).toEqual(unbroken.state());
    // What it started from is still what it was.
    expect(middle).toEqual(before);
  });

  it('goes on the same with dropout, whose noise is a function of the seed that is fed', async () => {
    const spec: TrainingSpec = {
      optimizer: plain,
      loss(parameter) {
        const x = dropout(input('x', 'float32', [5, inputs]), 0.5, input('seed', 'uint32', []), 0);
        const logits = gemm(x, parameter('w'), parameter('b'));
        return {
          loss: crossEntropy(logits, input('targets', 'int32', [5]), input('weights', 'float32', [5])),
        };
      },
    };
    const feeds = (step: number): Tensors => ({
      ...batch(5, 1).feeds,
      seed: { dtype: 'uint32', shape: [], data: Uint32Array.of(step) },
    });
    const unbroken = createTrainer(runtime, spec, initialState(parameters(), plain));
    await unbroken.step(feeds(1));
    const resumed = createTrainer(runtime, spec, unbroken.state());
    for (const step of [2, 3]) {
      const [one, other] = [await unbroken.step(feeds(step)), await resumed.step(feeds(step))];
      expect(other).toEqual(one);
    }
    expect(resumed.state()).toEqual(unbroken.state());
    const other = createTrainer(runtime, spec, initialState(parameters(), plain));
    expect((await other.step(feeds(1))).loss).not.toBe(
      (await createTrainer(runtime, spec, initialState(parameters(), plain)).step(feeds(2))).loss,
    );
  });

  it('has one state for all variants, and compiles each of them once', async () => {
    const compiled: string[] = [];
    const counting: Runtime = {
      name: runtime.name,
      compile(graph) {
        compiled.push(String(graph.inputs.find(({ node }) => node.name === 'x')?.shape[0]));
        return runtime.compile(graph);
      },
    };
    const trainer = createTrainer(counting, regression(plain), initialState(parameters(), plain));
    const mixed: number[] = [];
    for (const [step, rows] of [5, 2, 5, 1, 2].entries()) {
      mixed.push((await trainer.step(batch(rows, step).feeds, String(rows))).loss);
    }
    expect(compiled).toEqual(['5', '2', '1']);
    expect(trainer.state().step).toBe(5);
    // The same steps, each by a trainer made for it alone.
    let state = initialState(parameters(), plain);
    for (const [step, rows] of [5, 2, 5, 1, 2].entries()) {
      const alone = createTrainer(runtime, regression(plain), state);
      expect((await alone.step(batch(rows, step).feeds, String(rows))).loss).toBe(mixed[step]);
      state = kept(alone.state());
      await alone.dispose();
    }
    expect(state).toEqual(trainer.state());
    await trainer.dispose();
  });

  it('lowers the loss', async () => {
    const options: OptimizerOptions = {
      schedule: { kind: 'constant', peak: 0.05, warmup: 0, steps: 100, floor: 1 },
      weightDecay: 0,
    };
    const trainer = createTrainer(runtime, regression(options), initialState(parameters(), options));
    const { feeds } = batch(5, 3);
    const losses: number[] = [];
    for (let step = 0; step < 40; step++) losses.push((await trainer.step(feeds, '5')).loss);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2);
  });

  describe('a step that fails', () => {
    it('leaves the state as it was, and the next one goes on', async () => {
      const [trainer, other] = [1, 2].map(() =>
        createTrainer(runtime, regression(plain), initialState(parameters(), plain)),
      );
      if (!trainer || !other) throw new Error('two trainers');
      const { feeds } = batch(5, 1);
      await trainer.step(feeds, '5');
      await other.step(feeds, '5');
      const { x, targets } = feeds;
      if (!x || !targets) throw new Error('two feeds');
      await expect(trainer.step({ x, targets }, '5')).rejects.toThrow(
        new GraphError('run: input "weights" [5] is missing'),
      );
      await expect(trainer.step(batch(4, 1).feeds, '5')).rejects.toThrow(GraphError);
      await expect(trainer.step({ ...feeds, y: x }, '5')).rejects.toThrow('run: the graph has no input "y"');
      expect(trainer.state()).toEqual(other.state());
      expect(await trainer.step(feeds, '5')).toEqual(await other.step(feeds, '5'));
    });

    it('is one that begins before the last has ended', async () => {
      const trainer = createTrainer(runtime, regression(plain), initialState(parameters(), plain));
      const { feeds } = batch(5, 1);
      const under = trainer.step(feeds, '5');
      await expect(trainer.step(feeds, '5')).rejects.toThrow(
        new GraphError('training: the step before this one is still under way'),
      );
      await under;
      expect(trainer.state().step).toBe(1);
      await trainer.step(feeds, '5');
      expect(trainer.state().step).toBe(2);
    });
  });

  it('ends its executables, those that could not be compiled too', async () => {
    const trainer = createTrainer(runtime, regression(plain), initialState(parameters(), plain));
    const { feeds } = batch(5, 1);
    await trainer.step(feeds, '5');
    await expect(trainer.step(feeds, 'many')).rejects.toThrow(GraphError);
    const lost = createTrainer(
      { name: 'lost', compile: () => Promise.reject(new Error('device lost')) },
      regression(plain),
      trainer.state(),
    );
    await expect(lost.step(feeds, '5')).rejects.toThrow('device lost');
    await lost.dispose();
    await trainer.dispose();
    await expect(trainer.step(feeds, '5')).rejects.toThrow('the executable has been disposed');
  });
});

describe('a training that cannot be', () => {
  const started = (spec: TrainingSpec): Promise<unknown> =>
    createTrainer(runtime, spec, initialState(parameters(), plain)).step({});
  const withLoss = (loss: (parameter: (name: string) => Value) => Value): TrainingSpec => ({
    optimizer: plain,
    loss: (parameter) => ({ loss: loss(parameter) }),
  });

  it('asks for a parameter that is not there', async () => {
    await expect(started(withLoss((parameter) => reduceSum(parameter('wte'))))).rejects.toThrow(
      new GraphError('training: there is no parameter "wte"'),
    );
  });

  it('has a parameter that its loss does not rest on', async () => {
    await expect(started(withLoss((parameter) => reduceSum(parameter('w'))))).rejects.toThrow(
      new GraphError('gradients: the loss does not rest on "parameter:b" [4]'),
    );
  });

  it('has a loss that is no scalar', async () => {
    await expect(started(withLoss((parameter) => sub(parameter('w'), parameter('b'))))).rejects.toThrow(
      new GraphError('gradients: the loss must be a float32 scalar, not float32[3, 4]'),
    );
  });
});

describe('initialState', () => {
  it('has zero moments in the shape of each parameter', () => {
    const { step, parameters: held, moments } = initialState(parameters(), plain);
    expect(step).toBe(0);
    expect(held).toEqual(parameters());
    expect([...moments].map(([name, { shape }]) => [name, shape])).toEqual([
      ['first:w', [3, 4]],
      ['second:w', [3, 4]],
      ['first:b', [4]],
      ['second:b', [4]],
    ]);
    for (const tensor of moments.values())
      expect(Array.from(tensor.data, Number).every((x) => x === 0)).toBe(true);
  });
});
