import { describe, expect, it } from 'vitest';
import { type Completeness } from '../interpret/completeness.js';
import {
  type BitsRecord,
  type CompletenessRecord,
  type PreimageRecord,
  type SitesRecord,
  completenessSweepRecord,
} from '../interpret/records.js';
import { bitsRows, completenessRows, completenessSweepRows, sitesRows } from './bits-rows.js';
import { renderBits, renderCompleteness, renderPreimage, renderSites } from './bits.js';
import { columns } from './columns.js';
import { renderCompletenessSweep } from './completeness-sweep.js';
import { csv } from './csv.js';
import { bitsFigure, completenessFigure, completenessGrid, figureSvg, themes } from './plots/index.js';

const query = {
  task: 'addition',
  input: '835+141=976',
  position: 8,
  place: '=',
  site: 'blocks.0.attn.hook_result.0',
  metric: 'euclidean',
  epsilon: 0.1,
  seed: 1,
  model: 'a model 0123 (transformerlens weights)',
  decoder: 'a decoder 4567',
  warnings: [],
} as const;
const readout = {
  sentence: 'F1 and S1, order lost; nothing of the tens and the ones',
  known: ['{F1,S1}'],
  partly: [],
  nothing: ['the tens', 'the ones'],
  places: [],
  accounted: 5.34,
  bits: 5.34,
  low: 5.34,
  high: 5.34,
};
const feature = (name: string, bits: number, before: number) => ({
  feature: name,
  bits,
  before,
  after: before - bits,
  baseline: 0,
  consistency: 0.5,
  value: name === 'A4' ? null : 8,
});
const bits: BitsRecord = {
  ...query,
  exact: { bits: 5.34, size: 20_000 },
  estimate: { bits: 5.31, low: 5.2, high: 5.42, effectiveSamples: 812.4 },
  features: [feature('{F1,S1}', 5.45, 5.45), feature('F1', 2.17, 3.17), feature('A4', -0.07, 2.98)],
  readout,
};
const mean = (value: number) => ({ bits: value, low: value - 0.2, high: value + 0.2 });
const sites: SitesRecord = {
  ...query,
  queries: 20,
  heldOut: true,
  exact: true,
  agreement: { queries: 38, covered: 37, refused: 2, medianError: 0.041 },
  sites: [
    {
      site: query.site,
      place: '=',
      queries: 20,
      counted: 20,
      total: mean(5.3),
      features: [
        { feature: '{F1,S1}', ...mean(5.4), of: 5.45, consistency: 1 },
        { feature: 'F2', ...mean(0), of: 3.32, consistency: 0.1 },
      ],
    },
    { site: 'blocks.1.hook_resid_post', place: 'A1', queries: 20, counted: 0, total: null, features: [] },
  ],
};
const points = Array.from({ length: 900 }, (_, at) => ({
  input: at,
  distance: at / 500,
  logProbability: -5 - (at % 30),
  inside: at / 500 <= 0.1,
}));
const completeness: Completeness = {
  epsilon: 0.1,
  metric: 'euclidean',
  noise: 0.1,
  draws: 500,
  floor: -20,
  total: 810_000,
  inside: 51,
  outside: 849,
  belowFloor: points.filter((point) => point.inside && point.logProbability < -20).length,
  least: -34,
  mass: 0.8,
  points,
};
const scatter: CompletenessRecord = { ...query, completeness };
const swept = completenessSweepRecord(
  [
    scatter,
    { ...scatter, site: 'blocks.1.hook_mlp_out', completeness: { ...completeness, belowFloor: 0 } },
    ...[1, 2, 3].map((number) => ({ ...scatter, input: `10${number}+100=20${number}` })),
  ],
  true,
);
const preimage: PreimageRecord = {
  ...query,
  size: 20_000,
  total: 810_000,
  bits: 5.34,
  interval: null,
  exactness: 'Exact: each of the 810,000 inputs was run.',
  samples: Array.from({ length: 7 }, (_, at) => ({
    text: `83${at}+141=${971 + at}`,
    distance: at / 100,
    matchedPosition: 8,
  })),
  readout,
  sampler: {
    candidates: 1024,
    valid: 1000,
    recall: 0.04,
    precision: 0.8,
    mass: 0.81,
    divergence: 0.3,
    calibration: [{ from: -12, to: -10, inputs: 20_000, expected: 0.04, found: 0.05 }],
  },
};
const plain = { width: 80, color: false };
const textOf = (input: number): string => `input ${input}`;

