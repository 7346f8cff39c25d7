import { describe, expect, it } from 'vitest';
import { furthest } from '../../test/fixtures/float64.js';
import { float64Decoder } from '../../test/fixtures/float64-decoder.js';
import {
  smallDecoderConfig,
  smallDecoderConfigs,
  smallDecoderWeights,
} from '../../test/fixtures/small-decoder.js';
import { type Tensor, type Value, concat, constant, floatsOf, graph, input } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { seededRandom } from '../random.js';
import { type DecoderConfig, decoderParameters } from './decoder-config.js';
import { type Parameters, condition, decode, decoderLogits, prefix } from './decoder.js';

const runtime = nodeRuntime({ threads: 1 });

/** Rows of a batch: activations, their sites, and tokens. */
interface Rows {
  readonly z: readonly (readonly number[])[];
  readonly sites: readonly number[];
  readonly ids: readonly (readonly number[])[];
}

function randomRows(config: DecoderConfig, batch: number, places: number, seed = 1): Rows {
  const random = seededRandom(seed);
  const list = <T>(length: number, make: () => T): T[] => Array.from({ length }, make);
  return {
    z: list(batch, () => list(config.activation_width, () => 2 * random.gaussian())),
    sites: list(batch, () => random.int(config.sites.length)),
    ids: list(batch, () => list(places, () => random.int(config.vocabulary))),
  };
}

function fixed(config: DecoderConfig, seed = 1): Parameters {
  const values = new Map(
    [...smallDecoderWeights(config, seed)].map(([name, p]) => [name, constant({ dtype: 'float32', ...p })]),
  );
  return (name) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`the decoder asks for ${name}`);
    return value;
  };
}

const int32 = (shape: readonly number[], values: readonly number[]): Tensor => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(values),
});
const feedsOf = ({ z, sites, ids }: Rows): Record<string, Tensor> => ({
  z: { dtype: 'float32', shape: [z.length, z[0]?.length ?? 0], data: Float32Array.from(z.flat()) },
  site: int32([sites.length], sites),
  ids: int32([ids.length, ids[0]?.length ?? 0], ids.flat()),
});
const inputsOf = (rows: Rows): { z: Value; site: Value; ids: Value } => {
  const { z, site, ids } = feedsOf(rows);
  if (z === undefined || site === undefined || ids === undefined) throw new Error('three feeds');
  return {
    z: input('z', 'float32', z.shape),
    site: input('site', 'int32', site.shape),
    ids: input('ids', 'int32', ids.shape),
  };
};

/** Logits `[batch · places · vocabulary]` of a decoder over whole sequences. */
async function logitsOf(config: DecoderConfig, rows: Rows): Promise<Float32Array> {
  const { z, site, ids } = inputsOf(rows);
  const compiled = await runtime.compile(
    graph({ logits: decoderLogits(config, fixed(config), z, site, ids) }),
  );
  return floatsOf(await compiled.run(feedsOf(rows)), 'logits');
}

