import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Edit, type Float64Run, float64Gpt2 } from '../../test/fixtures/float64-gpt2.js';
import { furthest } from '../../test/fixtures/float64.js';
import { randomIds, smallConfig, smallModel } from '../../test/fixtures/small-gpt2.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { cacheNames } from '../models/hooked-model.js';
import { metrics } from './metric.js';
import { type PatchCase, type PatchQuestion, type SoFar, type Target, patch } from './patch.js';

const runtime = nodeRuntime({ threads: 1 });
const config = smallConfig();
const { n_head: heads, vocab_size: vocabulary } = config;
const model = await smallModel(config);
const hooks = cacheNames(model).filter((name) => name !== 'logits');

/** Pairs of different lengths with different answers; the answer is the last token but one. */
const cases: PatchCase[] = [5, 7, 6, 4].map((length, at) => {
  const [clean = [], contrast = []] = randomIds(config, 2, length, 10 + at);
  const answerAt = length - 2;
  contrast[answerAt] = ((clean[answerAt] ?? 0) + 1) % vocabulary;
  return { clean, contrast, answerAt, contrastAnswerAt: answerAt };
});
const [head = { clean: [], contrast: [], answerAt: 0, contrastAnswerAt: 0 }] = cases;
const unknown: Target = { site: '', label: '', positions: [] };
const everywhere = (position: number): number[] => cases.map(() => position);
const target = (site: string, positions: number[], sources?: number[]): Target => ({
  site,
  label: `${site}@${positions.join('/')}`,
  positions,
  ...(sources === undefined ? {} : { sources }),
});
const ask = (targets: readonly Target[], changes: Partial<PatchQuestion> = {}) =>
  patch(runtime, model, {
    cases,
    pad: 0,
    targets,
    sets: [targets.map((_, index) => index)],
    metric: metrics['logit-difference'],
    ...changes,
  });

const run64 = (ids: readonly number[], edits?: ReadonlyMap<string, Edit>): Float64Run =>
  float64Gpt2(config, model.parameters, ids, edits);

/** Copies what belongs to a position of one activation into another: rows, or a row of each head's attention. */
function copied(
  site: string,
  into: Float64Array,
  source: Float64Array,
  places: [number, number],
  from: number,
  to: number,
): Float64Array {
  const out = into.slice();
  const [own, others] = places;
  if (/hook_(pattern|attn_scores)$/.test(site)) {
    for (let head = 0; head < heads; head++) {
      for (let key = 0; key < Math.min(own, others); key++) {
        out[(head * own + to) * own + key] = source[(head * others + from) * others + key] ?? NaN;
      }
    }
    return out;
  }
  const size = into.length / own;
  out.set(source.subarray(from * size, (from + 1) * size), to * size);
  return out;
}

/** The effect on one pair by float64 loops. */
function expectedEffect(
  { clean, contrast, answerAt, contrastAnswerAt }: PatchCase,
  targets: readonly Target[],
  at: number,
): number {
  const source = run64(contrast).cache;
  const edits = new Map<string, Edit>();
  for (const { site, positions, sources } of targets) {
    const to = positions[at] ?? 0;
    const from = sources?.[at] ?? to;
    const before = edits.get(site);
    const replacement = source.get(site) ?? new Float64Array();
    edits.set(site, (x) =>
      copied(site, before?.(x) ?? x, replacement, [clean.length, contrast.length], from, to),
    );
  }
  const difference = ({ logits }: Float64Run): number => {
    const row = (answerAt - 1) * vocabulary;
    return (
      (logits[row + (clean[answerAt] ?? 0)] ?? NaN) - (logits[row + (contrast[contrastAnswerAt] ?? 0)] ?? NaN)
    );
  };
  return difference(run64(clean)) - difference(run64(clean, edits));
}