describe('reports of information', () => {
  it('say exact and estimated bits, the sentence, and every feature with a bar', () => {
    expect(renderBits(bits, plain)).toMatchInlineSnapshot(`
      "a0.0 at "=" of 835+141=976
      ε = 0.1, normalized Euclidean distance; a model 0123 (transformerlens weights);
        a decoder 4567

      exact      5.34 bits, 20000 inputs
      estimated  5.31 bits (at least 95%: 5.20 to 5.42; 812 effective samples)

      It tells F1 and S1, order lost; nothing of the tens and the ones.

      feature  bits                                     consistency  value
      {F1,S1}    5.45 of  5.45 ████████████████████████          50%  8
      F1         2.17 of  3.17 ████████████████▍                 50%  8
      A4        -0.07 of  2.98                                   50%  –

      {F1,S1} tells 5.45 bits, more than the 5.34 of the activation: a feature’s bits
        are a mean over all its values (what its entropy loses), the activation’s are
        the surprise of this one preimage, which is likelier than most."
    `);
  });

  it('say why there is no number, and what chance alone would give', () => {
    const refused = renderBits(
      {
        ...bits,
        exact: null,
        estimate: { bits: null, low: 3, high: null, effectiveSamples: 2.1 },
        features: [{ ...feature('F1', 1, 3.17), baseline: 0.8 }],
      },
      plain,
    );
    expect(refused.replace(/\n {11}/, ' ')).toContain(
      'no number: 2.1 effective samples are too few (at least 95%: 3.00 to any bits)',
    );
    expect(refused).toContain('by chance');
    expect(renderBits({ ...bits, exact: { bits: null, size: 0 }, features: [] }, plain)).toContain(
      'nothing is inside',
    );
  });

  it('explain a feature that tells more than the activation', () => {
    const above = renderBits({ ...bits, readout: { ...bits.readout, bits: 5.34 } }, plain).replaceAll(
      /\s+/g,
      ' ',
    );
    expect(above).toContain(
      '{F1,S1} tells 5.45 bits, more than the 5.34 of the activation: a feature’s bits are a mean over all its values',
    );
    expect(renderBits({ ...bits, readout: { ...bits.readout, bits: 6 } }, plain)).not.toContain(
      'more than the',
    );
    expect(renderBits({ ...bits, readout: { ...bits.readout, bits: null } }, plain)).not.toContain(
      'more than the',
    );
  });

  it('say held-out only of what the model did not train on', () => {
    expect(renderSites(sites, plain)).toContain('mean over 20 held-out queries each');
    expect(renderSites({ ...sites, heldOut: false }, plain)).toContain(
      'mean over 20 test-split queries each',
    );
    expect(renderSites({ ...sites, queries: 1 }, plain)).toContain('mean over 1 held-out query each');
  });

  it('say the means of sites, and how estimates agree with exact values', () => {
    expect(renderSites(sites, plain)).toMatchInlineSnapshot(`
      "Bits by site and place
      Exact, mean over 20 held-out queries each, with 95% intervals (Student’s t); ε =
        0.1, normalized Euclidean distance; seed 1; a model 0123 (transformerlens
        weights).

      site        bits                      features, bits of their entropy
      a0.0 =        5.30  5.10 to 5.50      {F1,S1} 5.40/5.45
      x1.post A1  no number                 no feature

      Estimates against exact values: the interval, meant to hold it in at least 95%
        of cases, holds the exact value in 37 of 38 queries; the median error is 0.041
        bits; 2 were refused."
    `);
  });

  it('say size, samples and what the sampler finds', () => {
    const text = renderPreimage(preimage, plain);
    expect(text).toContain('20,000 of 810,000 inputs: 5.34 bits');
    expect(text).toContain('7 of them, distances 0.000 to 0.060:');
    expect(text.replaceAll('\n  ', ' ')).toContain(
      'The sampler found 4% of it in 1,024 candidates; 80% of the valid ones were inside.',
    );
    const drawn = { ...preimage, size: null, total: null, interval: { low: 5, high: 6 }, sampler: null };
    expect(renderPreimage(drawn, plain)).toContain('5.34 bits (at least 95%: 5.00 to 6.00)');
  });

  it('say how many inputs inside are hardly known, and which', () => {
    const text = renderCompleteness(scatter, textOf, plain);
    expect(text).toContain(`${completeness.belowFloor} of 51 inside have a log-probability below -20.00`);
    expect(text).toContain('  input 29  -34.00 at distance 0.058');
  });

  it('keep within the width, whatever it is and whatever stands in the texts', () => {
    const hostile = { ...bits, input: '\u001b[2J漢字', warnings: ['a \u0007 warning'.repeat(9)] };
    for (const width of [40, 80, 120]) {
      for (const text of [
        renderSites(sites, { width, color: false }),
        renderCompleteness(scatter, textOf, { width, color: false }),
        renderBits(hostile, { width, color: false }),
        renderPreimage(preimage, { width, color: false }),
      ]) {
        for (const line of text.split('\n')) expect(columns(line)).toBeLessThanOrEqual(width);
        expect(text).not.toMatch(/[\u0007\u001b]/);
      }
    }
  });
});

