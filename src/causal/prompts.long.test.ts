import { describe, expect, it } from 'vitest';
import { familyFixtures, familyModel, familyReference } from '../../test/fixtures/families.js';
import { furthest } from '../../test/fixtures/float64.js';
import { constant, floatsOf, outputOf, where } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { cacheNames, runWithCache } from '../models/hooked-model.js';
import { attributePrompt, patchPrompts, promptPosition, promptSites } from './prompts.js';
import { type PatchAnswer } from './ask.js';
import { divergence } from './metric.js';
import { type SweepRecord } from './records.js';

const runtime = nodeRuntime({ threads: 1 });
const prompt = (ids: readonly number[]) => ({ ids, tokens: ids.map((id) => `␣t${id}`) });
const show = (id: number): string => `t${id}`;
const asked = {
  answer: null,
  against: null,
  show,
  sites: null,
  positions: null,
  sweep: true,
  metric: 'kl',
} as const;
const mapOf = (answer: PatchAnswer): SweepRecord => {
  if ('effects' in answer) return answer;
  throw new Error('no map');
};

describe.each(familyFixtures)('two prompts of %s', (name) => {
  const { ids } = familyReference(name);
  const clean = prompt(ids);
  // Alike but for the third token on.
  const contrast = prompt(ids.map((id, at) => (at < 2 ? id : (id + 3) % 17)));

  it('are swept over every hook: each cell is what exchanging that place by itself gives', async () => {
    const model = await familyModel(name);
    const hooks = cacheNames(model).filter((hook) => hook !== 'logits');
    const record = mapOf(
      await patchPrompts(runtime, model, {
        ...asked,
        clean,
        contrast,
        sites: hooks.join(','),
        positions: ids.map((_, at) => at).join(','),
      }),
    );
    expect(record.sites).toEqual(hooks);
    const source = await runWithCache(runtime, model, [contrast.ids], { names: hooks });
    const last = async (interventions?: Parameters<typeof runWithCache>[3]['interventions']) => {
      const options = interventions === undefined ? {} : { interventions };
      const run = await runWithCache(runtime, model, [clean.ids], { names: ['logits'], ...options });
      return floatsOf(run, 'logits').subarray(-model.architecture.vocabulary);
    };
    const before = await last();
    for (const [row, hook] of hooks.entries()) {
      const at = row % ids.length;
      const effect = record.effects[row]?.[at] ?? NaN;
      const changed = record.changed[row]?.[at];
      if (at < 2) {
        expect([effect, changed], hook).toEqual([0, 0]);
        continue;
      }
      const other = outputOf(source, hook);
      const axis = /hook_(attn_scores|pattern)$/.test(hook) ? 2 : 1;
      const mask = {
        dtype: 'bool' as const,
        shape: other.shape.map((size, i) => (i === axis ? size : 1)),
        data: Uint8Array.from(ids, (_, place) => (place === at ? 1 : 0)),
      };
      const patched = await last(new Map([[hook, (value) => where(constant(mask), constant(other), value)]]));
      expect(Math.abs(effect - divergence(before, patched)), hook).toBeLessThan(1e-5);
      if (furthest(patched, before) > 1e-4) expect(changed, hook).toBe(1);
    }
  });

  it('have parts of a logit that sum to it, but for biases', async () => {
    const model = await familyModel(name);
    const record = await attributePrompt(runtime, model, {
      prompt: clean,
      position: null,
      answer: 3,
      against: 4,
      show,
      sites: null,
      top: 2,
    });
    const run = await runWithCache(runtime, model, [ids], { names: ['logits'] });
    const logits = floatsOf(run, 'logits').subarray(-model.architecture.vocabulary);
    expect(record.total).toBeCloseTo((logits[3] ?? NaN) - (logits[4] ?? NaN), 4);
    const biased = [...model.parameters.keys()].some((parameter) => parameter.endsWith('.bias'));
    if (!biased) expect(record.rest).toBeCloseTo(0, 4);
    for (const { raised } of record.sites) expect(raised).toHaveLength(2);
  });
});