describe.each(hooks)('patching %s', (site) => {
  it('does what exchanging it in float64 does, at every position', async () => {
    const positions = [0, 1, 2];
    const targets = positions.map((position) => target(site, everywhere(position)));
    const { sets } = await ask(targets, { sets: [...targets.map((_, index) => [index]), [0, 1, 2]] });
    sets.forEach(({ effects, targets: set }) => {
      cases.forEach((one, at) => {
        const wanted = expectedEffect(
          one,
          set.map((index) => targets[index] ?? unknown),
          at,
        );
        expect(Math.abs((effects[at] ?? NaN) - wanted)).toBeLessThan(2e-4);
      });
    });
  });

  it('with an equal contrast changes nothing, and says so', async () => {
    const same = cases.map((one) => ({ ...one, contrast: one.clean }));
    const result = await ask([target(site, everywhere(2))], { cases: same, metric: metrics.kl });
    expect(result.sets[0]).toMatchObject({ changed: 0, effect: { mean: 0, standardError: 0 } });
    expect(result.warnings).toEqual([`Patching changed no logit in any of 4 runs: ${site}@2/2/2/2.`]);
  });
});

describe('patch', () => {
  const stream = 'blocks.1.hook_resid_pre';

  it("gives the contrast run's value where everything is patched, and the clean run's where nothing is", async () => {
    const targets = [0, 1, 2, 3].map((position) => target('x0.pre', everywhere(position)));
    const short = cases.map((one) => ({
      ...one,
      clean: one.clean.slice(0, 4),
      contrast: one.contrast.slice(0, 4),
      answerAt: 3,
      contrastAnswerAt: 3,
    }));
    short.forEach(({ clean, contrast }) => (contrast[3] = ((clean[3] ?? 0) + 1) % vocabulary));
    const { clean, contrast, sets } = await ask(targets, { cases: short, sets: [[0, 1, 2, 3], []] });
    expect(sets[0]?.effect.mean).toBeCloseTo(clean.mean - contrast.mean, 4);
    expect(sets[0]?.changed).toBe(1);
    expect(sets[1]).toMatchObject({ changed: 0, effect: { mean: 0, standardError: 0 } });
  });

  it('has the baselines of the unpatched runs', async () => {
    const { clean, contrast, n } = await ask([target(stream, everywhere(1))]);
    const wanted = (side: 'clean' | 'contrast'): number =>
      cases.reduce((sum, one) => {
        const { logits } = run64(one[side]);
        const row = (one.answerAt - 1) * vocabulary;
        const difference =
          (logits[row + (one.clean[one.answerAt] ?? 0)] ?? NaN) -
          (logits[row + (one.contrast[one.answerAt] ?? 0)] ?? NaN);
        return sum + difference / cases.length;
      }, 0);
    expect(n).toBe(4);
    expect(clean.mean).toBeCloseTo(wanted('clean'), 4);
    expect(contrast.mean).toBeCloseTo(wanted('contrast'), 4);
  });

  it('takes replacements from other positions of a contrast of another length', async () => {
    const moved = cases.map((one, at) => {
      const [contrast = []] = randomIds(
        config,
        1,
        one.clean.length === 7 ? 5 : one.clean.length + 1,
        90 + at,
      );
      const contrastAnswerAt = contrast.length - 1;
      contrast[contrastAnswerAt] = ((one.clean[one.answerAt] ?? 0) + 3) % vocabulary;
      return { ...one, contrast, contrastAnswerAt };
    });
    const targets = [
      target('a0.1', [1, 2, 0, 1], [3, 1, 2, 0]),
      target('blocks.0.attn.hook_k', [0, 4, 2, 1], [1, 0, 3, 3]),
    ];
    const full = targets.map((one) => ({
      ...one,
      site: one.site === 'a0.1' ? 'blocks.0.attn.hook_result.1' : one.site,
    }));
    const { sets } = await ask(targets, { cases: moved });
    moved.forEach((one, at) => {
      expect(Math.abs((sets[0]?.effects[at] ?? NaN) - expectedEffect(one, full, at))).toBeLessThan(2e-4);
    });
  });

  it('is the same whatever is run together', async () => {
    const targets = [target(stream, everywhere(1)), target('m0', everywhere(0))];
    const together = await ask(targets, { sets: [[0], [1], [0, 1]] });
    for (const batch of [1, 3]) {
      const apart = await ask(targets, { sets: [[0], [1], [0, 1]], batch });
      apart.sets.forEach(({ effects }, set) =>
        effects.forEach((effect, at) =>
          expect(effect).toBeCloseTo(together.sets[set]?.effects[at] ?? NaN, 4),
        ),
      );
    }
  });

  it('takes a set for what is in it, in whatever order and how often', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2]), fc.shuffledSubarray([0, 1, 2]), async (one, other) => {
        const targets = ['a0.0', 'a0.2', 'm0'].map((site) => target(site, everywhere(1)));
        const { sets } = await ask(targets, { sets: [one, one.toReversed(), [...one, ...one], other] });
        expect(sets[1]?.effects).toEqual(sets[0]?.effects);
        expect(sets[2]?.effects).toEqual(sets[0]?.effects);
        if (one.toSorted().join() === other.toSorted().join())
          expect(sets[3]?.effects).toEqual(sets[0]?.effects);
      }),
      { numRuns: 8 },
    );
  });

  it('averages the cases of an input before it estimates', async () => {
    const targets = [target(stream, everywhere(2))];
    const single = await ask(targets);
    const paired = await ask(targets, { each: 2 });
    const [a = NaN, b = NaN, c = NaN, d = NaN] = single.sets[0]?.effects ?? [];
    expect(paired.n).toBe(2);
    expect(furthest(paired.sets[0]?.effects ?? [], [(a + b) / 2, (c + d) / 2])).toBeLessThan(1e-10);
    expect(paired.sets[0]?.effect.standardError).toBeCloseTo(Math.abs((a + b - c - d) / 4), 10);
  });

  it('knows of a patch behind the measured place that it reaches nothing', async () => {
    const late = target(
      stream,
      cases.map(({ answerAt }) => answerAt),
    );
    const { sets, warnings } = await ask([late, target(stream, everywhere(1))], { sets: [[0], [1], [0, 1]] });
    expect(sets.map(({ changed }) => changed)).toEqual([0, 1, 1]);
    expect(warnings).toHaveLength(1);
  });

  it('reports every run as it goes', async () => {
    const seen: number[] = [];
    const targets = [target(stream, everywhere(1)), target(stream, everywhere(2))];
    await ask(targets, { sets: [[0], [1]], batch: 3, onProgress: (done, all) => seen.push(done, all) });
    // Six of the first three pairs together, two of the last.
    expect(seen).toEqual([6, 8, 8, 8]);
  });

  it('gives many sets run together what each gives by itself, and the bits of what nothing is exchanged in', async () => {
    const positions = [0, 1, 2, 3];
    const targets = hooks.flatMap((site) => positions.map((position) => target(site, [position])));
    const [pair = head] = cases;
    // Alike up to the second token: nothing before can matter.
    const contrast = pair.contrast.with(0, pair.clean[0] ?? 0).with(1, pair.clean[1] ?? 0);
    const question = { cases: [{ ...pair, contrast }], metric: metrics.kl };
    const together = await ask(targets, { ...question, sets: targets.map((_, index) => [index]) });
    const idle = together.sets
      .filter(({ changed }) => changed === 0)
      .map(({ targets: [index = 0] }) => index);
    expect(idle).toEqual(
      expect.arrayContaining(targets.flatMap((_, index) => (index % 4 < 2 ? [index] : []))),
    );
    for (const [index, { effect }] of together.sets.entries()) {
      if (index % 3 !== 0) continue;
      const alone = await ask([targets[index] ?? unknown], question);
      expect(Math.abs(effect.mean - (alone.sets[0]?.effect.mean ?? NaN))).toBeLessThan(1e-5);
    }
  });

  it('keeps apart sets that take different positions of the contrast to the same one', async () => {
    const targets = [1, 2, 3].map((from) => target(stream, everywhere(1), everywhere(from)));
    const together = await ask(targets, { sets: [[0], [1], [2]] });
    for (const [index, own] of targets.entries()) {
      const alone = await ask([own]);
      expect(furthest(together.sets[index]?.effects ?? [], alone.sets[0]?.effects ?? [])).toBeLessThan(1e-5);
    }
  });

  it.each<[string, Partial<PatchQuestion>, RegExp]>([
    ['no pairs', { cases: [] }, /^There is nothing to patch/],
    [
      'a site the model does not have',
      { targets: [target('a0.5', everywhere(1))] },
      /^Unknown site "a0\.5"\. Did you mean "a0\.\d"\?/,
    ],
    ['a misspelt hook', { targets: [target('hook_embd', everywhere(1))] }, /Did you mean "hook_embed"\?/],
    [
      'a position outside an input',
      { targets: [target(stream, [1, 1, 1, 4])] },
      /^Pair 4 does not align: .* at 4 of 4 tokens/,
    ],
    [
      'a position outside a contrast',
      { targets: [target(stream, everywhere(1), [1, 1, 6, 1])] },
      /^Pair 3 does not align: .* at 6 of the 6/,
    ],
    [
      'an attention row of another position',
      { targets: [target('blocks.0.attn.hook_pattern', everywhere(1), everywhere(2))] },
      /can only be patched between equal positions/,
    ],
    [
      'a contrast with the same answer',
      { cases: cases.map((one) => ({ ...one, contrast: one.clean })) },
      /^Pair 1: the contrast input does not change the answer/,
    ],
    [
      'an answer that nothing predicts',
      { cases: [{ ...head, answerAt: 0 }] },
      /^Pair 1: the input of 5 tokens has no answer at 0/,
    ],
    [
      'a token outside the vocabulary',
      { cases: [{ ...head, clean: [1, 2, 3, 99, 1] }] },
      /^Pair 1: token 99/,
    ],
    ['a set of a target that is not there', { sets: [[7]] }, /target 7 of 1/],
  ])('refuses %s', async (_, changes, message) => {
    const question = ask([target(stream, everywhere(1))], changes);
    await expect(question).rejects.toThrow(InputError);
    await expect(question).rejects.toThrow(message);
  });
});

