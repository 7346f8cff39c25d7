import { type CapableTask } from '../../tasks/capabilities.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { activationsOf } from '../../../test/fixtures/brute-force.js';
import { fewSums } from '../../../test/fixtures/few-sums.js';
import { probedModel } from '../../../test/fixtures/task-models.js';
import { nodeRuntime } from '../../engine/runtime/node.js';
import { InputError } from '../../input-error.js';
import { type HookedModel } from '../../models/hooked-model.js';
import { type ByteSource, memorySource } from '../../models/weights/byte-source.js';
import { seededRandom } from '../../random.js';
import { type Task } from '../../tasks/index.js';
import { counting } from '../../studies/index.js';
import { createJudge } from '../judge.js';
import { type Metric, metrics } from '../metrics.js';
import { enumerateActivations } from './activations.js';
import { openExactPreimages } from './exact.js';
import {
  type ActivationStore,
  digestOf,
  identityOf,
  saveActivations,
  loadActivations,
  nameOf,
} from './saved-activations.js';
import { measure } from './measure.js';
import { absent, findPrefixes, fresh } from './prefixes.js';
import { emptyRows, roundingOf, setRow } from './rows.js';
import { strataPreimage } from './strata.js';

const runtime = nodeRuntime({ threads: 1 });
/** Sums with three and with four digits, numbers that begin alike and others. */
const task = fewSums([100, 101, 109, 110, 199, 450, 455, 459, 500, 555, 901, 999]);
const site = 'blocks.1.hook_resid_post';
let model: HookedModel;
beforeAll(async () => {
  model = await probedModel(task);
});

/** Files in memory, and how often they were asked for. */
function memory(): ActivationStore & { files: Map<string, Uint8Array>; opened: number } {
  const files = new Map<string, Uint8Array>();
  const store = {
    files,
    opened: 0,
    open(name: string) {
      store.opened += 1;
      const bytes = files.get(name);
      return Promise.resolve(bytes === undefined ? null : memorySource(name, bytes));
    },
    write(name: string, chunks: Iterable<Uint8Array>) {
      files.set(name, Uint8Array.from([...chunks].flatMap((chunk) => [...chunk])));
      return Promise.resolve();
    },
  };
  return store;
}

/** The only one. */
const the = <T>([one]: readonly T[]): T => {
  if (one === undefined) throw new RangeError('none');
  return one;
};

describe('findPrefixes', () => {
  it('gives a row of its own to each different beginning, and none behind the end', () => {
    const { inputs, places, marks, rows, tokens } = findPrefixes(task);
    expect({ inputs, places }).toEqual({ inputs: 144, places: 13 });
    const all = Array.from({ length: inputs }, (_, input) => task.data.instance(input));
    for (let at = 0; at < places; at++) {
      const having = all.filter((ids) => at < ids.indexOf(task.eos));
      expect(rows[at]).toBe(new Set(having.map((ids) => ids.slice(0, at + 1).join())).size);
      let row = -1;
      const seen: string[] = [];
      all.forEach((ids, input) => {
        const mark = marks[at]?.[input];
        expect(mark === absent).toBe(at >= ids.indexOf(task.eos));
        if (mark === absent) return;
        const beginning = ids.slice(0, at + 1).join();
        if (mark === fresh) seen[++row] = beginning;
        expect(seen[row]).toBe(beginning);
        expect(tokens[input * places + at]).toBe(ids[at]);
      });
    }
  });
});

describe('rows', () => {
  it('are off by no more than their bound', () => {
    const element = fc.float({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 40 }), (values) => {
        const source = Float32Array.from(values);
        const rows = emptyRows(1, source.length);
        setRow(rows, 0, source, 0, source.length);
        const scale = rows.scales[0] ?? 0;
        const off = Math.hypot(...source.map((value, at) => value - (rows.values[at] ?? 0) * scale));
        expect(off).toBeLessThanOrEqual(roundingOf(scale, source.length) + 1e-36);
      }),
    );
  });
});

describe('measure', () => {
  it.each(metrics)('bounds the true %s distance of every input', async (metric) => {
    const activations = the(await enumerateActivations(runtime, model, task, [site]));
    const [query = new Float32Array(0)] = (
      await activationsOf(runtime, model, site, task.data.instance(77))
    ).slice(8);
    const { distances, lower, upper, positions } = measure(
      activations.marks,
      activations.rows,
      query,
      metric,
    );
    const exact = await exactDistances(task, query, metric);
    exact.forEach((own, input) => {
      const least = Math.min(...own);
      expect(lower[input]).toBeLessThanOrEqual(least);
      expect(upper[input]).toBeGreaterThanOrEqual(least);
      expect((upper[input] ?? 0) - (lower[input] ?? 0)).toBeLessThan(2e-3);
      expect(Math.abs((distances[input] ?? 0) - least)).toBeLessThan(1e-3);
      expect((own[positions[input] ?? 0] ?? 9) - least).toBeLessThan(1e-3);
    });
  });
});

