import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from './input-error.js';
import { hash32, restoreRandom, seedFor, seededRandom } from './random.js';

const moments = (values: Float32Array): { mean: number; deviation: number } => {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / values.length) };
};

describe('seededRandom', () => {
  it('gives the same numbers for the same seed', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const [first, second] = [seededRandom(seed), seededRandom(seed)];
        for (let i = 0; i < 5; i++) expect(first.next()).toBe(second.next());
      }),
    );
  });

  it('does not change between versions: shipped figures name their seeds', () => {
    const random = seededRandom(1);
    expect(Array.from({ length: 4 }, () => random.int(1000))).toMatchInlineSnapshot(`
      [
        313,
        155,
        68,
        121,
      ]
    `);
  });

  it('starts neighbouring seeds and streams far apart', () => {
    const first = new Set<number>();
    for (let seed = 0; seed < 100; seed++) {
      for (let stream = 0; stream < 10; stream++) first.add(seededRandom(seed, stream).int(2 ** 32));
    }
    expect(first.size).toBe(1000);
    const values = Float32Array.from({ length: 1000 }, (_, seed) => seededRandom(seed).next());
    expect(moments(values).mean).toBeCloseTo(0.5, 1);
  });

  it('tells seeds above 32 bits apart', () => {
    expect(seededRandom(2 ** 40).int(2 ** 32)).not.toBe(seededRandom(2 ** 41).int(2 ** 32));
  });

  it.each([-1, 1.5, NaN, Infinity, 2 ** 53])('refuses the seed %s', (seed) => {
    expect(() => seededRandom(seed)).toThrow(InputError);
  });
});

describe('restoreRandom', () => {
  it('continues where the state was taken, whatever was drawn before', () => {
    const draw = fc.constantFrom('next', 'int', 'gaussian', 'fill', 'fillGaussian');
    fc.assert(
      fc.property(fc.nat(), fc.array(draw, { maxLength: 8 }), (seed, draws) => {
        const random = seededRandom(seed);
        for (const kind of draws) {
          if (kind === 'int') random.int(7);
          else if (kind === 'fill' || kind === 'fillGaussian') random[kind](new Float32Array(3));
          else random[kind]();
        }
        const restored = restoreRandom(JSON.parse(JSON.stringify(random.state())) as number[]);
        expect(restored.gaussian()).toBe(random.gaussian());
        expect(restored.fillGaussian(new Float32Array(5))).toEqual(random.fillGaussian(new Float32Array(5)));
        expect(restored.state()).toEqual(random.state());
      }),
    );
  });

  it('does not move the generator when its state is read', () => {
    const random = seededRandom(3);
    expect(random.state()).toEqual(random.state());
  });

  it.each([[[]], [[1, 2, 3]], [[0, 0, 0, 0]], [[1, 2, 3, 0.5]], [[1, 2, 3, 2 ** 40]]])(
    'refuses the state %j',
    (state) => {
      expect(() => restoreRandom(state)).toThrow(InputError);
    },
  );
});

describe('distributions', () => {
  it('next and fill lie in [0, 1) evenly', () => {
    const random = seededRandom(5);
    const filled = random.fill(new Float32Array(50_000));
    expect(filled.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(Math.abs(moments(filled).mean - 0.5)).toBeLessThan(0.01);
    expect(Math.abs(moments(filled).deviation - Math.sqrt(1 / 12))).toBeLessThan(0.01);
    for (let i = 0; i < 1000; i++) {
      const value = random.next();
      expect(value >= 0 && value < 1).toBe(true);
    }
  });

  it('int is even over its range, also where the range does not divide 2^32', () => {
    const random = seededRandom(6);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) {
      const drawn = random.int(7);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    for (let i = 0; i < 100; i++) expect(random.int(3 * 2 ** 30)).toBeLessThan(3 * 2 ** 30);
    expect(random.int(1)).toBe(0);
  });

  it.each([0, -1, 2.5, NaN, 2 ** 33])('int refuses a range of %s', (n) => {
    expect(() => seededRandom(1).int(n)).toThrow(RangeError);
  });

  it('gaussian and fillGaussian have mean 0 and deviation 1', () => {
    const random = seededRandom(7);
    const single = Float32Array.from({ length: 50_000 }, () => random.gaussian());
    const bulk = random.fillGaussian(new Float32Array(50_001));
    for (const values of [single, bulk]) {
      expect(Math.abs(moments(values).mean)).toBeLessThan(0.02);
      expect(Math.abs(moments(values).deviation - 1)).toBeLessThan(0.02);
    }
    expect(bulk.every((value) => Number.isFinite(value))).toBe(true);
  });
});

describe('seedFor', () => {
  it('gives a seed of its own for each use, and the same for the same use', () => {
    const uses: (readonly [string, ...(string | number)[]])[] = [
      ['a'],
      ['b'],
      ['ab'],
      ['a', 'b'],
      ['a', 0],
      ['a', 1],
      ['a', '0'],
      ['a', '0', 1],
      ['a', 1, '0'],
      ['a', 'x0.pre', 12],
      ['a', 'x0.pre1', 2],
      ['a', 'x0', '.pre', 12],
      ['a', ''],
      ['a', '', ''],
    ];
    const seeds = uses.flatMap((use) => [1, 2, 2 ** 40 + 1].map((seed) => seedFor(seed, ...use)));
    expect(new Set(seeds).size).toBe(seeds.length);
    expect(uses.flatMap((use) => [1, 2, 2 ** 40 + 1].map((seed) => seedFor(seed, ...use)))).toEqual(seeds);
  });

  it('stays what it was: trained weights and saved trainings rest on it', () => {
    expect([seedFor(0, 'decoder', 7), seedFor(5, 'dropout', 123), seedFor(1, 'batches')]).toEqual([
      3329700901, 2653833933, 2917476157,
    ]);
  });
});

describe('hash32', () => {
  it('gives 32-bit words that change by half their bits when one input bit changes', () => {
    let changed = 0;
    const trials = 2000;
    for (let i = 0; i < trials; i++) {
      const word = hash32(9, i);
      expect(Number.isInteger(word) && word >= 0 && word < 2 ** 32).toBe(true);
      let difference = word ^ hash32(9, i ^ (1 << (i % 31)));
      for (; difference !== 0; difference &= difference - 1) changed++;
    }
    expect(Math.abs(changed / trials - 16)).toBeLessThan(0.5);
  });
});
