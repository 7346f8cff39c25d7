import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { type AttentionRecord } from '../../interpret/attention.js';
import { type ProfileRecord } from '../../interpret/profile.js';
import { attentionRows, profileRows, renderAttention, renderProfile } from '../profile.js';
import { type Theme, attentionFigure, figureSvg, profileFigure, themes } from './index.js';

const attention = (only: string | null): AttentionRecord => ({
  task: 'addition',
  model: 'a model 0123456789ab (transformerlens weights)',
  seed: 1,
  inputs: 2000,
  heldOut: true,
  only,
  sources: ['BOS', 'F1', '='],
  rows: [
    { site: 'blocks.0.attn.hook_result.0', place: '=', shares: { BOS: 0.02, F1: 0.83, '=': 0.15 } },
    { site: 'blocks.1.attn.hook_result.3', place: 'A1', shares: { BOS: 1 } },
  ],
});
const head = 'blocks.0.attn.hook_result.0';
const profile: ProfileRecord = {
  task: 'counting',
  model: 'a model 0123456789ab (transformerlens weights)',
  seed: 1,
  inputs: 30,
  heldOut: true,
  only: 'letter=v',
  site: head,
  place: 'query',
  feature: 'count',
  explained: 0.205,
  plane: 0.97,
  values: [1, 2, 3].map((value) => ({
    value,
    inputs: 10,
    heldOut: true,
    norm: value + 0.5,
    deviation: 0.25,
    cosine: 1 - value / 10,
    x: value,
    y: -value,
    attention: { 'as query': value / 5, BOS: 0.3, ':': 0.001 },
  })),
  points: [
    { value: 1, x: 1.23456, y: 2 },
    { value: 3, x: 3, y: -1 },
  ],
};
const texts = (svg: string): string[] =>
  [...parseHTML(svg).document.querySelectorAll('text')].map((node) => node.textContent ?? '');

describe.each([
  ['attention', (theme?: Theme) => attentionFigure([attention('A1=1'), attention('A1!=1')], theme)],
  ['a profile', (theme?: Theme) => profileFigure(profile, theme)],
] as const)('the figure of %s', (_, figure) => {
  it('is one SVG that needs nothing outside itself, the same each time', () => {
    const svg = figureSvg(figure());
    expect(svg).not.toMatch(/<style|<script|<image|href=|url\(|NaN|undefined/);
    expect(figureSvg(figure())).toBe(svg);
  });

  it('says whose it is, and takes the colours of its theme', () => {
    expect(texts(figureSvg(figure())).join(' ').replaceAll(/\s+/g, ' ')).toContain('a model 0123456789ab');
    const dark = figureSvg(figure(themes.dark), { theme: themes.dark });
    expect(dark).toContain(`fill="${themes.dark.paper}"`);
    expect(dark).not.toContain(`fill="${themes.light.paper}"`);
  });
});

describe('attention', () => {
  it('has a panel for each condition, and figures of shares from a twentieth on', () => {
    const all = texts(figureSvg(attentionFigure([attention('A1=1'), attention('A1!=1')])));
    for (const text of ['A1=1', 'A1!=1', 'a0.0 =', 'a1.3 A1'])
      expect(all.map((one) => one.replaceAll(/\s+/g, ' '))).toContain(text);
    expect(all.filter((text) => text === '.83')).toHaveLength(2);
    expect(all.filter((text) => text === '1.00')).toHaveLength(2);
    expect(all).not.toContain('.02');
  });

  it('is a line a head in the terminal, and a row a share in a table', () => {
    const text = renderAttention(attention(null), { width: 100 });
    expect(text).toMatch(/^from\s+BOS\s+F1\s+=$/m);
    expect(text).toMatch(/^a0\.0 =\s+\.02\s+\.83\s+\.15$/m);
    expect(text).toMatch(/^a1\.3 A1\s+1\.00\s+·\s+·$/m);
    expect(attentionRows(attention(null))).toContainEqual({
      site: head,
      place: '=',
      source: 'F1',
      attention: 0.83,
    });
  });
});

describe('a profile', () => {
  it('shows norm, attention and plane of each value', () => {
    const all = texts(figureSvg(profileFigure(profile)));
    for (const text of ['norm', 'attention to', 'second direction', 'as query', 'BOS', 'count'])
      expect(all).toContain(text);
    expect(all).not.toContain(':'); // too little to be a line
    expect(all.join(' ')).toContain('21% of the activations’ variance');
    const bare = { ...profile, values: profile.values.map((one) => ({ ...one, attention: null })) };
    expect(texts(figureSvg(profileFigure(bare)))).not.toContain('attention to');
  });

  it('is a line a value in the terminal, and a row in a table', () => {
    const text = renderProfile(profile, { width: 110 });
    expect(text).toMatch(/^count\s+inputs\s+norm\s+deviation\s+cosine\s+to as query\s+to BOS\s+to :$/m);
    expect(text).toMatch(/^3\s+10\s+3\.50\s+0\.25\s+0\.70\s+\.60\s+\.30\s+·$/m);
    for (const line of renderProfile(profile, { width: 40 }).split('\n'))
      expect(line.length).toBeLessThan(41);
    expect(profileRows(profile)[0]).toMatchObject({ value: 1, norm: 1.5, 'attention as query': 0.2 });
  });
});
