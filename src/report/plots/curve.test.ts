import { parseHTML } from 'linkedom';
import { expect, it } from 'vitest';
import { type EpsilonCurve } from '../../interpret/epsilon-curve.js';
import { type PreimageRecord } from '../../interpret/records.js';
import { curveRows } from '../bits-rows.js';
import { curveFigure, figureSvg } from './index.js';

const point = (epsilon: number, size: number, consistency: number): EpsilonCurve['points'][number] => ({
  epsilon,
  size,
  bits: size === 0 ? null : Math.log2(1740 / size),
  features:
    size === 0
      ? []
      : [
          { feature: 'S', bits: 4, before: 5, consistency },
          { feature: 'place', bits: 0, before: 0, consistency: 1 },
        ],
});
const record: PreimageRecord & { readonly curve: EpsilonCurve } = {
  task: 'ioi',
  input: 'When Robert and James went to the house, Robert gave a letter to James',
  position: 10,
  place: 'S2',
  site: 'blocks.17.attn.hook_result.4',
  metric: 'euclidean',
  epsilon: 0.1,
  seed: 1,
  model: 'a model 0123456789ab (unprocessed weights)',
  decoder: null,
  warnings: [],
  size: 0,
  total: 1740,
  bits: null,
  interval: null,
  exactness: 'Exact.',
  samples: [],
  readout: null,
  sampler: null,
  conditional: { varying: ['A', 'B', 'S'], held: ['place'] },
  at: 'S2',
  curve: {
    total: 1740,
    points: [point(0.1, 0, 0), point(0.2, 29, 1), point(0.3, 30, 0.97), point(1, 1740, 0.03)],
    plateaus: [{ from: 0.2, to: 0.3, size: 29 }],
    heldUpTo: [
      { feature: 'S', epsilon: 0.3 },
      { feature: 'place', epsilon: null },
    ],
  },
};

it('a curve has a row a threshold, sizes, and shares of what varies alone', () => {
  const { document } = parseHTML(figureSvg(curveFigure(record)));
  const texts = [...document.querySelectorAll('text')].map(({ textContent }) => textContent);
  const whole = texts.join(' ');
  for (const text of ['ε 0.1', 'ε 1', '0 inside', '29 inside', '1,740 inside', '100%', '97%', '3%'])
    expect(texts).toContain(text);
  expect(texts).not.toContain('place');
  expect(whole).toMatch(/Plateaus: 29 inputs from ε = 0\.2 to 0\.3/);
  expect(whole).toMatch(/that vary in A, B, S/);
});

it('its rows have every threshold, also one with nothing inside', () => {
  const rows = curveRows(record);
  expect(rows.filter(({ feature }) => feature === 'all').map(({ size }) => size)).toEqual([0, 29, 30, 1740]);
  expect(rows.filter(({ feature }) => feature === 'S')).toHaveLength(3);
});
