import { describe, expect, it } from 'vitest';
import { conditionings, smallDecoderConfig, smallDecoderConfigs } from '../../test/fixtures/small-decoder.js';
import { InputError } from '../input-error.js';
import { conditioningWidth, decoderParameters, isStatistic, readDecoderConfig } from './decoder-config.js';

const config = smallDecoderConfig();

describe('readDecoderConfig', () => {
  it.each(smallDecoderConfigs)('reads what was written: %s', (_, own) => {
    expect(readDecoderConfig(JSON.parse(JSON.stringify(own)))).toEqual(own);
  });

  it('leaves fields that it does not know out', () => {
    expect(readDecoderConfig({ ...config, note: 'mine' })).toEqual(config);
  });

  it.each([
    ['no object', null, 'mine/config.json: it is not a JSON object'],
    ['no fields', {}, '"layers"'],
    ['half a layer', { ...config, layers: 1.5 }, '"layers"'],
    ['no heads', { ...config, heads: 0 }, '"heads"'],
    ['more width than any decoder has', { ...config, width: 1e6 }, '"width"'],
    [
      'an activation that is not computed',
      { ...config, activation: 'relu' },
      /"activation".*"gelu"\|"relu2"/,
    ],
    ['no sites', { ...config, sites: [] }, '"sites"'],
    ['a site that is no text', { ...config, sites: ['a', 7] }, '"sites.1"'],
    ['another form', { ...config, form: 'short' }, /"form".*"plain"\|"completion"/],
    ['another conditioning', { ...config, conditioning: { kind: 'cross-attention' } }, '"conditioning.kind"'],
    [
      'a conditioning without its width',
      { ...config, conditioning: { kind: 'site-projection', blocks: 1, hidden: 2 } },
      '"conditioning.width"',
    ],
    ['a flag that is none', { ...config, additive: 1 }, '"additive"'],
    ['heads that do not divide the width', { ...config, heads: 3 }, 'width 8 is not a multiple of heads 3'],
  ])('refuses %s in one line that names the file', (_, json, message) => {
    const read = (): unknown => readDecoderConfig(json, 'mine/config.json');
    expect(read).toThrow(InputError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^mine\/config\.json: [^\n]+$/);
  });
});

describe('the conditioning vector', () => {
  it('is the activation and its site as published, and as wide as told in our own', () => {
    expect(conditioningWidth(config)).toBe(4 + 3);
    expect(conditioningWidth(smallDecoderConfig({ conditioning: conditionings['site-projection'] }))).toBe(7);
  });
});

describe('decoderParameters', () => {
  const listed = (of: typeof config): string[] =>
    [...decoderParameters(of)].map(([name, { shape }]) => `${name} [${shape.join()}]`);

  it('lists the published decoder', () => {
    const one = smallDecoderConfig({
      layers: 1,
      conditioning: { kind: 'residual-mlp', blocks: 1, hidden: 3 },
    });
    expect(listed(one)).toEqual([
      'condition.site.weight [3,3]',
      'condition.0.ln.weight [7]',
      'condition.0.ln.bias [7]',
      'condition.0.fc.weight [7,3]',
      'condition.0.fc.bias [3]',
      'condition.0.proj.weight [3,7]',
      'condition.0.proj.bias [7]',
      'condition.ln.weight [7]',
      'condition.ln.bias [7]',
      'wte.weight [6,8]',
      'wpe.weight [5,8]',
      'h.0.prefix.weight [7,8]',
      'h.0.prefix.bias [8]',
      'h.0.prefix_ln.weight [8]',
      'h.0.prefix_ln.bias [8]',
      'h.0.ln_1.weight [8]',
      'h.0.ln_1.bias [8]',
      'h.0.attn.c_attn.weight [8,24]',
      'h.0.attn.c_attn.bias [24]',
      'h.0.attn.c_proj.weight [8,8]',
      'h.0.attn.c_proj.bias [8]',
      'h.0.ln_2.weight [8]',
      'h.0.ln_2.bias [8]',
      'h.0.mlp.c_fc.weight [8,10]',
      'h.0.mlp.c_fc.bias [10]',
      'h.0.mlp.c_proj.weight [10,8]',
      'h.0.mlp.c_proj.bias [8]',
      'ln_f.weight [8]',
      'ln_f.bias [8]',
    ]);
  });

  it('gives our own conditioning a projection and statistics a site, and the addition its map', () => {
    const names = listed(
      smallDecoderConfig({ conditioning: conditionings['site-projection'], additive: true }),
    );
    expect(names.slice(0, 4)).toEqual([
      'condition.mean [3,4]',
      'condition.scale [3,1]',
      'condition.project.weight [12,7]',
      'condition.project.bias [3,7]',
    ]);
    expect(names).toContain('condition.add.weight [7,8]');
    expect(listed(config).some((name) => name.startsWith('condition.add'))).toBe(false);
  });

  it('starts gains at one, shifts at zero, and what writes to the residual stream lower', () => {
    const plans = decoderParameters(config);
    expect(plans.get('h.1.ln_1.weight')?.initial).toBe('ones');
    expect(plans.get('h.1.prefix_ln.bias')?.initial).toBe('zeros');
    expect(plans.get('wte.weight')?.initial).toEqual({ normal: 0.02 });
    expect(plans.get('h.0.attn.c_proj.weight')?.initial).toEqual({ normal: 0.01 });
    // The published conditioning starts like the rest, our own as PyTorch's linear layers do.
    expect(plans.get('h.0.prefix.weight')?.initial).toEqual({ normal: 0.02 });
    expect(plans.get('h.0.prefix.bias')?.initial).toBe('zeros');
    const own = decoderParameters(smallDecoderConfig({ conditioning: conditionings['site-projection'] }));
    expect(own.get('h.0.prefix.weight')?.initial).toEqual({ uniform: 1 / Math.sqrt(7) });
    expect(own.get('h.0.prefix.bias')?.initial).toEqual({ uniform: 1 / Math.sqrt(7) });
    expect(plans.get('condition.site.weight')?.initial).toBe('statistics');
  });

  it('trains everything but the statistics of the activations', () => {
    const all = smallDecoderConfigs.flatMap(([, own]) => [...decoderParameters(own).keys()]);
    expect([...new Set(all.filter(isStatistic))].sort()).toEqual([
      'condition.mean',
      'condition.scale',
      'condition.whiten',
    ]);
  });
});
