import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuTime } from '../../test/fixtures/cpu-time.js';
import { gpt2ParameterShapes, smallConfig } from '../../test/fixtures/small-gpt2.js';
import { InputError } from '../input-error.js';
import { parameterTest } from './architecture.js';
import { readArchitecture } from './families/index.js';
import { storedNames } from './stored-names.js';

const config = smallConfig();
const own = [...gpt2ParameterShapes(config).keys()];
const known = {
  what: 'a GPT-2',
  prefix: 'transformer.',
  unembed: 'lm_head.weight',
  has: parameterTest(readArchitecture(config)),
};
const read = (names: readonly string[]): Map<string, string> => storedNames('mine', names, known);
const part = fc.stringMatching(/^[a-z_]{1,8}$/);

describe('storedNames', () => {
  it('finds every parameter behind any prefix that all names share', () => {
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 6 }),
        fc.boolean(),
        fc.boolean(),
        (parts, transformer, head) => {
          const prefix = parts.map((word) => `${word}.`).join('');
          const names = own.map((name) => `${prefix}${transformer ? 'transformer.' : ''}${name}`);
          if (head) names.push(`${prefix}lm_head.weight`);
          const stored = read(names);
          expect(stored.size).toBe(names.length);
          for (const [at, name] of own.entries()) expect(stored.get(name)).toBe(names[at]);
          expect(stored.get('lm_head.weight')).toBe(head ? `${prefix}lm_head.weight` : undefined);
        },
      ),
    );
  });

  it('takes no name for another: whatever the names, each is found once, under its own, or all are refused', () => {
    const name = fc
      .oneof(fc.constantFrom(...own), fc.string())
      .chain((last) =>
        fc
          .array(fc.constantFrom('module.', 'transformer.', 'h.', '_orig_mod.'), { maxLength: 3 })
          .map((before) => before.join('') + last),
      );
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 6 }), (names) => {
        try {
          const stored = read(names);
          expect([...stored.values()].sort()).toEqual([...names].sort());
          for (const [bare, full] of stored) expect(full.endsWith(bare)).toBe(true);
          // One wrapper before all, which may itself be called as the prefix is.
          const before = [...stored].map(([bare, full]) => full.slice(0, -bare.length));
          const shortest = before.toSorted((a, b) => a.length - b.length)[0] ?? '';
          const wrappers = [shortest, shortest.replace(/transformer\.$/, '')];
          const isBehind = (wrapper: string) => (own: string) =>
            own === wrapper || own === `${wrapper}transformer.`;
          expect(wrappers.some((wrapper) => before.every(isBehind(wrapper)))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 500, examples: [[['transformer.transformer.ln_f.weight', 'transformer.wte.weight']]] },
    );
  });

  it.each([
    ['module.', 'DataParallel or DistributedDataParallel'],
    ['_orig_mod.', 'torch.compile'],
    ['model.', 'a Lightning module'],
    ['_fsdp_wrapped_module.', 'FullyShardedDataParallel'],
  ])('says where %s inside a name comes from', (word, origin) => {
    const names = own.map((name) => name.replace('h.0.', `h.0.${word}`));
    expect(() => read(names)).toThrow(
      new InputError(
        `mine: the weights hold "h.0.${word}ln_1.weight", which a GPT-2 of this config does not have: "${word}" comes from ${origin}; take it out of all names before saving`,
      ),
    );
  });

  it('has nothing to find where there are no names', () => {
    expect(read([]).size).toBe(0);
  });

  it('is quick and short with hostile names', () => {
    const start = cpuTime();
    expect(() => read([`${'a.'.repeat(20_000)}\u001b[2J`])).toThrow(
      /^mine: the weights hold "(a\.){40}…", which/,
    );
    expect(cpuTime() - start).toBeLessThan(1000);
  });
});
