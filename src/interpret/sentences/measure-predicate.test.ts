/**
 * Figures of sentences, against counts by hand over an exact set.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fewSums } from '../../../test/fixtures/few-sums.js';
import { probedModel, smallDecoder } from '../../../test/fixtures/task-models.js';
import { nodeRuntime } from '../../engine/runtime/node.js';
import { createInstruments } from '../../inversion/instruments.js';
import { createReader } from '../../inversion/preimage.js';
import { openExactPreimages } from '../../inversion/enumerate/exact.js';
import { randomFor } from '../../random.js';
import { randomOfNorm } from '../control-activations.js';
import { createInterpreter } from '../interpreter.js';
import { createPrior } from '../prior.js';
import { activationsOf } from '../queries.js';
import { decoderEvidence, exactEvidence, searchEvidence } from './evidence.js';
import { accountedTogether, measurePredicate } from './measure-predicate.js';
import { judgeSentences } from './judge-sentences.js';
import { readPredicate } from './read-predicate.js';
import { bitsAccounted, gained } from './sentence-figures.js';
import { shareWorth } from './input-set.js';
import { vocabularyOf } from './vocabulary.js';

const task = fewSums([100, 101, 109, 110, 199, 450, 455, 459, 500, 555, 901, 999]);
const prior = createPrior(task);
const vocabulary = vocabularyOf(prior);
const runtime = nodeRuntime({ threads: 1 });
const site = 'blocks.0.attn.hook_result.1';
const ids = task.data.instance(77);
const view = { epsilon: 0.9, metric: 'euclidean' } as const;

const sentences: readonly (readonly [string, (own: readonly number[]) => boolean])[] = [
  ['F1 = 4', (own) => own[1] === 4],
  ['F1 = 4 or S1 = 9', (own) => own[1] === 4 || own[5] === 9],
  ['not F1', (own) => own[1] !== ids[1]],
  ['F1 = S1', (own) => own[1] === own[5]],
  ['F3 > 4 and S3 in {0, 1}', (own) => (own[3] ?? 0) > 4 && [0, 1].includes(own[7] ?? -1)],
  ['sum >= 1', () => true],
  ['sum < 0', () => false],
];

describe('a sentence on an exact set', () => {
  it('has the figures that counting every input by itself gives, and controls likewise', async () => {
    const model = await probedModel(task);
    const [z = new Float32Array(0)] = await activationsOf(runtime, model, task, site, [{ ids, position: 8 }]);
    const exact = await openExactPreimages(runtime, model, task, site);
    const query = { ids, z, seed: 3, ...view, onlyAt: null };
    const evidence = await exactEvidence(runtime, model, prior, exact, query);
    const { members, total, distances } = await exact.find(z, view);
    const inputs = Array.from({ length: total }, (_, at) => task.data.instance(at));
    const within = new Set(members);
    expect(members.length).toBeGreaterThan(1);
    expect(members.length).toBeLessThan(total);
    const near: (readonly number[])[][] = [];
    for (let vector = 0; vector < 8; vector++) {
      const far = (await exact.find(randomOfNorm(z, randomFor(3, 'control', vector)), view)).distances;
      const reach = Math.max(0.9, [...far].sort((a, b) => a - b)[members.length - 1] ?? 0);
      near.push(inputs.filter((_, at) => (far[at] ?? Infinity) <= reach));
    }
    for (const [text, isTrue] of sentences) {
      const { figures } = measurePredicate(readPredicate(text, vocabulary), evidence);
      const inside = inputs.filter((own, at) => within.has(at) && isTrue(own)).length;
      const all = inputs.filter(isTrue).length;
      const [p, b] = [inside / members.length, all / total];
      expect(figures.own).toBe(isTrue(ids));
      expect(figures.counted).toEqual({ true: inside, of: members.length });
      expect(figures.inside).toEqual({ share: p, low: null, high: null });
      expect(figures.all).toEqual({ share: b, low: null, high: null });
      expect(figures.outside?.share).toBeCloseTo((all - inside) / (total - members.length), 12);
      expect(figures.recall).toBe(all === 0 ? null : inside / all);
      expect(figures.lift?.value).toBe(all === 0 ? undefined : p / b);
      // A sentence never accounts for more than there is.
      expect(figures.bits?.value ?? 0).toBeLessThanOrEqual((evidence.information?.bits ?? 0) + 1e-9);
      const random = figures.controls.find(({ activation }) => activation === 'random');
      const shares = near.map((set) => set.filter(isTrue).length / set.length);
      expect(random?.share?.share).toBeCloseTo(shares.reduce((sum, own) => sum + own, 0) / 8, 12);
      // Every input begins with BOS: all are near it.
      const bos = figures.controls.find(({ activation }) => activation === 'bos');
      expect(bos?.share?.share).toBe(b);
      const falseInside = members.filter((at) => !isTrue(inputs[at] ?? []));
      const nearestFalse = [...falseInside]
        .sort((x, y) => (distances[x] ?? 0) - (distances[y] ?? 0))
        .slice(0, 3);
      expect(figures.counterexamples.inside).toHaveLength(nearestFalse.length);
      if (nearestFalse[0] !== undefined)
        expect(figures.counterexamples.inside[0]).toBe(task.decode(inputs[nearestFalse[0]] ?? []));
    }
    // All members in one sentence account for all the information there is, and together no less than alone.
    const measured = sentences.map(([text]) => measurePredicate(readPredicate(text, vocabulary), evidence));
    const together = accountedTogether(evidence, measured) ?? 0;
    for (const { figures } of measured)
      expect(together).toBeGreaterThanOrEqual((figures.bits?.value ?? 0) - 1e-9);
    expect(together).toBeLessThanOrEqual((evidence.information?.bits ?? 0) + 1e-9);

    const { judgements } = await judgeSentences(
      [
        { id: '1', label: 'F1 = 4', source: null },
        { id: '2', label: 'It is about trains', source: 'someone' },
      ],
      evidence,
      null,
    );
    expect(judgements[0]).toMatchObject({ by: 'features', predicate: 'F1 = 4', reason: null });
    expect(judgements[1]).toEqual({
      by: null,
      predicate: null,
      reason: '"It" is no feature.',
      figures: null,
      asking: null,
    });
    await exact.dispose();
  });
});

describe('a sentence on what was drawn or found', () => {
  it('has intervals of draws by a decoder, and of a search only what is there', async () => {
    const model = await probedModel(task);
    const position = 8;
    const [z = new Float32Array(0)] = await activationsOf(runtime, model, task, site, [{ ids, position }]);
    const query = { ids, z, site, position, seed: 3, ...view };
    const predicate = readPredicate('F1 = 4', vocabulary);
    const exact = await openExactPreimages(runtime, model, task, site);
    const truth = measurePredicate(
      predicate,
      await exactEvidence(runtime, model, prior, exact, { ...query, onlyAt: null }),
    ).figures.inside?.share;
    for (const decoder of [smallDecoder(task), null]) {
      const instruments = createInstruments(runtime, model, decoder, task);
      const made = {
        instruments,
        interpreter: createInterpreter(runtime, model, decoder, task, { instruments, prior }),
        reader: createReader(runtime, model, decoder, task, instruments),
      };
      const evidence =
        decoder === null
          ? await searchEvidence(model, made, query, [{ temperature: 1, noise: 0, candidates: 100 }])
          : await decoderEvidence(runtime, model, decoder, made, query);
      const { figures } = measurePredicate(predicate, evidence);
      expect(figures.all).toEqual({ share: expect.closeTo(0.25, 9), low: null, high: null });
      expect(figures.recall).toBeNull();
      expect(figures.outside?.low ?? 1).toBeLessThan(figures.outside?.high ?? 0);
      expect(figures.counted.of).toBeGreaterThan(0);
      if (decoder === null) {
        expect([figures.inside, figures.lift, figures.bits]).toEqual([null, null, null]);
        expect(figures.controls.map(({ activation, share }) => [activation, share])).toEqual([
          ['bos', null],
          ['random', null],
        ]);
      } else {
        expect(figures.inside?.low ?? 1).toBeLessThanOrEqual(truth ?? 0);
        expect(figures.inside?.high ?? 0).toBeGreaterThanOrEqual(truth ?? 1);
        expect(figures.controls.map(({ activation }) => activation)).toEqual(['query', 'bos', 'random']);
      }
      await made.interpreter.dispose();
      await made.reader.dispose();
      await instruments.dispose();
    }
    await exact.dispose();
  });
});

describe('bitsAccounted', () => {
  it('is the surprise of a sentence that is true of all inside, none where it is no truer inside', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (b, p) => {
          expect(bitsAccounted(1, b)).toBeCloseTo(-Math.log2(b), 9);
          if (p <= b) expect(bitsAccounted(p, b)).toBe(0);
          else expect(bitsAccounted(p, b)).toBeLessThanOrEqual(-Math.log2(b) + 1e-9);
        },
      ),
    );
  });
});

describe('gained', () => {
  it('holds value within its ends, which close as more is drawn', () => {
    const share = fc.double({ min: 0.001, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, fc.integer({ min: 8, max: 500 }), (p, b, n) => {
        const of = (worth: number) =>
          gained(
            (level) => shareWorth(p, worth, level),
            (level) => shareWorth(b, worth, level),
            null,
          );
        const [few, many] = [of(n), of(100 * n)];
        for (const { lift, bits } of [few, many]) {
          for (const one of [lift, bits]) {
            expect(one?.low ?? Infinity).toBeLessThanOrEqual((one?.value ?? 0) + 1e-9);
            expect(one?.high ?? Infinity).toBeGreaterThanOrEqual((one?.value ?? 0) - 1e-9);
          }
        }
        expect(many.lift?.low ?? 0).toBeGreaterThanOrEqual((few.lift?.low ?? 0) - 1e-9);
      }),
    );
  });

  it('gives no lift over what no input is', () => {
    const none = { share: 0, low: null, high: null };
    expect(
      gained(
        () => none,
        () => none,
        3,
      ),
    ).toEqual({ lift: null, bits: null });
  });
});
