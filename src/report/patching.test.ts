import { describe, expect, it } from 'vitest';
import {
  type AblationRecord,
  type AttributionRecord,
  type OrderRecord,
  type SetsRecord,
  type SweepRecord,
} from '../causal/records.js';
import { columns } from './columns.js';
import { type Share, shareOf } from '../share.js';
import { isHeadMap } from './head-effects.js';
import { attributionRows, patchRows } from './patching-rows.js';
import {
  renderAblation,
  renderAttribution,
  renderHeads,
  renderOrders,
  renderSets,
  renderSweep,
} from './patching.js';

const baselines = {
  experiment: 'q.json',
  task: 'addition',
  about: 'inputs and contrasts as given',
  seed: null,
  heldOut: true,
  contrasts: 1,
  model: 'a model 0123456789ab (unprocessed weights)',
  n: 2,
  metric: 'logit-difference' as const,
  unit: 'logits',
  clean: 15.704,
  cleanStandardError: 0.1,
  contrast: -9.2,
  contrastStandardError: null,
  warnings: ['Patching changed no logit in any of 2 runs: m0@=.'],
};
const set = (added: string, effect: number, increment: number) => ({
  added,
  patched: [added],
  effect,
  standardError: 0.25,
  increment,
  incrementStandardError: 0.5,
  changed: 0.5,
});
const orders: OrderRecord[] = [
  { ...baselines, order: 'forward', sets: [set('a0.0@=', 8, 8), set('a\u001b[31m@=', 7, -1)] },
  { ...baselines, order: 'backward', sets: [set('m0@=', -1, -1), set('a0.0@=', 7, 8)] },
];
const sets: SetsRecord = {
  ...baselines,
  sets: [
    { patched: ['a0.0@=', 'm0@8'], effect: 4, standardError: null, changed: 1 },
    { patched: [], effect: 0, standardError: 0, changed: 0 },
  ],
};
const sweep: SweepRecord = {
  ...baselines,
  sites: ['hook_embed', 'blocks.0.attn.hook_result.0'],
  positions: Array.from({ length: 14 }, (_, at) => `P${at}`),
  effects: [Array.from({ length: 14 }, (_, at) => at), Array.from({ length: 14 }, () => -0.001)],
  standardErrors: [new Array(14).fill(null), new Array(14).fill(0)],
  changed: [new Array(14).fill(1), [0, ...new Array(13).fill(1)]],
};
/** 60 heads at two places; the head 7.5 does most, and 9.0 works the other way. */
const headEffect = (head: number, column: number): number =>
  head === 47 && column === 1 ? 2 : head === 54 && column === 1 ? -1.5 : head / 1000;
const heads: SweepRecord = {
  ...baselines,
  n: 16,
  sites: Array.from({ length: 60 }, (_, at) => `blocks.${Math.floor(at / 6)}.attn.hook_result.${at % 6}`),
  positions: ['S2', 'END'],
  effects: Array.from({ length: 60 }, (_, at) => [headEffect(at, 0), headEffect(at, 1)]),
  standardErrors: new Array(60).fill([0.25, 0.25]),
  changed: new Array(60).fill([1, 1]),
};
const ablation: AblationRecord = {
  ...baselines,
  seed: 4,
  site: 'x0.post',
  position: '+',
  places: [
    {
      place: 'A1',
      kl: 5.3e-7,
      klStandardError: 1e-8,
      logitLoss: -5e-5,
      logitLossStandardError: 1e-4,
      relativeLogitLoss: 0,
      relativeLogitLossStandardError: null,
    },
  ],
};
const attribution: AttributionRecord = {
  task: 'addition',
  about: 'Logit of 4, as predicted at A1',
  model: 'a model',
  seed: null,
  heldOut: true,
  n: 1,
  place: 'A1',
  total: 16.5,
  totalStandardError: null,
  sites: [
    {
      site: 'blocks.1.hook_mlp_out',
      value: 17,
      standardError: null,
      raised: [{ token: '4', value: 9 }],
      lowered: [{ token: '7', value: -3 }],
    },
  ],
  rest: -0.5,
};