describe.each(smallDecoderConfigs)('a decoder %s', (_, config) => {
  const places = 4;
  const rows = randomRows(config, 3, places);
  const perRow = places * config.vocabulary;

  it('agrees with float64', async () => {
    const logits = await logitsOf(config, rows);
    const weights = smallDecoderWeights(config);
    rows.ids.forEach((ids, row) => {
      const wanted = float64Decoder(config, weights, rows.z[row] ?? [], rows.sites[row] ?? 0, ids);
      expect(furthest(logits.subarray(row * perRow, (row + 1) * perRow), wanted)).toBeLessThan(5e-5);
    });
  });

  it('reads all of its parameters and no other', () => {
    const { z, site, ids } = inputsOf(rows);
    const plans = decoderParameters(config);
    const values = new Map([...plans].map(([name, { shape }]) => [name, input(name, 'float32', shape)]));
    const asked = (name: string): Value => values.get(name) ?? input(`unplanned ${name}`, 'float32', [1]);
    const built = graph({ logits: decoderLogits(config, asked, z, site, ids) });
    const names = built.inputs
      .map(({ node }) => node.name)
      .filter((name) => !['z', 'site', 'ids'].includes(name));
    expect(names.sort()).toEqual([...plans.keys()].sort());
  });

  it('is causal: a later token changes no earlier logits', async () => {
    const before = await logitsOf(config, rows);
    for (let place = 0; place < places; place++) {
      const changed = rows.ids.map((ids) =>
        ids.map((id, at) => (at === place ? (id + 1) % config.vocabulary : id)),
      );
      const after = await logitsOf(config, { ...rows, ids: changed });
      for (let row = 0; row < 3; row++) {
        const from = row * perRow;
        const until = from + place * config.vocabulary;
        expect(furthest(after.subarray(from, until), before.subarray(from, until))).toBeLessThan(1e-6);
        const own = until + config.vocabulary;
        expect(furthest(after.subarray(until, own), before.subarray(until, own))).toBeGreaterThan(1e-4);
      }
    }
  });

  it('hears the activation, and which site it is of, at every place', async () => {
    const before = await logitsOf(config, rows);
    const louder = await logitsOf(config, {
      ...rows,
      z: rows.z.map((z) => z.map((v, i) => v + 0.5 * i - 0.3)),
    });
    const elsewhere = await logitsOf(config, {
      ...rows,
      sites: rows.sites.map((site) => (site + 1) % config.sites.length),
    });
    for (let start = 0; start < before.length; start += config.vocabulary) {
      const own = before.subarray(start, start + config.vocabulary);
      for (const after of [louder, elsewhere]) {
        expect(furthest(after.subarray(start, start + config.vocabulary), own)).toBeGreaterThan(1e-4);
      }
    }
  });

  it('gives a batch what single runs give', async () => {
    const together = await logitsOf(config, rows);
    for (let row = 0; row < 3; row++) {
      const one = <T>(list: readonly T[]): T[] => list.slice(row, row + 1);
      const alone = await logitsOf(config, { z: one(rows.z), sites: one(rows.sites), ids: one(rows.ids) });
      expect(furthest(alone, together.subarray(row * perRow, (row + 1) * perRow))).toBeLessThan(1e-5);
    }
  });

  it.each([
    ['one at a time', [1, 1, 1, 1]],
    ['two and two', [2, 2]],
    ['three and one', [3, 1]],
    ['one and three', [1, 3]],
  ])('gives with keys and values kept what the whole sequence gives: %s', async (__, steps) => {
    const { z, site, ids: whole } = inputsOf(rows);
    const p = fixed(config);
    const u = condition(config, p, z, site);
    let past = prefix(config, p, u);
    let start = 0;
    const parts: Value[] = [];
    for (const step of steps) {
      const part = rows.ids.flatMap((ids) => ids.slice(start, start + step));
      const ids = constant({ dtype: 'int32', shape: [3, step], data: Int32Array.from(part) });
      const { logits, past: next } = decode(config, p, ids, past, u, start);
      parts.push(logits);
      past = next;
      start += step;
    }
    for (const { keys, values } of past) {
      expect(keys.shape).toEqual([3, config.heads, 1 + places, config.width / config.heads]);
      expect(values.shape).toEqual(keys.shape);
    }
    const wanted = decoderLogits(config, p, z, site, whole);
    const compiled = await runtime.compile(graph({ steps: concat(parts, 1), wanted }));
    const outputs = await compiled.run(feedsOf(rows));
    expect(furthest(floatsOf(outputs, 'steps'), floatsOf(outputs, 'wanted'))).toBeLessThan(1e-5);
  });
});

