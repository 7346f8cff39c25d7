import { describe, expect, it } from 'vitest';
import { type Edit, float64Gpt2 } from '../../test/fixtures/float64-gpt2.js';
import { furthest } from '../../test/fixtures/float64.js';
import { randomIds, smallConfig, smallModel } from '../../test/fixtures/small-gpt2.js';
import {
  type Value,
  add,
  concat,
  constant,
  floatsOf,
  mul,
  outputOf,
  relu,
  reshape,
  sizeOf,
  slice,
} from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { seededRandom } from '../random.js';
import { type Intervention } from './hook-points.js';
import { type HookedModel, cacheNames, runWithCache } from './hooked-model.js';
import { blockHook, headSite } from './hooks.js';

const runtime = nodeRuntime({ threads: 1 });
const config = smallConfig();
const [batch, places, width, heads] = [2, 5, 12, 3];
const rows = randomIds(config, batch, places);
const model = await smallModel(config);
const hooks = cacheNames(model).filter((name) => name !== 'logits');
const everything = [...hooks, 'logits'];
const plain = await runWithCache(runtime, model, rows, { names: everything });

const run = (
  interventions: Readonly<Record<string, Intervention>>,
  names: readonly string[] = ['logits'],
  of: HookedModel = model,
) => runWithCache(runtime, of, rows, { names, interventions: new Map(Object.entries(interventions)) });

const logitsOf = async (interventions: Readonly<Record<string, Intervention>>): Promise<Float32Array> =>
  floatsOf(await run(interventions), 'logits');

/** Positive numbers, so that they may stand for a scale as well. */
function anything(name: string, seed: number): { value: Value; data: Float32Array } {
  const { shape } = outputOf(plain, name);
  const random = seededRandom(seed);
  const data = Float32Array.from({ length: sizeOf(shape) }, () => 0.5 + random.next());
  return { value: constant({ dtype: 'float32', shape, data }), data };
}

/** What the float64 model gives under the same change, all rows in one. */
function expected(name: string, edit: (activation: Float64Array, row: number) => Float64Array): Float64Array {
  return Float64Array.from(
    rows.flatMap((ids, row) => [
      ...float64Gpt2(config, model.parameters, ids, new Map([[name, (x) => edit(x, row)]])).logits,
    ]),
  );
}

const ofRow = (data: Float32Array, row: number): Float64Array => {
  const size = data.length / batch;
  return Float64Array.from(data.subarray(row * size, (row + 1) * size));
};

describe.each(hooks)('an intervention at %s', (name) => {
  it('that gives the activation back changes not one bit', async () => {
    const outputs = await run({ [name]: (x) => x }, everything);
    for (const own of everything) expect(floatsOf(outputs, own), own).toEqual(floatsOf(plain, own));
  });

  it('replaces', async () => {
    const { value, data } = anything(name, 3);
    const wanted = expected(name, (_, row) => ofRow(data, row));
    expect(furthest(await logitsOf({ [name]: () => value }), wanted)).toBeLessThan(1e-4);
    expect(furthest(floatsOf(plain, 'logits'), wanted)).toBeGreaterThan(1e-3);
  });

  it('adds', async () => {
    const { value, data } = anything(name, 4);
    const wanted = expected(name, (x, row) => x.map((v, i) => v + (ofRow(data, row)[i] ?? 0)));
    expect(furthest(await logitsOf({ [name]: (x) => add(x, value) }), wanted)).toBeLessThan(1e-4);
  });

  it('is a function of the original', async () => {
    const wanted = expected(name, (x) => x.map((v) => 1.5 * v + 0.25 * Math.max(v, 0)));
    const changed = await logitsOf({ [name]: (x) => add(mul(x, 1.5), mul(relu(x), 0.25)) });
    expect(furthest(changed, wanted)).toBeLessThan(1e-4);
  });

  it('is what the cache then holds, and leaves what comes before it alone', async () => {
    const { value, data } = anything(name, 5);
    const outputs = await run({ [name]: () => value }, everything);
    expect(furthest(floatsOf(outputs, name), data)).toBe(0);
    // A head stands for a part of its layer's result: it belongs before that hook, in any order among heads.
    const before = everything
      .slice(0, everything.indexOf(blockHookOf(name)))
      .filter((own) => !/hook_result/.test(own));
    for (const own of before) expect(floatsOf(outputs, own), own).toEqual(floatsOf(plain, own));
  });
});

const blockHookOf = (name: string): string => name.replace(/(hook_result)\.\d+$/, '$1');

/** Heads of a layer's result `[batch, place, head, width]` through functions of their own. */
const byHead =
  (change: (result: Value, head: number) => Value): Intervention =>
  (all) =>
    concat(
      Array.from({ length: heads }, (_, head) =>
        reshape(change(reshape(slice(all, 2, head, head + 1), [batch, places, width]), head), [
          batch,
          places,
          1,
          width,
        ]),
      ),
      2,
    );