const half: Share = shareOf(500, 1000);
const shared: AttributionRecord = {
  ...attribution,
  n: 1000,
  seed: 1,
  sites: attribution.sites.map(({ site, value }) => ({
    site,
    value,
    standardError: 0.1,
    shares: { raised: shareOf(1000, 1000), lowered: half, firstRaised: half, firstLowered: shareOf(0, 1000) },
  })),
  among: { count: 30, vocabulary: 50_257, rivals: 110 },
};
const without: AttributionRecord = {
  ...shared,
  sites: shared.sites.map(({ shares, ...site }) => ({
    ...site,
    ...(shares === undefined ? {} : { shares: { ...shares, firstRaised: null, firstLowered: null } }),
  })),
  among: { count: 30, vocabulary: 50_257, rivals: 0 },
};

const all: [string, (width: number) => string][] = [
  ['orders', (width) => renderOrders(orders, { width })],
  ['sets', (width) => renderSets(sets, { width })],
  ['a sweep', (width) => renderSweep(sweep, { width })],
  ['heads', (width) => renderHeads(heads, { width })],
  ['an ablation', (width) => renderAblation(ablation, { width })],
  ['an attribution', (width) => renderAttribution(attribution, { width })],
  ['an attribution with shares', (width) => renderAttribution(shared, { width })],
];

describe.each(all)('the table of %s', (_, render) => {
  it.each([80, 120])(
    'fits into %i columns, and lets nothing through that a terminal would act on',
    (width) => {
      for (const line of render(width).split('\n')) {
        expect(columns(line)).toBeLessThanOrEqual(width);
        expect(line).not.toMatch(/[\u0000-\u001f]/);
      }
    },
  );
});

describe('tables', () => {
  it('state baselines and warnings before anything else', () => {
    const [warning, , , baseline] = renderOrders(orders, { width: 100 }).split('\n');
    expect(warning).toBe('Warning: Patching changed no logit in any of 2 runs: m0@=.');
    expect(baseline).toBe('logit-difference, logits: clean 15.70 ±  0.10, contrast -9.20');
  });

  it('have a row for each step, in both orders', () => {
    const lines = renderOrders(orders, { width: 100 }).split('\n');
    expect(
      lines.filter((line) => /^a0\.0@=\s+8\.00 ±\s+0\.50\s+[78]\.00 ±\s+0\.25\s+█+$/.test(line)),
    ).toHaveLength(2);
    expect(lines.find((line) => line.startsWith('m0@='))).toMatch(/░+$/);
  });

  it('break a wide sweep into blocks, and mark what changed nothing', () => {
    const text = renderSweep(sweep, { width: 80 });
    for (const place of sweep.positions) expect(text).toMatch(new RegExp(` ${place}\\b`));
    expect(text.match(/^a0\.0\s+·/gm)).toHaveLength(1);
    expect(text).not.toContain('-0.00');
  });

  it('warn of a sweep in which nothing changed anything, not of single cells, which are marked', () => {
    expect(renderSweep(sweep, { width: 80 })).not.toContain('Warning');
    const idle = { ...sweep, changed: sweep.changed.map((row) => row.map(() => 0)) };
    expect(renderSweep(idle, { width: 80 })).toMatch(/^Warning: Patching changed no logit/);
  });

  it('of many sites have those that add most, and what the others come to', () => {
    const sites = Array.from({ length: 90 }, (_, at) => ({
      site: `blocks.${at}.hook_mlp_out`,
      value: at % 9 === 0 ? 5 : 0.5,
      standardError: null,
    }));
    const text = renderAttribution({ ...attribution, sites }, { width: 80 });
    const lines = text.split('\n');
    expect(lines.filter((line) => /^m\d+ +5\.00/.test(line))).toHaveLength(10);
    expect(lines.filter((line) => /^m\d+ /.test(line))).toHaveLength(40);
    expect(text).toMatch(/\n50 others +25\.00 /);
    expect(text).toContain('The 40 sites that add most either way');
  });
});

