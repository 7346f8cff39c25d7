import { describe, expect, it } from 'vitest';
import { fewSums } from '../../test/fixtures/few-sums.js';
import { type Random, randomFor } from '../random.js';
import { featureValue } from '../tasks/feature.js';
import { exactSample, weightedSample } from './sample.js';
import { featureBits } from './feature-bits.js';
import { createPrior } from './prior.js';
import { readout } from './readout.js';

const task = fewSums(Array.from({ length: 48 }, (_, at) => 100 + ((at * 521) % 900)));
const prior = createPrior(task);
const inputs = Array.from({ length: task.data.size }, (_, input) => task.data.instance(input));

/** A preimage by chance: inputs with some of the values of one feature, or of another one. */
function anyPreimage(random: Random): number[] {
  const some = () => {
    const table = prior.tables[random.int(prior.tables.length)];
    const share = 0.15 + 0.5 * random.next();
    const values = new Set(table?.values.filter(() => random.next() < share));
    return (ids: readonly number[]) =>
      table !== undefined && values.has(featureValue(task, table.feature, ids));
  };
  const [one, other] = [some(), some()];
  const both = random.next() < 0.5;
  const members = inputs.flatMap((ids, input) => (one(ids) || (both && other(ids)) ? [input] : []));
  return members.length > 20 ? members : anyPreimage(random);
}

const query = inputs[77] ?? [];
const exactOf = (members: readonly number[]) => {
  const sample = exactSample(prior, { members: Uint32Array.from(members) });
  return readout(prior, sample, featureBits(prior, sample, query, 1), 1);
};
const sampledOf = (members: readonly number[], draws: number, seed: number) => {
  const random = randomFor(seed, 'draws');
  const found = Array.from({ length: draws }, () => ({
    ids: inputs[members[random.int(members.length)] ?? 0] ?? [],
    position: 8,
    weight: 1,
  }));
  const sample = weightedSample(prior, found, draws);
  return readout(prior, sample, featureBits(prior, sample, query, seed), seed);
};

describe('what is known in part', () => {
  it('is said of a sample where the whole set says it too', () => {
    let [said, flipped] = [0, 0];
    for (let trial = 0; trial < 36; trial++) {
      const members = anyPreimage(randomFor(trial, 'preimage'));
      const exact = exactOf(members);
      const whole = new Set([...exact.known, ...exact.partly.map(({ feature }) => feature)]);
      for (const draws of [15, 60, 300]) {
        const { partly } = sampledOf(members, draws, trial);
        said += partly.length;
        flipped += partly.filter(({ feature }) => !whole.has(feature)).length;
      }
    }
    expect(said).toBeGreaterThan(20);
    expect(flipped / said).toBeLessThanOrEqual(0.05);
  });

  it('is said of a large sample as of the whole set', () => {
    const members = inputs.flatMap((ids, input) => (ids[1] === 8 || ids[5] === 8 ? [input] : []));
    const names = ({ partly }: ReturnType<typeof exactOf>) => partly.map(({ feature }) => feature).sort();
    const exact = exactOf(members);
    expect(names(exact).length).toBeGreaterThan(0);
    expect(names(sampledOf(members, 4000, 1))).toEqual(names(exact));
  });

  it('is the same when it is asked again', () => {
    const members = anyPreimage(randomFor(5, 'preimage'));
    expect(sampledOf(members, 80, 3)).toEqual(sampledOf(members, 80, 3));
  });
});