describe('a patch that is followed', () => {
  const targets = [target(hooks[0] ?? '', everywhere(1)), target('x0.post', everywhere(2))];
  const sets = [[0], [1], [1], [0, 1]];

  it('tells each set as it is run, and in the end what it answers', async () => {
    const reported = new Map<number, SoFar>();
    let times = 0;
    const result = await ask(targets, {
      sets,
      batch: 3,
      onSet: (soFar) => {
        times += 1;
        reported.set(soFar.index, soFar);
      },
    });
    // Two blocks of three sets: the third is the second again.
    expect([...reported.keys()]).toEqual([0, 1, 3]);
    expect(times).toBe(6);
    for (const [index, { set, clean, contrast }] of reported) {
      expect(set).toEqual(result.sets[index]);
      expect([clean, contrast]).toEqual([result.clean, result.contrast]);
    }
  });

  it('tells only inputs all of whose contrasts have been run', async () => {
    const seen: number[] = [];
    await ask(targets, { sets: [[0]], each: 2, batch: 3, onSet: ({ clean }) => seen.push(clean.n) });
    expect(seen).toEqual([1, 2]);
  });

  it('stops between two runs', async () => {
    const controller = new AbortController();
    const runs: number[] = [];
    const running = ask(targets, {
      sets,
      signal: controller.signal,
      onSet: ({ index }) => {
        runs.push(index);
        controller.abort(new Error('enough'));
      },
    });
    await expect(running).rejects.toThrow('enough');
    expect(runs).toEqual([0]);
  });
});
