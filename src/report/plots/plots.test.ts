import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { type AttributionRecord, type OrderRecord, type SweepRecord } from '../../causal/records.js';
import { type HeadsRecord } from '../../interpret/heads-of-task.js';
import { shareOf } from '../../share.js';
import { contrast, type Rgb } from '../palette.js';
import {
  type Theme,
  attributionFigure,
  figureSvg,
  headMapFigure,
  headsFigure,
  incrementsFigure,
  sweepFigure,
  themes,
} from './index.js';

const baselines = {
  experiment: 'A1-from-F1S1',
  task: 'addition',
  about: 'F1 and S1 redrawn; A1 as predicted at =',
  seed: 1,
  contrasts: 4,
  model: 'a model 0123456789ab (transformerlens weights)',
  n: 5000,
  metric: 'logit-difference' as const,
  unit: 'logits',
  clean: 15.7,
  cleanStandardError: 0.1,
  contrast: -9.2,
  contrastStandardError: 0.1,
  heldOut: true,
  warnings: [],
};
const sites = ['a0.0', 'a0.1', 'a1.0'];
const increments = [8.5, -0.31, 12.25];
const orderRecord = (order: 'forward' | 'backward', place = '='): OrderRecord => {
  const own = order === 'forward' ? [0, 1, 2] : [2, 1, 0];
  return {
    ...baselines,
    order,
    sets: own.map((at) => ({
      added: `${sites[at] ?? ''}@${place}`,
      patched: [],
      effect: 0,
      standardError: 0.1,
      increment: increments[at] ?? 0,
      incrementStandardError: 0.2,
      changed: 1,
    })),
  };
};
const sweepRecord: SweepRecord = {
  ...baselines,
  sites: ['hook_embed', 'blocks.0.attn.hook_result.0'],
  positions: ['F1', '='],
  effects: [
    [11.1, 0],
    [-3.2, 24],
  ],
  standardErrors: [
    [0.1, 0],
    [0.1, null],
  ],
  changed: [
    [1, 0],
    [1, 1],
  ],
};
const attributionRecord: AttributionRecord = {
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
    { site: 'hook_embed', value: -1, standardError: null },
    { site: 'blocks.1.hook_mlp_out', value: 17, standardError: null },
  ],
  rest: 0.5,
};

const texts = (svg: string): string[] =>
  [...parseHTML(svg).document.querySelectorAll('text')].map((node) => node.textContent ?? '');
const both = [orderRecord('forward'), orderRecord('backward')];

const headRecord: SweepRecord = {
  ...baselines,
  sites: Array.from({ length: 48 }, (_, at) => `blocks.${Math.floor(at / 4)}.attn.hook_result.${at % 4}`),
  positions: ['S2', 'END'],
  effects: Array.from({ length: 48 }, (_, at) => [at === 13 ? 1.69 : 0.01, at === 20 ? -0.9 : 0]),
  standardErrors: new Array(48).fill([0.1, null]),
  changed: new Array(48).fill([1, 1]),
};

const headShares: HeadsRecord = {
  of: 'facts',
  model: 'a model 0123456789ab (unprocessed weights)',
  prompts: 40,
  all: true,
  seed: null,
  only: 'form=a',
  place: 'END',
  threshold: 0.02,
  fromLayer: 15,
  heads: [
    [19, 2, 40],
    [23, 4, 12],
    [15, 0, 1],
  ].map(([layer = 0, head = 0, hits = 0]) => ({
    site: `blocks.${layer}.attn.hook_result.${head}`,
    counted: shareOf(hits, 40),
    share: 0.03,
    toFirst: 0.2,
  })),
};