async function exactDistances(of: CapableTask, query: Float32Array, metric: Metric): Promise<number[][]> {
  const judge = createJudge(runtime, model, of, site);
  const inputs = Array.from({ length: of.data.size }, (_, input) => of.data.instance(input));
  const verdicts = await judge.judge(inputs, query);
  await judge.dispose();
  return verdicts[metric].map(({ distances }) => [...distances]);
}

describe('openExactPreimages', () => {
  it('gives just the inputs that the judge finds inside, whatever the query, threshold and metric', async () => {
    const exact = await openExactPreimages(runtime, model, task, 'x1.post');
    const random = seededRandom(3);
    const rechecked = { anywhere: 0, atAnInput: 0 };
    let unmeasured = 0;
    for (let i = 0; i < 12; i++) {
      const ids = task.data.instance(random.int(task.data.size));
      const own = await activationsOf(runtime, model, site, ids);
      const z = own[1 + random.int(ids.length - 2)] ?? new Float32Array(0);
      const metric = metrics[i % 2] ?? 'euclidean';
      const truth = (await exactDistances(task, z, metric)).map((row) => Math.min(...row));
      // Thresholds at the very distance of an input are the hard ones.
      const thresholds = [
        0.1,
        0.4,
        truth[random.int(truth.length)] ?? 0,
        truth[random.int(truth.length)] ?? 0,
      ];
      for (const epsilon of thresholds) {
        const set = await exact.find(z, { epsilon, metric });
        const inside = truth.flatMap((distance, input) => (distance <= epsilon ? [input] : []));
        expect(Array.from(set.members)).toEqual(inside);
        expect(set).toMatchObject({ size: inside.length, total: 144 });
        // Where only these are wanted, they are found without measuring what is far away.
        const quick = await exact.find(z, { epsilon, metric, insideOnly: true });
        expect(Array.from(quick.members)).toEqual(inside);
        for (const input of inside) {
          expect(quick.distances[input]).toBe(set.distances[input]);
          expect(quick.positions[input]).toBe(set.positions[input]);
        }
        unmeasured += quick.distances.filter((distance) => distance === Infinity).length;
        if (inside.length > 0) expect(set.bits).toBeCloseTo(-Math.log2(inside.length / 144), 12);
        // An input's very distance is that of all that begin like it.
        rechecked[thresholds.indexOf(epsilon) < 2 ? 'anywhere' : 'atAnInput'] += set.rechecked;
      }
    }
    // The model is asked again where it must be, and hardly ever elsewhere.
    expect(unmeasured).toBeGreaterThan(0);
    expect(rechecked.atAnInput).toBeGreaterThan(0);
    expect(rechecked.anywhere).toBeLessThan(0.02 * 12 * 2 * 144);
    await exact.dispose();
  });

  it('keeps a pass and takes it up again; another model, site or processing has one of its own', async () => {
    const store = memory();
    let run = 0;
    const options = { store, onProgress: (done: number) => (run = done) };
    const open = async (of: HookedModel, at: string): Promise<number> => {
      run = 0;
      const exact = await openExactPreimages(runtime, of, task, at, options);
      await exact.dispose();
      return run;
    };
    expect(await open(model, site)).toBe(144);
    expect(await open(model, site)).toBe(0);
    expect(await open(model, 'a0.0')).toBe(144);
    expect(await open({ ...model, hash: 'other' }, site)).toBe(144);
    expect(await open({ ...model, processing: 'none' }, site)).toBe(144);
    expect(store.files.size).toBe(4);
  });

  it('makes a damaged pass again: cut short, a byte changed anywhere, or not ours at all', async () => {
    const store = memory();
    const made = the(await enumerateActivations(runtime, model, task, [site]));
    const identity = identityOf(model, task, site);
    await saveActivations(store, identity, made);
    const name = await nameOf(identity);
    const sound = store.files.get(name) ?? new Uint8Array(0);
    expect((await loadActivations(store, identity))?.rows).toEqual(made.rows);
    const random = seededRandom(4);
    const damaged = [
      ...Array.from({ length: 60 }, () => {
        const bytes = sound.slice();
        const at = random.int(random.int(2) === 0 ? 800 : bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(8));
        return bytes;
      }),
      ...[0, 5, 127, 128, 400, sound.length - 1].map((length) => sound.slice(0, length)),
      new TextEncoder().encode('not ours'.repeat(100)),
    ];
    for (const bytes of damaged) {
      // Padding of the prologue is no data: a change there changes nothing.
      const meant =
        bytes.length !== sound.length ||
        bytes.some((byte, at) => byte !== sound[at] && !inPadding(sound, at));
      store.files.set(name, bytes);
      if (meant) expect(await loadActivations(store, identity)).toBeNull();
    }
    const exact = await openExactPreimages(runtime, model, task, site, { store });
    expect(store.files.get(name)).toEqual(sound);
    await exact.dispose();
  });

  it('makes a pass again that cannot be read, whatever the reason', async () => {
    const identity = identityOf(model, task, site);
    const header = new TextEncoder().encode('{"identity":');
    const opening = new Uint8Array(128);
    opening.set(
      new TextEncoder().encode(`inversionview activations 2\n${header.length} ${await digestOf(header)}\n`),
    );
    const written: string[] = [];
    const write: ActivationStore['write'] = (name) => {
      written.push(name);
      return Promise.resolve();
    };
    const source = (bytes: Uint8Array<ArrayBuffer>, read?: () => Promise<never>): ByteSource => ({
      name: 'kept',
      size: bytes.length,
      read: read ?? ((at, length) => Promise.resolve(bytes.slice(at, at + length))),
      close: () => Promise.resolve(),
    });
    const failing = (): Promise<never> =>
      Promise.reject(Object.assign(new Error('i/o error'), { code: 'EIO' }));
    const notJson = Uint8Array.from([...opening, ...header]);
    for (const open of [
      () => Promise.resolve(source(notJson)),
      () => Promise.resolve(source(notJson, failing)),
      failing,
      () => Promise.reject(new InputError('it is not a file')),
    ]) {
      expect(await loadActivations({ open, write }, identity)).toBeNull();
      const exact = await openExactPreimages(runtime, model, task, site, { store: { open, write } });
      expect(exact.total).toBe(144);
      await exact.dispose();
    }
    expect(written).toEqual(Array.from({ length: 4 }, () => written[0]));
  });

  it('answers though a pass cannot be kept, and says why', async () => {
    const reasons: string[] = [];
    const store: ActivationStore = {
      open: () => Promise.resolve(null),
      write: () => Promise.reject(new InputError('the disk is full')),
    };
    const onNotSaved = (reason: string): number => reasons.push(reason);
    const exact = await openExactPreimages(runtime, model, task, site, { store, onNotSaved });
    expect(exact.total).toBe(144);
    expect(reasons).toEqual(['the disk is full']);
  });

  it('stops when told to', async () => {
    const signal = AbortSignal.abort();
    await expect(openExactPreimages(runtime, model, task, site, { signal })).rejects.toThrow(/abort/i);
  });

  it('refuses what cannot be enumerated, unknown sites and queries of another width', async () => {
    const { enumeration: _, ...unlisted } = task;
    const open = (of: Task, at: string): Promise<unknown> => openExactPreimages(runtime, model, of, at);
    await expect(open(unlisted, site)).rejects.toThrow(
      new InputError('The inputs of addition cannot all be enumerated. Only its decoder can find preimages.'),
    );
    await expect(open(counting, site)).rejects.toThrow(
      /They are too many: .*the order of the string is drawn/,
    );
    await expect(open(task, 'a0.9')).rejects.toThrow(/Unknown site "a0\.9"\. Did you mean/);
    const exact = await openExactPreimages(runtime, model, task, site);
    await expect(exact.find(new Float32Array(3))).rejects.toThrow(InputError);
  });
});

