import { describe, expect, it } from 'vitest';
import { randomIds, smallConfig, smallModel } from '../../test/fixtures/small-gpt2.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { shareOf } from '../share.js';
import { attribute } from './attribution.js';
import { countExtremes, extremes, shareAmongExtremes } from './extremes.js';

const runtime = nodeRuntime({ threads: 1 });
const inputs = Array.from({ length: 9 }, (_, at) => randomIds(smallConfig(), 1, 5, 60 + at)[0] ?? []);
const question = { inputs, pad: 0, positions: inputs.map(() => 3), sites: ['a0.0', 'm1'] };

describe('extremes', () => {
  it('extremes are the largest and the smallest, strongest first', () => {
    expect(extremes(Float32Array.of(1, 5, -3, 2), 2)).toEqual({
      raised: [
        { token: 1, value: 5 },
        { token: 3, value: 2 },
      ],
      lowered: [
        { token: 2, value: -3 },
        { token: 0, value: 1 },
      ],
    });
    expect(extremes(Float32Array.of(1), 0)).toEqual({ raised: [], lowered: [] });
  });
});

describe('shares among the extremes', () => {
  const model = smallModel();

  it('count inputs whose token is among them, and those where it comes before its rivals', async () => {
    const tokens = inputs.map((_, at) => [[1], [2, 3], []][at % 3] ?? []);
    const rivals = [1, 2, 3, 4, 5];
    const wanted = { tokens, count: 3, rivals };
    const shares = await shareAmongExtremes(runtime, await model, question, wanted);
    const hits = new Map(question.sites.map((site) => [site, [0, 0, 0, 0]]));
    await attribute(runtime, await model, question, ({ parts }, at) => {
      const wanted = tokens[at] ?? [];
      for (const [site, part] of parts) {
        const { raised, lowered } = extremes(part, 3);
        const own = hits.get(site) ?? [];
        [raised, lowered].forEach((list, side) => {
          const found = list.map(({ token }) => token);
          if (!found.some((token) => wanted.includes(token))) return;
          own[side] = (own[side] ?? 0) + 1;
          // As the published script: the first name of the list.
          const first = found.find((token) => rivals.includes(token));
          if (first !== undefined && wanted.includes(first)) own[2 + side] = (own[2 + side] ?? 0) + 1;
        });
      }
    });
    for (const [site, [raised = 0, lowered = 0, firstRaised = 0, firstLowered = 0]] of hits) {
      const n = inputs.length;
      expect(shares.get(site)).toEqual({
        raised: shareOf(raised, n),
        lowered: shareOf(lowered, n),
        firstRaised: shareOf(firstRaised, n),
        firstLowered: shareOf(firstLowered, n),
      });
    }
    expect([...hits.values()].flat().some((hit) => hit > 0)).toBe(true);
  });

  it('have no first without rivals', async () => {
    const shares = await shareAmongExtremes(runtime, await model, question, {
      tokens: inputs.map(() => [1]),
      count: 3,
    });
    expect(shares.get('m1')).toMatchObject({ firstRaised: null, firstLowered: null });
  });

  it('rank by the values: the largest is raised, the smallest lowered, equal ones both count', () => {
    const logits = Float32Array.of(0);
    const share = (values: readonly number[], token: number, count: number) => {
      const counter = countExtremes(['s'], { tokens: [[token]], count, rivals: [0, 1, 2, 3] });
      counter.visit({ parts: new Map([['s', Float32Array.from(values)]]), logits }, 0);
      const { raised, lowered, firstRaised } = counter.result().get('s') ?? {};
      return [raised?.hits, lowered?.hits, firstRaised?.hits];
    };
    expect(share([4, 3, 2, 1, 0], 0, 1)).toEqual([1, 0, 1]);
    expect(share([4, 3, 2, 1, 0], 1, 1)).toEqual([0, 0, 0]);
    expect(share([4, 3, 2, 1, 0], 1, 2)).toEqual([1, 0, 0]);
    expect(share([0, 3, 2, 1, 4], 1, 2)).toEqual([1, 0, 1]);
    expect(share([4, 3, 2, 1, 0], 4, 1)).toEqual([0, 1, 0]);
    expect(share([2, 2, 2, 2, 2], 3, 1)).toEqual([1, 1, 1]);
  });
});
