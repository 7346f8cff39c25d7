import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fewSums } from '../../test/fixtures/few-sums.js';
import { probedModel } from '../../test/fixtures/task-models.js';
import { drawCases } from '../causal/experiment.js';
import { addition, experimentNamed } from '../studies/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { seededRandom } from '../random.js';
import { heldOutInputs } from './attention.js';
import { conditionOf } from './condition.js';
import { featureBits } from './feature-bits.js';
import { createPrior } from './prior.js';
import { drawQueries } from './queries.js';
import { weightedSample } from './sample.js';
import { type AskedActivation, mapSites } from './site-map.js';

/** A whole of 60 items, and a part of it. */
const parts = fc
  .tuple(fc.nat(59), fc.integer({ min: 1, max: 60 }))
  .map(([first, count]) => [first, Math.min(60, first + count)] as const);

describe('queries', () => {
  it.each([null, '=', 'A4'])('are those of the whole in any part of it, at %s', (place) => {
    const whole = drawQueries(addition, 60, place, 3);
    fc.assert(
      fc.property(parts, ([from, to]) => {
        expect(drawQueries(addition, to - from, place, 3, from)).toEqual(whole.slice(from, to));
      }),
      { numRuns: 25 },
    );
  });

  it('are the same inputs at places that all inputs have', () => {
    const inputs = (place: string) => drawQueries(addition, 40, place, 3).map(({ ids }) => ids);
    expect(inputs('=')).toEqual(inputs('A1'));
    // A place that some inputs lack takes another input for those alone.
    const [all, some] = [inputs('='), inputs('A4')];
    const kept = all.filter((ids) => ids.length === 14);
    expect(kept.length).toBeGreaterThan(5);
    for (const [at, ids] of all.entries()) if (ids.length === 14) expect(some[at]).toEqual(ids);
  });
});

describe('mapSites', () => {
  it('gives a site by itself, or a place, what it gives among others', async () => {
    const few = fewSums([100, 207, 311, 423, 535, 648, 752, 865, 974, 999]);
    const model = await probedModel(few);
    const prior = createPrior(few, few.features.slice(0, 6));
    // Whoever tells is asked with a seed of its own: what is drawn is all there is to tell.
    const open = () =>
      Promise.resolve({
        measure: ({ ids, seed }: AskedActivation) => {
          const random = seededRandom(seed);
          const found = Array.from({ length: 9 }, () => ({
            ids: few.distribution.draw(random),
            position: 8,
            weight: 1,
          }));
          const features = featureBits(prior, weightedSample(prior, found, 9), ids, seed);
          return Promise.resolve({ exact: { bits: random.next(), size: 9 }, estimate: null, features });
        },
        dispose: () => Promise.resolve(),
      });
    const ask = (sites: readonly string[], places: readonly string[]) =>
      mapSites(nodeRuntime({ threads: 1 }), model, few, { sites, places, queries: 5, seed: 4, open });
    const [sites, places] = [few.sites.slice(0, 3), ['=', 'A1']];
    const whole = await ask(sites, places);
    expect(new Set(whole.sites.map(({ total }) => total?.bits)).size).toBe(6);
    const parts = [];
    for (const site of sites) for (const place of places) parts.push(...(await ask([site], [place])).sites);
    expect(JSON.stringify(parts)).toBe(JSON.stringify(whole.sites));
  });
});

describe('what measurements draw', () => {
  it('rests on the number of the item, however many are asked for', () => {
    const only = conditionOf(addition, 'C2=1');
    const inputs = heldOutInputs(addition, 50, 7, only, ['A4']);
    const experiment = experimentNamed('A1-from-F2S2', 'addition');
    const cases = drawCases(experiment, 40, 7, 3);
    const single = drawCases(experiment, 40, 7, 1);
    for (const count of [1, 8, 33]) {
      expect(heldOutInputs(addition, count, 7, only, ['A4'])).toEqual(inputs.slice(0, count));
      expect(drawCases(experiment, count, 7, 3)).toEqual(cases.slice(0, 3 * count));
    }
    // More contrasts begin with that of one.
    expect(single).toEqual(cases.filter((_, at) => at % 3 === 0));
  });
});