/** The prologue is a line, and zeros up to 128 bytes. */
const inPadding = (sound: Uint8Array, at: number): boolean =>
  at < 128 && at > sound.indexOf(10, sound.indexOf(10) + 1);

describe('digestOf', () => {
  it('is SHA-256', async () => {
    expect(await digestOf(new TextEncoder().encode('abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('differs when any byte does, or the top bits of any two words, or when two words change places', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 8, maxLength: 70 }),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (bytes, at, more, change) => {
          const digest = await digestOf(bytes);
          expect(await digestOf(bytes.slice())).toBe(digest);
          const changed = (...places: readonly (readonly [number, number])[]): Uint8Array => {
            const other = bytes.slice();
            for (const [place, bits] of places) other[place] = (other[place] ?? 0) ^ bits;
            return other;
          };
          expect(await digestOf(changed([at % bytes.length, change]))).not.toBe(digest);
          const words = Math.floor(bytes.length / 4);
          const [first, second] = [at % words, (at + 1 + (more % (words - 1))) % words];
          expect(await digestOf(changed([4 * first + 3, 0x80], [4 * second + 3, 0x80]))).not.toBe(digest);
        },
      ),
    );
    const words = Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0);
    const moved = Uint8Array.from([...words.slice(16, 20), ...words.slice(4, 16), ...words.slice(0, 4)]);
    expect(await digestOf(moved)).not.toBe(await digestOf(words));
  });

  it('of what is hashed in pieces differs in every piece', async () => {
    const bytes = new Uint8Array(3 * 64 + 5);
    const digest = await digestOf(bytes, 64);
    for (let at = 0; at < bytes.length; at++) {
      bytes[at] = 0x80;
      expect(await digestOf(bytes, 64)).not.toBe(digest);
      bytes[at] = 0;
    }
    expect(await digestOf(bytes.subarray(0, -1), 64)).not.toBe(digest);
  });
});