describe('figures of information', () => {
  const drawn = [
    ['bits', bitsFigure(bits), 'order lost'],
    ['sites', bitsFigure(sites), '{F1,S1}'],
    ['completeness', completenessFigure(scatter), 'log-probability under the decoder'],
    ['completeness, dark', completenessFigure(scatter, themes.dark), 'Completeness'],
  ] as const;
  it.each(drawn)('draws %s', (_, figure, words) => {
    const svg = figureSvg(figure);
    expect(svg).toContain(words);
    expect(svg).not.toContain('NaN');
    expect(svg).not.toContain('undefined');
    expect(svg.length).toBeLessThan(200_000);
  });

  it('draws chosen features in the order of the choice, else the most telling first', () => {
    const names = (record: SitesRecord): string[] =>
      [...figureSvg(bitsFigure(record)).matchAll(/>([^<>]*)<\/text>/g)]
        .map(([, text = '']) => text)
        .filter((text) => ['{F1,S1}', 'C2'].includes(text));
    const [first, ...rest] = sites.sites;
    if (first === undefined) throw new Error('no site');
    const [feature] = first.features;
    if (feature === undefined) throw new Error('no feature');
    const both = [feature, { ...feature, feature: 'C2', bits: 0.01, of: 1 }];
    const record = { ...sites, sites: [{ ...first, features: both }, ...rest] };
    expect(names(record)).toEqual(['{F1,S1}', 'C2']);
    expect(names({ ...record, features: ['C2', '{F1,S1}'] })).toEqual(['C2', '{F1,S1}']);
  });

  it('draws every input of a scatter: the squares are as many as differ, not as the inputs', () => {
    const many: CompletenessRecord = {
      ...query,
      completeness: { ...completeness, points: Array.from({ length: 50 }, () => points).flat() },
    };
    const rects = (record: CompletenessRecord): number =>
      figureSvg(completenessFigure(record)).match(/<rect /g)?.length ?? 0;
    expect(rects(many)).toBe(rects(scatter));
    expect(rects(scatter)).toBeGreaterThan(100);
  });
});

describe('a sweep of completeness', () => {
  it('has a row a query, and says in how many nothing is below the floor, with the interval', () => {
    const text = renderCompletenessSweep(swept, { width: 100, color: false });
    expect(text).toMatch(/^a0\.0 = +835\+141=976 +51 +\d+ +-34\.00 +-20\.00 +80%$/m);
    expect(text).toMatch(/^m1 = /m);
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      `In 1 of 5 queries no input inside has a log-probability below the floor: 20%, 95% interval 3.6% to 62.4%. Of all inputs inside, ${4 * completeness.belowFloor} of 255 have one.`,
    );
    expect(text).toContain('5 held-out queries, seed 1; ε = 0.1');
    expect(renderCompletenessSweep({ ...swept, heldOut: false }, { width: 100, color: false })).toContain(
      '5 test-split queries, seed 1',
    );
  });

  it.each([40, 80, 120])('fits into %i columns', (width) => {
    for (const line of renderCompletenessSweep(swept, { width, color: false }).split('\n'))
      expect(columns(line)).toBeLessThanOrEqual(width);
  });

  it('is drawn in rows of four, each panel under its query', () => {
    const svg = figureSvg(completenessGrid(swept));
    const places = [...svg.matchAll(/<g transform="translate\(([\d.]+) ([\d.]+)\)"><svg/g)].map(
      ([, x, y]) => [Number(x), Number(y)] as const,
    );
    expect(places).toHaveLength(5);
    expect(new Set(places.slice(0, 4).map(([, y]) => y)).size).toBe(1);
    expect(places.slice(0, 4).map(([x]) => x)).toEqual([16, 266, 516, 766]);
    expect(places[4]).toEqual([16, (places[0]?.[1] ?? 0) + 200]);
    expect(svg).toContain(`width="${4 * 250 + 32}"`);
    expect(svg).toContain('m1 at = of 835+141=976');
    expect(svg).toContain('1 of 5 queries have no input inside below the floor');
  });

  it('has a row a scored input of each query', () => {
    const rows = completenessSweepRows(swept, textOf);
    expect(rows).toHaveLength(5 * points.length);
    expect(rows[0]).toMatchObject({ site: scatter.site, place: '=', query: '835+141=976' });
  });
});

describe('rows of information', () => {
  it('are a line a feature, a site and a point', () => {
    expect(csv(bitsRows(bits)).split('\n')[0]).toBe(
      'input,site,place,feature,bits,before,after,baseline,consistency,value',
    );
    expect(sitesRows(sites)).toHaveLength(1 + 2 + 1);
    expect(completenessRows(scatter, textOf)[3]).toEqual({
      input: 'input 3',
      distance: 0.006,
      logProbability: -8,
      inside: true,
    });
  });
});