describe('the prefix', () => {
  const config = smallDecoderConfig();
  const rows = randomRows(config, 2, 4);

  it('is one key and one value a block, made of the conditioning alone', () => {
    const { z, site } = inputsOf(rows);
    const p = fixed(config);
    const made = prefix(config, p, condition(config, p, z, site));
    expect(made).toHaveLength(config.layers);
    for (const { keys, values } of made) {
      expect(keys.shape).toEqual([2, 2, 1, 4]);
      expect(values.shape).toEqual([2, 2, 1, 4]);
    }
    const last = made.at(-1);
    if (last === undefined) throw new Error('no prefix');
    const rests = graph({ keys: last.keys }).inputs.map(({ node }) => node.name);
    expect(rests.sort()).toEqual(['site', 'z']);
  });

  it('is all that a decoder without the addition hears of the activation', async () => {
    const p = fixed(config);
    const other = randomRows(config, 2, 4, 9);
    const { z, site, ids } = inputsOf(rows);
    const u = condition(config, p, z, site);
    const wrong = condition(
      config,
      p,
      constant({ dtype: 'float32', shape: [2, 4], data: Float32Array.from(other.z.flat()) }),
      site,
    );
    const past = prefix(config, p, u);
    const compiled = await runtime.compile(
      graph({
        right: decode(config, p, ids, past, u).logits,
        wrong: decode(config, p, ids, past, wrong).logits,
      }),
    );
    const outputs = await compiled.run(feedsOf(rows));
    expect(floatsOf(outputs, 'wrong')).toEqual(floatsOf(outputs, 'right'));
    const additive = smallDecoderConfig({ additive: true });
    const q = fixed(additive);
    const both = await runtime.compile(
      graph({
        right: decode(additive, q, ids, past, u).logits,
        wrong: decode(additive, q, ids, past, wrong).logits,
      }),
    );
    const received = await both.run(feedsOf(rows));
    expect(furthest(floatsOf(received, 'wrong'), floatsOf(received, 'right'))).toBeGreaterThan(1e-2);
  });
});

describe('dropout', () => {
  const config = smallDecoderConfig();
  const rows = randomRows(config, 2, 4);
  const noisy = async (rate: number, seed: number): Promise<Float32Array> => {
    const { z, site, ids } = inputsOf(rows);
    const noise = { rate, seed: input('seed', 'uint32', []) };
    const compiled = await runtime.compile(
      graph({ logits: decoderLogits(config, fixed(config), z, site, ids, noise) }),
    );
    const drawn: Record<string, Tensor> =
      rate === 0 ? {} : { seed: { dtype: 'uint32', shape: [], data: Uint32Array.of(seed) } };
    return floatsOf(await compiled.run({ ...feedsOf(rows), ...drawn }), 'logits');
  };

  it('is decided by its seed', async () => {
    expect(await noisy(0.1, 5)).toEqual(await noisy(0.1, 5));
    expect(furthest(await noisy(0.1, 5), await noisy(0.1, 6))).toBeGreaterThan(1e-2);
  });

  it('of nothing changes nothing', async () => {
    expect(await noisy(0, 5)).toEqual(await logitsOf(config, rows));
  });

  it('falls on embeddings and residual branches, on neither attention nor the conditioning', () => {
    const { z, site, ids } = inputsOf(rows);
    const noise = { rate: 0.1, seed: input('seed', 'uint32', []) };
    const { nodes } = graph({ logits: decoderLogits(config, fixed(config), z, site, ids, noise) });
    // One comparison of random bits with the rate for each dropout, of the size of what it falls on.
    const draws = nodes.filter(({ op }) => op === 'Less').map(({ outputs }) => outputs[0]?.shape);
    expect(draws).toEqual(Array.from({ length: 1 + 2 * config.layers }, () => [2 * 4 * config.width]));
  });
});

describe('a decoder that cannot be built', () => {
  const config = smallDecoderConfig();
  const p = fixed(config);
  const site = input('site', 'int32', [2]);

  it('names activations and sites that do not fit', () => {
    const z = input('z', 'float32', [2, 3]);
    expect(() => condition(config, p, z, site)).toThrow(
      /activations \[2, 3\] and sites \[2\].*\[batch, 4\] and \[batch\]/,
    );
    const three = input('z', 'float32', [3, 4]);
    expect(() => condition(config, p, three, site)).toThrow(/activations \[3, 4\] and sites \[2\]/);
  });

  it('names places that it does not have', () => {
    const z = input('z', 'float32', [2, 4]);
    const ids = input('ids', 'int32', [2, 6]);
    expect(() => decoderLogits(config, p, z, site, ids)).toThrow(
      /ids \[2, 6\] from place 0 on pass 5 places/,
    );
    const u = condition(config, p, z, site);
    const one = input('ids', 'int32', [2, 1]);
    expect(() => decode(config, p, one, prefix(config, p, u), u, 5)).toThrow(/from place 5 on pass 5 places/);
  });
});