describe('heads', () => {
  const layer = 1;
  const bias = model.parameters.get(`h.${layer}.attn.c_proj.bias`)?.data ?? new Float32Array();

  it('sum with the output bias to what the attention writes', () => {
    for (const own of [0, 1]) {
      const shift = model.parameters.get(`h.${own}.attn.c_proj.bias`)?.data ?? new Float32Array();
      const results = Array.from({ length: heads }, (_, head) => floatsOf(plain, headSite(own, head)));
      const sum = floatsOf(plain, blockHook(own, 'attnOut')).map((_, i) =>
        results.reduce((total, result) => total + (result[i] ?? NaN), shift[i % width] ?? NaN),
      );
      expect(furthest(sum, floatsOf(plain, blockHook(own, 'attnOut')))).toBeLessThan(1e-5);
    }
  });

  it('are the slices of hook_result', () => {
    const all = floatsOf(plain, blockHook(layer, 'result'));
    for (let head = 0; head < heads; head++) {
      const own = all.filter((_, i) => Math.floor(i / width) % heads === head);
      expect(own).toEqual(floatsOf(plain, headSite(layer, head)));
    }
  });

  it('replaced one by one give what a replaced hook_attn_out gives', async () => {
    const each = Array.from({ length: heads }, (_, head) => anything(headSite(layer, head), 10 + head));
    const sum = Float32Array.from(each[0]?.data ?? [], (_, i) =>
      each.reduce((total, { data }) => total + (data[i] ?? NaN), bias[i % width] ?? NaN),
    );
    const byHeads = await logitsOf(
      Object.fromEntries(each.map(({ value }, head) => [headSite(layer, head), () => value])),
    );
    const whole = constant({ dtype: 'float32', shape: [batch, places, width], data: sum });
    expect(furthest(byHeads, await logitsOf({ [blockHook(layer, 'attnOut')]: () => whole }))).toBeLessThan(
      1e-4,
    );
  });

  it('changed alone give what the same change to a slice of hook_result gives', async () => {
    for (let head = 0; head < heads; head++) {
      const { value } = anything(headSite(layer, head), 20);
      const alone = await logitsOf({ [headSite(layer, head)]: () => value });
      const slicewise = await logitsOf({
        [blockHook(layer, 'result')]: byHead((result, own) => (own === head ? value : result)),
      });
      expect(furthest(alone, slicewise)).toBeLessThan(1e-5);
    }
  });

  it('changed together with hook_result are changed first', async () => {
    const { value } = anything(headSite(layer, 0), 21);
    const both = await run(
      { [headSite(layer, 0)]: () => value, [blockHook(layer, 'result')]: (all) => mul(all, 2) },
      ['logits', headSite(layer, 0), headSite(layer, 1), blockHook(layer, 'result')],
    );
    const outer = await logitsOf({
      [blockHook(layer, 'result')]: byHead((result, head) => mul(head === 0 ? value : result, 2)),
    });
    expect(furthest(floatsOf(both, 'logits'), outer)).toBeLessThan(1e-5);
    const doubled = floatsOf(plain, headSite(layer, 1)).map((v) => 2 * v);
    expect(furthest(floatsOf(both, headSite(layer, 1)), doubled)).toBeLessThan(1e-6);
  });

  it('that are silenced leave the output bias', async () => {
    const silent = await run({ [blockHook(layer, 'result')]: (all) => mul(all, 0) }, [
      blockHook(layer, 'attnOut'),
    ]);
    const out = floatsOf(silent, blockHook(layer, 'attnOut'));
    expect(
      furthest(
        out,
        out.map((_, i) => bias[i % width] ?? NaN),
      ),
    ).toBeLessThan(1e-5);
  });
});

describe('several interventions', () => {
  it('work together, the later one on what the earlier one left', async () => {
    const first = anything('blocks.0.hook_mlp_out', 30);
    const second = anything('blocks.1.attn.hook_v', 31);
    const wanted = rows.flatMap((ids, row) => [
      ...float64Gpt2(
        config,
        model.parameters,
        ids,
        new Map<string, Edit>([
          ['blocks.0.hook_mlp_out', () => ofRow(first.data, row)],
          ['blocks.1.attn.hook_v', (x) => x.map((v, i) => v * (ofRow(second.data, row)[i] ?? 0))],
        ]),
      ).logits,
    ]);
    const changed = await logitsOf({
      'blocks.0.hook_mlp_out': () => first.value,
      'blocks.1.attn.hook_v': (v) => mul(v, second.value),
    });
    expect(furthest(changed, wanted)).toBeLessThan(1e-4);
  });

  it("undo a change when they put the clean run's activation back", async () => {
    const clean = constant(outputOf(plain, 'blocks.1.hook_resid_pre'));
    const restored = await logitsOf({
      'blocks.0.hook_mlp_out': (x) => mul(x, 3),
      'blocks.1.hook_resid_pre': () => clean,
    });
    expect(furthest(restored, floatsOf(plain, 'logits'))).toBeLessThan(1e-5);
  });

  it('at one place leave the logits of earlier places alone', async () => {
    const turned = constant({
      dtype: 'float32',
      shape: [1, places, 1],
      data: Float32Array.of(1, 1, -1, 1, 1),
    });
    const changed = await logitsOf({ 'blocks.0.hook_resid_post': (x) => mul(x, turned) });
    const before = floatsOf(plain, 'logits');
    changed.forEach((value, i) => {
      const place = Math.floor(i / config.vocab_size) % places;
      if (place < 2) expect(Math.abs(value - (before[i] ?? NaN))).toBeLessThan(1e-6);
    });
    expect(furthest(changed, before)).toBeGreaterThan(1e-2);
  });
});
