import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fewSums } from '../../test/fixtures/few-sums.js';
import { type Random, randomFor, seededRandom } from '../random.js';
import { type Feature } from '../tasks/feature.js';
import { addition } from '../studies/index.js';
import { entropy, histogram } from './entropy.js';
import { countInterval, estimateBits } from './estimate.js';
import { featureBits } from './feature-bits.js';
import { gammaQuantile, gammaShare, logGamma } from './incomplete-gamma.js';
import { meanOf, siteBits } from './mutual-information.js';
import { type Prior, createPrior } from './prior.js';
import { type Found, type Proposed } from './proposal.js';
import { readout } from './readout.js';
import { exactInformation, readoutByPlace } from './by-place.js';
import { samplerFigures } from './recall.js';
import { agreementOf } from './records.js';
import { exactSample, weightedSample } from './sample.js';
import { tShare, tWithin } from './student-t.js';

describe('the gamma distribution', () => {
  it('has the values of tables', () => {
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
    expect(logGamma(10)).toBeCloseTo(Math.log(362_880), 11);
    // Chi-square quantiles: twice a gamma of half the degrees of freedom.
    expect(2 * gammaQuantile(0.975, 0.5)).toBeCloseTo(5.023886, 5);
    expect(2 * gammaQuantile(0.025, 5)).toBeCloseTo(3.246973, 5);
    expect(2 * gammaQuantile(0.975, 50)).toBeCloseTo(129.561197, 4);
    expect(gammaQuantile(0.5, 1, 3)).toBeCloseTo(3 * Math.LN2, 10);
  });

  it('has quantiles that undo shares, for shapes small and large', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.02, max: 5000, noNaN: true }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (shape, share) => {
          expect(gammaShare(shape, gammaQuantile(share, shape))).toBeCloseTo(share, 7);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("Student's t distribution", () => {
  it('has the values of tables', () => {
    for (const [freedom, value] of [
      [1, 12.7062],
      [2, 4.30265],
      [3, 3.18245],
      [5, 2.57058],
      [9, 2.26216],
      [30, 2.04227],
      [39, 2.02269],
      [1000, 1.96234],
    ] as const)
      expect(tWithin(freedom)).toBeCloseTo(value, 3);
    expect(tWithin(10, 0.99)).toBeCloseTo(3.16927, 4);
    expect(tShare(4, 0)).toBe(0);
  });
});

describe('entropy', () => {
  it('is that of the distribution, and mends what few draws lose', () => {
    expect(entropy(Float64Array.of(0.5, 0.25, 0.25, 0))).toBeCloseTo(1.5, 12);
    expect(entropy(Float64Array.of(1))).toBe(0);
    const random = seededRandom(1);
    const seen = (draws: number): number => {
      const codes = Int32Array.from({ length: draws }, () => random.int(16));
      return entropy(histogram(codes, null, 16), draws);
    };
    const mean = (draws: number): number =>
      Array.from({ length: 300 }, () => seen(draws)).reduce((sum, value) => sum + value, 0) / 300;
    // Without the mending 40 draws would miss 0.27 bits.
    expect(Math.abs(mean(40) - 4)).toBeLessThan(0.1);
    expect(Math.abs(mean(400) - 4)).toBeLessThan(0.02);
  });
});

describe('countInterval', () => {
  it('is the exact interval of a plain count', () => {
    // Garwood's interval of 10 events: 4.795 to 18.39.
    const [low, high] = countInterval(10, 10, 1);
    expect(low).toBeCloseTo(4.7954, 3);
    expect(high).toBeCloseTo(18.3904, 3);
    expect(countInterval(0, 0, 1)).toEqual([0, expect.closeTo(3.6889, 3)]);
  });
});

/** A world with a known preimage: numbered inputs, some inside, and a decoder that knows some of them better. */
function world(seed: number, size: number, inside: number, sharpness: number) {
  const random = seededRandom(seed);
  const members = Array.from({ length: inside }, (_, at) => at);
  const raw = Array.from(
    { length: size },
    (_, at) => Math.exp(sharpness * random.gaussian()) * (at < inside ? 1 : 0.001),
  );
  const sum = raw.reduce((total, weight) => total + weight, 0);
  const q = raw.map((weight) => weight / sum);
  const running: number[] = [];
  q.reduce((total, share, at) => (running[at] = total + share), 0);
  const draw = (): number => {
    const mark = random.next() * (running.at(-1) ?? 1);
    let [low, high] = [0, size - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((running[middle] ?? 0) < mark) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return { members, q, draw, random };
}

function proposedIn({ q, draw, random }: ReturnType<typeof world>, size: number, inside: number): Proposed {
  const [draws, blind] = [300, 600];
  const own = random.int(inside);
  const drawn = [
    ...Array.from({ length: draws }, draw),
    ...Array.from({ length: blind }, () => random.int(size)),
  ];
  const seen = new Set([own, ...drawn]);
  const found = [...seen]
    .filter((at) => at < inside)
    .map((at): Found => {
      const missed = draws * Math.log1p(-(q[at] ?? 0)) + blind * Math.log1p(-1 / size);
      return {
        ids: [at],
        position: 0,
        logProbability: -Math.log(size),
        inclusion: at === own ? 1 : -Math.expm1(missed),
      };
    });
  const within = drawn.filter((at) => at < inside).length;
  return { found, draws: draws + blind, valid: draws + blind, inside: within, largestWeight: 1 / blind };
}

describe('estimateBits', () => {
  it.each([
    [4_000, 1, 1],
    [4_000, 12, 1],
    [4_000, 60, 1],
    [4_000, 60, 3],
    [4_000, 800, 2],
  ])(
    'of %i inputs, %i inside, sharpness %f: no bias, and intervals that hold the truth',
    (size, inside, sharpness) => {
      const truth = inside / size;
      let covered = 0;
      let given = 0;
      let sum = 0;
      const repeats = 200;
      const errors: number[] = [];
      for (let seed = 0; seed < repeats; seed++) {
        const proposed = proposedIn(world(seed, size, inside, sharpness), size, inside);
        const { bits, low, high } = estimateBits(proposed);
        sum += proposed.found.reduce((total, one) => total + Math.exp(one.logProbability) / one.inclusion, 0);
        if (low <= -Math.log2(truth) + 1e-9 && (high ?? Infinity) >= -Math.log2(truth) - 1e-9) covered += 1;
        if (bits === null) continue;
        given += 1;
        errors.push(Math.abs(bits + Math.log2(truth)));
      }
      expect(covered / repeats).toBeGreaterThanOrEqual(0.93);
      expect(given).toBeGreaterThan(repeats / 2);
      errors.sort((a, b) => a - b);
      expect(errors[Math.floor(errors.length / 2)]).toBeLessThan(0.3);
      // Sharp decoders leave rare large weights: the mean is loose there.
      if (sharpness < 3) expect(Math.abs(sum / repeats / truth - 1)).toBeLessThan(0.1);
    },
  );

  it('gives no number where it would rest on a few finds, and none at all where nothing was found', () => {
    const one = (inclusion: number): Found => ({ ids: [1], position: 0, logProbability: -10, inclusion });
    const found = (list: Found[]): Proposed => ({
      found: list,
      draws: 100,
      valid: 100,
      inside: list.length === 0 ? 0 : 100,
      largestWeight: 0.01,
    });
    const few = estimateBits(found([one(0.01), one(0.01), one(0.01)]));
    expect(few.bits).toBeNull();
    expect(few.effectiveSamples).toBeCloseTo(3 / 0.99, 6);
    expect(few.high).toBeGreaterThan(few.low);
    expect(estimateBits(found([]))).toMatchObject({ bits: null, high: null, effectiveSamples: 0 });
    // Its own input is inside though no draw was.
    expect(estimateBits({ ...found([one(1)]), inside: 0 })).toMatchObject({
      bits: null,
      effectiveSamples: 0,
    });
    // Sure of all that was found, and of nothing else.
    const sure = estimateBits({ ...found([one(1), one(1)]), largestWeight: 0 });
    expect(sure.bits).toBeCloseTo(-Math.log2(2 * Math.exp(-10)), 9);
    expect(sure.effectiveSamples).toBe(100);
  });
});

/** All sums, once for the file. */
let priorOfSums: Prior | null = null;
const sums = (): Prior => (priorOfSums ??= createPrior(addition));
const numberOf = (ids: readonly number[], at: number): number =>
  (ids[at] ?? 0) * 100 + (ids[at + 1] ?? 0) * 10 + (ids[at + 2] ?? 0);
const membersWhere = (test: (a: number, b: number) => boolean): Uint32Array => {
  const out: number[] = [];
  for (let input = 0; input < 810_000; input++) {
    if (test(100 + Math.floor(input / 900), 100 + (input % 900))) out.push(input);
  }
  return Uint32Array.from(out);
};
const tens = (a: number): number => Math.floor(a / 10) % 10;
const hundreds = (a: number): number => Math.floor(a / 100);

describe('featureBits and readout', () => {
  const query = addition.encode('835+141=976');
  const readoutOf = (members: Uint32Array, ids = query) => {
    const sample = exactSample(sums(), { members });
    const figures = featureBits(sums(), sample, ids, 1);
    return { figures, ...readout(sums(), sample, figures, 1) };
  };
  const figure = (all: ReturnType<typeof readoutOf>, name: string) =>
    all.figures.find(({ feature }) => feature === name);

  it('know two hundreds of unknown order: a pair, its sum implied, each digit half', () => {
    const all = readoutOf(
      membersWhere((a, b) => {
        const both = [hundreds(a), hundreds(b)];
        return both.includes(8) && both.includes(1);
      }),
    );
    expect(all.sentence).toBe('F1 and S1, order lost; nothing of the tens and the ones');
    expect(all.known).toEqual(['{F1,S1}']);
    expect(all.accounted).toBeCloseTo(-Math.log2(2 / 81), 6);
    expect(figure(all, '{F1,S1}')).toMatchObject({ after: 0, consistency: 1, value: '1,8', baseline: 0 });
    expect(figure(all, 'F1')?.bits).toBeCloseTo(Math.log2(9) - 1, 9);
    expect(figure(all, 'F1')?.consistency).toBeCloseTo(0.5, 9);
    expect(figure(all, 'F2')?.bits).toBeCloseTo(0, 9);
    expect(all.figures[0]?.feature).toBe('{F1,S1}');
  });

  it('name both digits where both are known, and neither the pair nor the sum', () => {
    const all = readoutOf(membersWhere((a, b) => hundreds(a) === 8 && hundreds(b) === 1));
    expect(all.sentence).toBe('F1 and S1; nothing of the tens and the ones');
  });

  it('name a carry, and what is known in part', () => {
    expect(readoutOf(membersWhere((a, b) => (a % 100) + (b % 100) < 100)).known).toEqual(['C2']);
    const even = readoutOf(membersWhere((a) => tens(a) % 2 === 1));
    expect(even.known).toEqual([]);
    expect(even.partly[0]).toMatchObject({
      feature: 'F2',
      bits: expect.closeTo(1, 6),
      of: expect.closeTo(Math.log2(10), 6),
    });
    expect(even.sentence).toMatch(
      /^in part F2 \(1\.0 of 3\.3 bits\); nothing of the hundreds, the ones and the answer$/,
    );
  });

  it('say the sum alone where only the sum is known', () => {
    const all = readoutOf(membersWhere((a, b) => a + b === 976));
    expect(all.known[0]).toBe('sum');
    expect(all.known).not.toContain('A1');
  });

  it('know everything of a single input, and nothing of all of them', () => {
    const all = readoutOf(membersWhere((a, b) => a === 835 && b === 141));
    expect(all.known).toEqual(['F1', 'F2', 'F3', 'S1', 'S2', 'S3']);
    expect(all.nothing).toEqual([]);
    expect(all.accounted).toBeCloseTo(Math.log2(810_000), 6);
    expect(readoutOf(membersWhere(() => true)).sentence).toBe('nothing that the features tell');
  });

  it('tell a preimage that matches at several places place by place', () => {
    // At "=" the hundreds are 8 and 1; at S3 the ones are 3 and 4.
    const members = membersWhere((a, b) => hundreds(a) === 8 && hundreds(b) === 1);
    const others = membersWhere((a, b) => a % 10 === 3 && b % 10 === 4);
    const all = Uint32Array.from([...members, ...others]);
    const positions = new Uint16Array(addition.data.size).fill(8);
    for (const input of others) positions[input] = 7;
    const both = exactSample(sums(), { members: all, positions });
    const words = (sample: typeof both) =>
      readoutByPlace(sums(), sample, featureBits(sums(), sample, query, 1), query, 1, exactInformation(null));
    const { places } = words(both);
    expect(places.map(({ place, sentence }) => [place, sentence])).toEqual([
      ['=', 'F1 and S1; nothing of the tens and the ones'],
      ['S3', 'F3 and S3; nothing of the hundreds and the tens'],
    ]);
    expect(places.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    // One place is no place to speak of.
    expect(words(exactSample(sums(), { members, positions })).places).toEqual([]);
    expect(words(exactSample(sums(), { members: all })).places).toEqual([]);
  });

  it('do not take chance for knowledge: few blind draws tell nothing', () => {
    const random = seededRandom(12);
    for (const draws of [9, 30, 200]) {
      const inputs = Array.from({ length: draws }, () => ({
        ids: addition.distribution.draw(random),
        position: 8,
        weight: 1,
      }));
      const sample = weightedSample(sums(), inputs, draws);
      const figures = featureBits(sums(), sample, query, 12);
      expect(readout(sums(), sample, figures, 12).known).toEqual([]);
      const above = figures.filter(({ bits, baseline }) => bits > baseline + 0.1);
      expect(above.length).toBeLessThanOrEqual(4);
    }
  });

  it('have baselines that blind draws exceed in one of twenty cases', () => {
    const trials = 300;
    let above = 0;
    const few = fewSums(Array.from({ length: 18 }, (_, at) => 100 + 50 * at));
    const prior = createPrior(
      few,
      few.features.filter(({ name }) => name === 'F1'),
    );
    for (let trial = 0; trial < trials; trial++) {
      const random = randomFor(trial, 'blind');
      const inputs = Array.from({ length: 40 }, () => ({
        ids: few.distribution.draw(random),
        position: 8,
        weight: 1,
      }));
      const [one] = featureBits(prior, weightedSample(prior, inputs, 40), query, trial);
      if ((one?.bits ?? 0) > (one?.baseline ?? 0)) above += 1;
    }
    // Within three standard errors of 0.05.
    expect(above / trials).toBeGreaterThan(0.012);
    expect(above / trials).toBeLessThan(0.088);
  });

  it('are the same for a feature whatever others are measured', () => {
    const few = fewSums([100, 109, 155, 218, 291, 350, 444, 507, 683, 999]);
    const random = seededRandom(21);
    const inputs = Array.from({ length: 60 }, () => ({
      ids: few.distribution.draw(random),
      position: 8,
      weight: 1,
    }));
    const of = (features: readonly Feature[]) => {
      const prior = createPrior(few, features);
      return featureBits(prior, weightedSample(prior, inputs, 60), query, 5);
    };
    const whole = of(few.features);
    for (const feature of few.features)
      expect(of([feature])).toEqual(whole.filter((one) => one.feature === feature.name));
  });

  it('weigh inputs: what is found easily counts no more than what is not', () => {
    const random = seededRandom(13);
    const inputs = Array.from({ length: 4000 }, () => {
      const ids = addition.distribution.draw(random);
      // Inputs with an even first digit are found four times as often.
      const often = (ids[1] ?? 0) % 2 === 0;
      return { ids, position: 8, chance: often ? 0.8 : 0.2, weight: often ? 1 : 4 };
    }).filter(({ chance }) => random.next() < chance);
    const sample = weightedSample(sums(), inputs, 1000);
    const f1 = featureBits(sums(), sample, query, 13).find(({ feature }) => feature === 'F1');
    expect(Math.abs(f1?.bits ?? 1)).toBeLessThan(0.03);
  });

  it('take features of a person’s own', () => {
    const own = { name: 'same hundreds', of: (ids: readonly number[]) => (ids[1] === ids[5] ? 'yes' : 'no') };
    const prior = createPrior(addition, [own]);
    const sample = exactSample(prior, { members: membersWhere((a, b) => hundreds(a) === hundreds(b)) });
    const [figures] = featureBits(prior, sample, addition.encode('150+199=349'), 1);
    expect(figures).toMatchObject({ feature: 'same hundreds', after: 0, consistency: 1, value: 'yes' });
    expect(figures?.before).toBeCloseTo(-(1 / 9) * Math.log2(1 / 9) - (8 / 9) * Math.log2(8 / 9), 9);
  });

  it('draw the inputs of a task that has too many', () => {
    const { enumeration: _, ...some } = addition;
    const prior = createPrior(some, addition.features.slice(0, 1));
    expect(prior).toMatchObject({ complete: false, inputs: 40_000 });
    expect(numberOf(addition.data.instance(0), 1)).toBe(100);
  });
});

describe('siteBits', () => {
  const query = (bits: number | null, own: number) => ({
    bits,
    features: [
      { feature: 'F1', bits: own, before: 3, after: 3 - own, baseline: 0, consistency: own / 3, value: 1 },
    ],
  });

  it('gives means with intervals that hold them, and counts queries without a number', () => {
    const all = siteBits([query(5, 1), query(7, 2), query(null, 3)]);
    expect(all).toMatchObject({ queries: 3, counted: 2, total: { bits: 6 } });
    // Student's t of one degree of freedom, 12.706, times a standard error of 1; no activation tells less than nothing.
    expect(all.total).toMatchObject({ low: 0, high: expect.closeTo(18.706, 3) });
    // Of a feature no more than its entropy.
    expect(all.features[0]).toMatchObject({ feature: 'F1', bits: 2, of: 3, low: 0, high: 3 });
    expect(siteBits([query(null, 0)]).total).toBeNull();
  });

  it('gives no interval of one query', () => {
    expect(siteBits([query(5, 1)])).toMatchObject({
      total: { bits: 5, low: null, high: null },
      features: [{ bits: 1, low: null, high: null }],
    });
  });

  // Bits of an activation: all there is to say, part of it, or hardly any; a ceiling, and a tail on one side.
  const sources: readonly (readonly [string, (random: Random) => number, number])[] = [
    ['normal', (random) => 5 + random.gaussian(), 5],
    ['all or some', (random) => (random.next() < 0.6 ? 5.4 : 5.4 * random.next()), 5.4 * 0.8],
    ['three kinds', (random) => [5.4, 2.1, 0.3][random.int(3)] ?? 0, 2.6],
  ];
  it.each(sources)(
    'has intervals that hold the mean of the source as often as they say: %s',
    (_, draw, mean) => {
      for (const [count, least] of [
        [6, 0.85],
        [12, 0.89],
        [40, 0.93],
      ] as const) {
        let held = 0;
        const trials = 2000;
        for (let trial = 0; trial < trials; trial++) {
          const random = randomFor(trial, 'intervals', count);
          const { low, high } = meanOf(Array.from({ length: count }, () => draw(random)));
          if ((low ?? Infinity) <= mean && (high ?? -Infinity) >= mean) held += 1;
        }
        expect(held / trials).toBeGreaterThanOrEqual(least);
        expect(held / trials).toBeLessThanOrEqual(0.97);
      }
    },
  );
});

describe('samplerFigures', () => {
  it('counts what was found of a known preimage, and what the decoder promised', () => {
    const verdict = (distance: number) => {
      const one = { distance, position: 1, distances: Float32Array.of(distance) };
      return { euclidean: one, cosine: one };
    };
    const candidate = (id: number, distance: number, valid = true) => ({
      ids: [id],
      round: 0,
      valid,
      verdicts: verdict(distance),
    });
    const figures = samplerFigures({
      candidates: [
        candidate(1, 0),
        candidate(1, 0),
        candidate(2, 0.05),
        candidate(9, 0.5),
        candidate(8, 0, false),
      ],
      members: ['1', '2', '3', '4'],
      logProbabilities: Float64Array.of(Math.log(0.4), Math.log(0.2), Math.log(0.1), Math.log(0.1)),
      plain: { draws: 2, found: new Set(['1']) },
      epsilon: 0.1,
      metric: 'euclidean',
    });
    expect(figures).toMatchObject({
      candidates: 5,
      valid: 4,
      recall: 0.5,
      precision: 0.75,
      mass: expect.closeTo(0.8, 9),
    });
    expect(figures.calibration.map(({ inputs }) => inputs)).toEqual([1, 1, 1, 1]);
    expect(figures.calibration.at(-1)).toMatchObject({ found: 1, expected: expect.closeTo(1 - 0.6 ** 2, 9) });
    // log2 of 4, the even share, less the cross entropy of the even distribution and the decoder's.
    const even = [0.5, 0.25, 0.125, 0.125].reduce((sum, share) => sum - 0.25 * Math.log2(share), 0) - 2;
    expect(figures.divergence).toBeCloseTo(even, 9);
  });
});

describe('agreementOf', () => {
  it('compares what can be compared', () => {
    const estimate = (bits: number | null, low: number, high: number | null) => ({
      bits,
      low,
      high,
      effectiveSamples: 9,
    });
    expect(
      agreementOf([
        { exact: 5, estimate: estimate(5.2, 4.9, 5.5) },
        { exact: 5, estimate: estimate(6, 5.5, null) },
        { exact: 5, estimate: estimate(null, 1, null) },
        { exact: null, estimate: estimate(3, 2, 4) },
        { exact: 4, estimate: null },
      ]),
    ).toEqual({ queries: 2, covered: 1, refused: 1, medianError: expect.closeTo(1, 9) });
  });
});
