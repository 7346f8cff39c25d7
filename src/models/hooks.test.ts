import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import {
  blockHook,
  fullName,
  headOf,
  headSite,
  hookNames,
  resolveSite,
  sitesNamed,
  shortName,
  vectorSites,
} from './hooks.js';
import { readArchitecture } from './families/index.js';

const gpt2 = (n_layer: number) => readArchitecture({ n_layer, n_head: 3, n_embd: 12, vocab_size: 11 });

describe('hookNames', () => {
  it("is TransformerLens' list, in the order in which a run of GPT-2 reaches them", () => {
    expect(hookNames(gpt2(2))).toEqual([
      'hook_embed',
      'hook_pos_embed',
      'blocks.0.hook_resid_pre',
      'blocks.0.ln1.hook_scale',
      'blocks.0.ln1.hook_normalized',
      'blocks.0.attn.hook_q',
      'blocks.0.attn.hook_k',
      'blocks.0.attn.hook_v',
      'blocks.0.attn.hook_attn_scores',
      'blocks.0.attn.hook_pattern',
      'blocks.0.attn.hook_z',
      'blocks.0.attn.hook_result',
      'blocks.0.hook_attn_out',
      'blocks.0.hook_resid_mid',
      'blocks.0.ln2.hook_scale',
      'blocks.0.ln2.hook_normalized',
      'blocks.0.mlp.hook_pre',
      'blocks.0.mlp.hook_post',
      'blocks.0.hook_mlp_out',
      'blocks.0.hook_resid_post',
      'blocks.1.hook_resid_pre',
      'blocks.1.ln1.hook_scale',
      'blocks.1.ln1.hook_normalized',
      'blocks.1.attn.hook_q',
      'blocks.1.attn.hook_k',
      'blocks.1.attn.hook_v',
      'blocks.1.attn.hook_attn_scores',
      'blocks.1.attn.hook_pattern',
      'blocks.1.attn.hook_z',
      'blocks.1.attn.hook_result',
      'blocks.1.hook_attn_out',
      'blocks.1.hook_resid_mid',
      'blocks.1.ln2.hook_scale',
      'blocks.1.ln2.hook_normalized',
      'blocks.1.mlp.hook_pre',
      'blocks.1.mlp.hook_post',
      'blocks.1.hook_mlp_out',
      'blocks.1.hook_resid_post',
      'ln_final.hook_scale',
      'ln_final.hook_normalized',
    ]);
  });

  it('grows by one block a layer', () => {
    const [names, more] = [hookNames(gpt2(47)), hookNames(gpt2(48))];
    expect(more.length - names.length).toBe(18);
    expect(new Set(more).size).toBe(more.length);
  });
});

describe('vectorSites', () => {
  it('lists residual streams, heads and MLPs in the order of a run', () => {
    expect(vectorSites({ layers: 2, heads: 2, parallel: false }).map(shortName)).toEqual([
      ...['x0.pre', 'a0.0', 'a0.1', 'x0.mid', 'm0', 'x0.post'],
      ...['x1.pre', 'a1.0', 'a1.1', 'x1.mid', 'm1', 'x1.post'],
    ]);
  });
});

describe('short names', () => {
  it.each([
    ['a0.3', 'blocks.0.attn.hook_result.3'],
    ['a11.10', 'blocks.11.attn.hook_result.10'],
    ['x0.pre', 'blocks.0.hook_resid_pre'],
    ['x1.mid', 'blocks.1.hook_resid_mid'],
    ['x47.post', 'blocks.47.hook_resid_post'],
    ['m0', 'blocks.0.hook_mlp_out'],
  ])('%s is %s', (short, full) => {
    expect(fullName(short)).toBe(full);
    expect(shortName(full)).toBe(short);
  });

  it('go there and back for every site of every model', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 30 }), (layers, heads) => {
        const sites = vectorSites({ layers, heads, parallel: false });
        expect(sites.map(shortName).map(fullName)).toEqual(sites);
        expect(new Set(sites.map(shortName)).size).toBe(sites.length);
      }),
      { numRuns: 20 },
    );
  });

  it('leave alone what is no site', () => {
    for (const name of [
      'hook_embed',
      'blocks.0.attn.hook_pattern',
      'a0',
      'x0',
      'xa0.1',
      'a0.1.2',
      'm',
      '',
      'A0.1',
    ]) {
      expect(fullName(name)).toBe(name);
      expect(shortName(name)).toBe(name);
    }
  });
});

describe('resolveSite', () => {
  const sites = vectorSites({ layers: 2, heads: 4, parallel: false });

  it('takes either form, with blanks around it', () => {
    expect(resolveSite('a1.3', sites)).toBe('blocks.1.attn.hook_result.3');
    expect(resolveSite(' x0.mid ', sites)).toBe('blocks.0.hook_resid_mid');
    expect(resolveSite('blocks.1.hook_mlp_out', sites)).toBe('blocks.1.hook_mlp_out');
  });

  it.each([
    ['a0.9', 'Did you mean "a0.'],
    ['x0.mids', 'Did you mean "x0.mid"?'],
    ['blocks.0.hook_resid_mod', 'Did you mean "blocks.0.hook_resid_mid"?'],
    ['a2.0', 'Did you mean "a0.0"?'],
  ])('refuses %s with a suggestion and the list', (name, suggestion) => {
    expect(() => resolveSite(name, sites)).toThrow(InputError);
    expect(() => resolveSite(name, sites)).toThrow(suggestion);
    expect(() => resolveSite(name, sites)).toThrow(/Sites: x0\.pre, a0\.0, .*x1\.post\.$/);
  });

  it('suggests nothing for what is like nothing', () => {
    expect(() => resolveSite('the quick brown fox', sites)).toThrow(
      /^Unknown site "the quick brown fox"\. Sites:/,
    );
  });
});

describe('sitesNamed', () => {
  const sites = ['hook_embed', ...vectorSites({ layers: 12, heads: 2, parallel: false }), 'logits'];

  it('takes names of both forms, hooks of every block and patterns, each site once', () => {
    expect(sitesNamed('a1.1, blocks.1.attn.hook_result.1,hook_embed', sites)).toEqual([
      headSite(1, 1),
      'hook_embed',
    ]);
    expect(sitesNamed('hook_mlp_out', sites)).toHaveLength(12);
    expect(sitesNamed('a1.*', sites)).toEqual([headSite(1, 0), headSite(1, 1)]);
    expect(sitesNamed('x*.post', sites)).toHaveLength(12);
    expect(sitesNamed('blocks.1*.hook_mlp_out', sites).map(shortName)).toEqual(['m1', 'm10', 'm11']);
  });

  it.each([
    ['a1.9', /^Unknown site "a1\.9"\. Did you mean "a1\.\d"\? Sites: x0\.pre, a0\.0, a0\.1, x0\.mid, …, /],
    ['q*', /^Unknown site "q\*"\. Sites: /],
    ['a1.(*', /^Unknown site "a1\.\(\*"/],
    ['x0.post,', /^Unknown site ""\. Sites: /],
  ])('refuses %s', (list, message) => {
    expect(() => sitesNamed(list, sites)).toThrow(InputError);
    expect(() => sitesNamed(list, sites)).toThrow(message);
  });
});

describe('headOf', () => {
  it('finds layer and head of a head site alone', () => {
    expect(headOf(headSite(7, 11))).toEqual({ layer: 7, head: 11 });
    expect(headOf(blockHook(7, 'result'))).toBeNull();
    expect(headOf('blocks.0.hook_resid_mid')).toBeNull();
    expect(headOf('a0.1')).toBeNull();
  });
});