describe.each([
  ['increments', (theme?: Theme) => incrementsFigure(both, theme)],
  ['a sweep', (theme?: Theme) => sweepFigure(sweepRecord, theme)],
  ['every head', (theme?: Theme) => headMapFigure(headRecord, theme)],
  ['heads by their shares', (theme?: Theme) => headsFigure(headShares, theme)],
  ['an attribution', (theme?: Theme) => attributionFigure(attributionRecord, theme)],
] as const)('the figure of %s', (_, figure) => {
  const svg = figureSvg(figure());

  it('is one SVG that needs nothing outside itself', () => {
    expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true);
    expect(svg.match(/<svg/g)?.length).toBe(svg.match(/<\/svg>/g)?.length);
    expect(svg).not.toMatch(/<style|<script|<image|href=|url\(|NaN|undefined/);
  });

  it('says what it shows, and under which circumstances', () => {
    const all = texts(svg).join(' ');
    expect(all).toContain(figure().title);
    expect(all.replaceAll(/\s+/g, ' ')).toContain('a model');
  });

  it('is the same each time', () => {
    expect(figureSvg(figure())).toBe(svg);
  });

  it('takes the colours of its theme, and no paper on a page', () => {
    const dark = figureSvg(figure(themes.dark), { theme: themes.dark });
    expect(dark).toContain(`fill="${themes.dark.paper}"`);
    expect(dark).not.toContain(`fill="${themes.light.paper}"`);
    const page = figureSvg(figure(themes.page), { theme: themes.page });
    expect(page).not.toContain('width="100%"');
  });
});

describe('increments', () => {
  it('show every step in the order of the model, with its figure, in both panels', () => {
    const all = texts(figureSvg(incrementsFigure(both)));
    for (const site of sites) expect(all.filter((text) => text === site)).toHaveLength(1);
    for (const figure of ['+8.5', '−0.31', '+12.3'])
      expect(all.filter((text) => text === figure)).toHaveLength(2);
    expect(all).toContain('forward order');
    expect(all).toContain('backward order');
  });

  it('keep the places in the labels where they differ', () => {
    const [forward] = both;
    const mixed = {
      ...orderRecord('forward'),
      sets: [...(forward?.sets ?? []), ...orderRecord('forward', 'A1').sets],
    };
    const all = texts(figureSvg(incrementsFigure([mixed])));
    expect(all).toContain('a0.0@=');
    expect(all).toContain('a0.0@A1');
  });
});

describe('a sweep', () => {
  it('has a figure in the cells that changed, and none in those that did not', () => {
    const all = texts(figureSvg(sweepFigure(sweepRecord)));
    for (const text of ['11.1', '−3.2', '24.0', 'F1', '=', 'a0.0', 'hook_embed']) expect(all).toContain(text);
    const cells = all.filter((text) => /^[−\d.]+$/.test(text));
    expect(cells.filter((text) => text === '0')).toHaveLength(1); // on the scale alone
  });
});

describe('a map of heads', () => {
  it('has a panel a place, and writes out the effects that stand out', () => {
    const all = texts(figureSvg(headMapFigure(headRecord)));
    for (const text of ['at S2', 'at END', '1.69', '−0.90']) expect(all).toContain(text);
    expect(all).not.toContain('0.01');
  });
});

describe('heads by their shares', () => {
  it('are cells by layer and head, those that count often with their percentage', () => {
    const all = texts(figureSvg(headsFigure(headShares)));
    for (const text of ['layer', 'head', '23', '100', '30']) expect(all).toContain(text);
    // 1 of 40 is not written out.
    expect(all).not.toContain('3');
    expect(all.join(' ')).toContain('all 40 prompts of facts with form=a');
  });
});

describe('text in figures', () => {
  it('cannot end an element, nor break the file', () => {
    const panels = [{ width: 300, height: 50, options: { axis: null } }];
    const svg = figureSvg({ title: '<a> & "b" \u0000', subtitle: '</text>', caption: '', panels });
    expect(texts(svg)).toEqual(['<a> & "b" \ufffd', '</text>']);
  });

  it('is broken where it is wider than the panels', () => {
    const panels = [{ width: 200, height: 50, options: {} }];
    const svg = figureSvg({ title: 'short', subtitle: '', caption: 'word '.repeat(60).trim(), panels });
    const lines = texts(svg).filter((text) => text.startsWith('word'));
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) expect(line.length).toBeLessThan(40);
  });
});

describe('themes', () => {
  const rgb = (hex: string): Rgb =>
    [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;

  it.each(['light', 'dark'] as const)('%s: text and marks stand out from the paper', (scheme) => {
    const { paper, ink, muted, series, more, less } = themes[scheme];
    expect(contrast(rgb(ink), rgb(paper))).toBeGreaterThan(7);
    expect(contrast(rgb(muted), rgb(paper))).toBeGreaterThan(4.5);
    for (const color of [...series, more, less]) expect(contrast(rgb(color), rgb(paper))).toBeGreaterThan(3);
  });
});
