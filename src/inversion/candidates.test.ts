import { describe, expect, it } from 'vitest';
import { at } from '../../test/fixtures/float64.js';
import { randomFor, seededRandom } from '../random.js';
import { addition } from '../studies/index.js';
import { type SamplingRound } from '../tasks/index.js';
import { planCandidates, sliceRequest, spread } from './candidates.js';

const z = seededRandom(2)
  .fillGaussian(new Float32Array(32))
  .map((value) => 3 * value + 1);
const rounds: SamplingRound[] = [
  { temperature: 0.5, noise: 0, candidates: 5 },
  { temperature: 2, noise: 0.1, candidates: 3 },
  { temperature: 1, noise: 0.4, candidates: 4 },
];
const plan = (seed = 1, own = rounds) => planCandidates(z, 4, own, 6, randomFor(seed, 'candidates'));

describe('spread', () => {
  it('is the standard deviation over the elements', () => {
    expect(spread(Float32Array.of(1, 3))).toBe(1);
    expect(spread(Float32Array.of(2, 4, 4, 4, 5, 5, 7, 9))).toBe(2);
    expect(spread(Float32Array.of(7))).toBe(0);
  });
});

describe('planCandidates', () => {
  it('lays all rounds out as rows', () => {
    const { request, rounds: of } = plan();
    expect([...of]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2]);
    expect([...request.temperatures]).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 2, 2, 2, 1, 1, 1, 1]);
    expect(new Set(request.sites)).toEqual(new Set([4]));
    expect(request.z).toHaveLength(12 * 32);
    expect(request.uniforms).toHaveLength(12 * 6);
    expect(request.uniforms.every((u) => u > 0 && u <= 1)).toBe(true);
    for (let row = 0; row < 5; row++) expect(request.z.subarray(row * 32, (row + 1) * 32)).toEqual(z);
  });

  it('takes the published rounds of a task: 1,024 candidates', () => {
    const { request, rounds: of } = plan(1, [...addition.rounds]);
    expect(request.sites).toHaveLength(1024);
    const settings = [...of].map((round) => {
      const { temperature, noise } = addition.rounds[round] ?? { temperature: 0, noise: 0 };
      return `${temperature} ${noise}`;
    });
    for (const name of ['0.5 0', '1 0', '2 0', '2 0.1'])
      expect(settings.filter((one) => one === name)).toHaveLength(4 * 64);
  });

  it('turns by a cosine of 1 − noise, at a length of up to e times the own one', () => {
    const norm = (vector: ArrayLike<number>): number => Math.hypot(...Array.from(vector));
    for (const noise of [0.1, 0.25, 1]) {
      const rows = 400;
      const { request } = plan(6, [{ temperature: 1, noise, noiseKind: 'turn', candidates: rows }]);
      const lengths: number[] = [];
      for (let row = 0; row < rows; row++) {
        const own = request.z.subarray(row * 32, (row + 1) * 32);
        const product = own.reduce((sum, value, i) => sum + value * at(z, i), 0);
        expect(product / norm(own) / norm(z)).toBeCloseTo(1 - noise, 4);
        lengths.push(Math.log(norm(own) / norm(z)));
      }
      expect(Math.min(...lengths)).toBeGreaterThan(-1.0001);
      expect(Math.max(...lengths)).toBeLessThan(1.0001);
      const mean = lengths.reduce((sum, value) => sum + value, 0) / rows;
      // A number from −1 to 1 has the variance 1/3.
      expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(1 / 3 / rows));
    }
  });

  it('adds normal noise of std(z) · noise to each element', () => {
    for (const noise of [0.1, 0.5]) {
      const rows = 2000;
      const { request } = plan(5, [{ temperature: 1, noise, candidates: rows }]);
      const deviation = spread(z) * noise;
      const scaled = Float64Array.from(request.z, (value, i) => (value - at(z, i % 32)) / deviation);
      const n = scaled.length;
      const moment = (power: number): number => scaled.reduce((sum, value) => sum + value ** power, 0) / n;
      // Variances of the moments of n standard normal numbers: 1/n, 2/n, 15/n, 96/n.
      expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(n));
      expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
      expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / n));
      expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
      // Elements get noise of their own, and rows too.
      const together = scaled.reduce((sum, value, i) => sum + value * (scaled[i + 1] ?? 0), 0) / n;
      const below = scaled.reduce((sum, value, i) => sum + value * (scaled[i + 32] ?? 0), 0) / n;
      expect(Math.max(Math.abs(together), Math.abs(below))).toBeLessThan(5 / Math.sqrt(n));
    }
  });

  it('is decided by the seed', () => {
    expect(plan(1)).toEqual(plan(1));
    expect(plan(1).request.uniforms).not.toEqual(plan(2).request.uniforms);
    expect(plan(1).request.z).not.toEqual(plan(2).request.z);
  });

  it('draws a row alike whatever follows it', () => {
    const { request } = plan(1);
    const fewer = plan(1, rounds.slice(0, 2)).request;
    expect(request.uniforms.subarray(0, 8 * 6)).toEqual(fewer.uniforms);
    expect(request.z.subarray(0, 8 * 32)).toEqual(fewer.z);
  });
});

describe('sliceRequest', () => {
  it('cuts rows out, and the parts make the whole', () => {
    const { request } = plan();
    const parts = [sliceRequest(request, 0, 7, 6), sliceRequest(request, 7, 12, 6)];
    for (const field of ['z', 'sites', 'temperatures', 'uniforms'] as const) {
      expect(parts.flatMap((part) => [...part[field]])).toEqual([...request[field]]);
    }
    expect(sliceRequest(request, 3, 3, 6).z).toHaveLength(0);
  });
});