describe('two prompts', () => {
  const model = familyModel('llama');
  const clean = prompt([1, 2, 3, 4]);
  const ask = async (changes: object) =>
    patchPrompts(runtime, await model, { ...asked, clean, contrast: prompt([1, 2, 9, 4]), ...changes });

  it('are swept from the first token that differs, at embeddings, attention, MLP and stream', async () => {
    const record = mapOf(await ask({}));
    expect(record.positions).toEqual(['2:␣t3', '3:␣t4']);
    expect(record.sites).toEqual(promptSites(await model));
  });

  it('are answered by what the model thinks likeliest, where nothing is said', async () => {
    const likeliest = async (ids: readonly number[]): Promise<number> => {
      const logits = floatsOf(
        await runWithCache(runtime, await model, [ids], { names: ['logits'] }),
        'logits',
      );
      const last = Array.from(logits.subarray(-17));
      return last.indexOf(Math.max(...last));
    };
    const [own, others] = [await likeliest(clean.ids), await likeliest([1, 2, 9, 4])];
    const asking = ask({ metric: 'logit-difference' });
    if (own === others) await expect(asking).rejects.toThrow(/^Both prompts are answered by t\d+: name/);
    else
      await expect(asking).resolves.toMatchObject({
        about: expect.stringMatching(`^t${own} against t${others} `),
      });
    const named = mapOf(await ask({ metric: 'logit-difference', answer: 5, against: 6 }));
    expect(named.about).toMatch(/^t5 against t6 after ␣t1␣t2␣t3␣t4; contrast ␣t1␣t2␣t9␣t4$/);
  });

  it('are patched at named places each by itself and together, and say what changed nothing', async () => {
    const answer = await ask({ sites: 'a0.*', positions: '-1', sweep: false });
    const sets = 'sets' in answer ? answer.sets : [];
    expect(sets.map(({ patched }) => patched.length)).toEqual([1, 1, 1, 1, 4]);
    const early = await ask({ sites: 'x1.post', positions: '2', sweep: false });
    expect('warnings' in early ? early.warnings : []).toEqual([
      'Patching changed no logit in any of 1 runs: x1.post@2:␣t3.',
    ]);
  });

  it('of different lengths are aligned by positions from the end', async () => {
    const contrast = prompt([1, 2, 5, 9, 4]);
    await expect(ask({ contrast })).rejects.toThrow(/^The prompts have 4 and 5 tokens .*--positions/);
    const record = mapOf(await ask({ contrast, positions: '-2,-1', sites: 'x*.pre' }));
    expect(record.positions).toEqual(['2:␣t3', '3:␣t4']);
    // The last token is the same in both, and so is its embedding.
    expect(record.changed.flat()).toEqual([1, 0, 1, 1]);
  });

  it.each([
    ['the same twice', { contrast: clean }, /^The two prompts are the same/],
    ['a site that is not there', { sites: 'a0.9' }, /^Unknown site "a0\.9"/],
    [
      'a position that is not there',
      { positions: '4' },
      /^Position 4 is out of range: the prompt has 4 tokens, 0:␣t1 to 3:␣t4/,
    ],
    [
      'a token that is not there',
      { positions: 'Mary' },
      /^No token of the prompt is "Mary"\..* Tokens: 0:␣t1/,
    ],
    [
      'more tokens than there are positions',
      {
        clean: prompt(Array.from({ length: 17 }, () => 1)),
        contrast: prompt(Array.from({ length: 17 }, () => 2)),
      },
      /17 tokens are more than the 16 places/,
    ],
  ])('are refused: %s', async (_, changes, message) => {
    await expect(ask(changes)).rejects.toThrow(InputError);
    await expect(ask(changes)).rejects.toThrow(message);
  });
});

describe('a position', () => {
  const own = { ids: [0, 1, 2, 3], tokens: ['<s>', '␣a', 'b', '␣a'] };
  it.each([
    ['0', 0],
    ['-1', 3],
    ['<s>', 0],
    ['b', 2],
    ['3:␣a', 3],
  ])('%s is %i', (text, index) => expect(promptPosition(own, text)).toBe(index));

  it('is refused where it stands there twice', () => {
    for (const text of ['a', ' a', '␣a'])
      expect(() => promptPosition(own, text)).toThrow(
        /stands in the prompt 2 times: give one of 1:␣a, 3:␣a\.$/,
      );
  });
});