describe('strataPreimage', () => {
  it('goes through every class of the query’s letters, and its probability is that of blind draws', async () => {
    const { enumeration } = counting;
    if (enumeration?.kind !== 'strata') throw new Error('counting has strata');
    const groupOf = (one: readonly number[]): number => enumeration.groupOf(one);
    const probed = await probedModel(counting);
    const at = 'blocks.0.attn.hook_result.0';
    const ids = counting.encode('abacab|a:3');
    const [z = new Float32Array(0)] = (await activationsOf(runtime, probed, at, ids)).slice(9);
    const options = { epsilon: 0.5, metric: 'euclidean' as const, seed: 8 };
    const found = await strataPreimage(
      runtime,
      probed,
      counting,
      at,
      { ids, z },
      { ...options, repeats: 1, rounds: 3 },
    );
    expect(found.own.all + found.own.none).toBe(2187);
    expect(found.own.some).toBe(0);
    expect(found.run).toBe(4 * 2187);
    expect(found.others).toMatchObject({ run: 3 * 2187, groups: 2599 });
    // A group drawn anew for each class: hardly two inputs have the same letters.
    const groups = new Set(found.members.filter(({ own }) => !own).map(({ ids }) => groupOf(ids)));
    expect(groups.size).toBeGreaterThan(0.4 * found.others.inside);
    expect(groups.has(groupOf(ids))).toBe(false);
    const weights = found.members.reduce((sum, { weight }) => sum + weight, 0);
    expect(weights).toBeCloseTo(found.probability, 10);
    const random = seededRandom(9);
    const judge = createJudge(runtime, probed, counting, at);
    const blind = Array.from({ length: 3000 }, () => counting.distribution.draw(random));
    const inside =
      (await judge.judge(blind, z)).euclidean.filter(({ distance }) => distance <= 0.5).length / 3000;
    const error = 3 * Math.hypot(found.standardError, Math.sqrt((inside * (1 - inside)) / 3000)) + 0.002;
    expect(Math.abs(found.probability - inside)).toBeLessThan(error);
    for (const { distance } of found.members) expect(distance).toBeLessThanOrEqual(0.5);
    // More rounds begin with those of fewer: a run can be cut between them.
    const fewer = await strataPreimage(
      runtime,
      probed,
      counting,
      at,
      { ids, z },
      { ...options, repeats: 1, rounds: 1 },
    );
    const texts = (set: typeof found): string[] => set.members.map((member) => member.ids.join());
    expect(texts(found).slice(0, fewer.members.length)).toEqual(texts(fewer));
  });

  it('refuses a task without strata, and an input that is not of the task', async () => {
    const options = {
      epsilon: 1,
      metric: 'euclidean' as const,
      repeats: 1,
      rounds: 1,
      seed: 1,
    };
    const z = new Float32Array(32);
    await expect(
      strataPreimage(runtime, model, task, site, { ids: task.data.instance(0), z }, options),
    ).rejects.toThrow(/have no strata/);
    await expect(
      strataPreimage(runtime, model, counting, site, { ids: counting.encode('ab|a:1'), z }, options),
    ).rejects.toThrow(/Only an input of the task has a group: ab\|a:1 has 2 distinct letters/);
  });
});