describe('every head at a place', () => {
  it('is a map where there are many, and nothing but heads', () => {
    expect(isHeadMap(heads)).toBe(true);
    expect(isHeadMap({ sites: heads.sites.slice(0, 5) })).toBe(false);
    expect(isHeadMap({ sites: [...heads.sites, 'blocks.1.hook_mlp_out'] })).toBe(false);
  });

  it('is ranked by what it does either way, with its 95% interval by Student’s t', () => {
    const lines = renderHeads(heads, { width: 80 }).split('\n');
    const at = lines.findIndex((line) => line.startsWith('at END'));
    // 2.1314 standard errors with 15 degrees of freedom.
    expect(lines[at + 1]).toMatch(/^a7\.5 {7}2\.00 {2}1\.47 to 2\.53 +█+$/);
    expect(lines[at + 2]).toMatch(/^a9\.0 {6}-1\.50 {2}-2\.03 to -0\.97 +░+$/);
    expect(lines.at(-1)).toBe('45 others: 0.00 to 0.04');
  });

  it('has its interval in the rows of a file', () => {
    const rows = patchRows(heads);
    expect(rows).toHaveLength(120);
    const row = rows.find(
      ({ site, position }) => site === 'blocks.7.attn.hook_result.5' && position === 'END',
    );
    expect(row).toMatchObject({ effect: 2, standardError: 0.25 });
    expect(row?.['low']).toBeCloseTo(2 - 2.13145 * 0.25, 4);
    expect(row?.['high']).toBeCloseTo(2 + 2.13145 * 0.25, 4);
    expect(patchRows({ ...heads, n: 1 })[0]).toMatchObject({ low: null, high: null });
  });
});

describe('shares among the most raised', () => {
  it('stand with interval, number of inputs and what chance would give, whole in 80 columns', () => {
    const text = renderAttribution(shared, { width: 80 });
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      'Share of the 1,000 inputs whose answer is among the 30 most raised, or lowered, of 50,257 tokens (by chance 0.1%)',
    );
    expect(text).toMatch(
      /\nm1 +100\.0% \(99 to 100\) +50\.0% \(46 to 54\) +50\.0% \(46 to 54\) +0\.0% \(0 to 1\)$/,
    );
    expect(renderAttribution(without, { width: 80 })).toMatch(
      /\nm1 +100\.0% \(99 to 100\) +50\.0% \(46 to 54\)$/,
    );
    expect(renderAttribution(without, { width: 80 })).not.toContain('First');
  });

  it('are columns of the table of data', () => {
    expect(attributionRows(shared)[0]).toMatchObject({
      raised: 1,
      lowered: 0.5,
      loweredLow: half.low,
      firstLowered: 0,
    });
    expect(attributionRows(shared)[1]).toMatchObject({ site: 'rest', raised: null });
    expect(attributionRows(without)[0]).toMatchObject({ firstRaised: null });
    expect(attributionRows(attribution)[0]).not.toHaveProperty('raised');
  });
});

describe('rows', () => {
  it('are one for each step, set, cell and place', () => {
    expect(patchRows(orders)).toHaveLength(4);
    expect(patchRows(orders)[0]).toMatchObject({
      experiment: 'q.json',
      order: 'forward',
      added: 'a0.0@=',
      increment: 8,
    });
    expect(patchRows(sets)[0]).toMatchObject({ patched: 'a0.0@= + m0@8', effect: 4, standardError: null });
    expect(patchRows(sweep)).toHaveLength(28);
    expect(patchRows(sweep)[3]).toEqual({
      site: 'hook_embed',
      position: 'P3',
      effect: 3,
      standardError: null,
      low: null,
      high: null,
      changed: 1,
    });
    expect(patchRows(ablation)).toEqual(ablation.places);
    expect(attributionRows(attribution).map(({ site }) => site)).toEqual(['blocks.1.hook_mlp_out', 'rest']);
  });
});
