/** All heads in one run against a run a head, and what follows from a template with no code. */
import { beforeAll, describe, expect, it } from 'vitest';
import { familyFixtures, familyModel, familyReference } from '../../test/fixtures/families.js';
import { meetingsTask, modelFor } from '../../test/fixtures/template-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { type HookedModel, headSites } from '../models/hooked-model.js';
import { experimentNamed, experimentsOf } from '../studies/index.js';
import { type TemplateTask } from '../tasks/index.js';
import { type PatchAnswer, ask } from './ask.js';
import { drawCases } from './experiment.js';
import { headOf } from '../models/hooks.js';
import { sweepHeads } from './head-sweep.js';
import { metrics } from './metric.js';
import { type PatchCase } from './patch.js';
import { type SweepRecord } from './records.js';
import { specifiedPosition } from './specification.js';
import { type SweepQuestion, type SweepResult, sweep } from './sweep.js';

const runtime = nodeRuntime({ threads: 1 });

/** Both ways of one question agree, cell by cell. */
async function expectAlike(model: HookedModel, question: SweepQuestion): Promise<SweepResult> {
  const [fast, slow] = [await sweepHeads(runtime, model, question), await sweep(runtime, model, question)];
  expect(fast.sites).toEqual(slow.sites);
  expect(fast.positions).toEqual(slow.positions);
  expect(fast.cells).toHaveLength(slow.cells.length);
  for (const [at, cell] of fast.cells.entries()) {
    const other = slow.cells[at];
    expect([cell.site, cell.position, cell.changed]).toEqual([other?.site, other?.position, other?.changed]);
    expect(cell.effect.mean).toBeCloseTo(other?.effect.mean ?? NaN, 3);
    expect(cell.effect.n).toBe(other?.effect.n);
    if (cell.effect.n > 1)
      expect(cell.effect.standardError).toBeCloseTo(other?.effect.standardError ?? NaN, 3);
  }
  expect(fast.clean.mean).toBeCloseTo(slow.clean.mean, 3);
  expect(fast.contrast.mean).toBeCloseTo(slow.contrast.mean, 3);
  expect(fast.n).toBe(slow.n);
  return fast;
}

describe.each(familyFixtures)('heads of %s', (name) => {
  it.each(['logit-difference', 'kl'] as const)(
    'do in one run what they do one by one: %s',
    async (metric) => {
      const model = await familyModel(name);
      const { ids } = familyReference(name);
      const vocabulary = model.architecture.vocabulary;
      const shifted = ids.map((id, at) => (at === 0 ? id : (id + 3) % vocabulary));
      const cases: PatchCase[] = [
        {
          clean: ids,
          contrast: shifted,
          answerAt: ids.length - 1,
          contrastAnswerAt: ids.length - 1,
          against: 1,
        },
        // Shorter, and with its places one further on in the contrast.
        {
          clean: ids.slice(0, -1),
          contrast: shifted,
          answerAt: ids.length - 2,
          contrastAnswerAt: ids.length - 1,
          against: 2,
        },
      ].filter(({ clean, answerAt, against }) => clean[answerAt] !== against);
      const result = await expectAlike(model, {
        cases,
        pad: 0,
        metric: metrics[metric],
        sites: headSites(model.architecture).toReversed(),
        positions: [
          { name: 'first', positions: cases.map(() => 0) },
          { name: 'second', positions: cases.map(() => 1), sources: cases.map((_, at) => 1 + at) },
          {
            name: 'last',
            positions: cases.map(({ answerAt }) => answerAt - 1),
            sources: cases.map(({ contrastAnswerAt }) => contrastAnswerAt - 1),
          },
        ],
      });
      // The first token is the same in both.
      expect(
        result.cells.filter(({ position }) => position === 'first').every(({ changed }) => changed === 0),
      ).toBe(true);
      expect(result.cells.some(({ effect }) => Math.abs(effect.mean) > 1e-3)).toBe(true);
    },
  );
});

describe('the experiments of a template', () => {
  let task: TemplateTask;
  let model: HookedModel;
  beforeAll(async () => {
    task = await meetingsTask({
      contrast: { answer: ' {S}', redraw: ['A', 'B'], fresh: ['A', 'B', 'S'] },
      positions: ['S1+1', 'END'],
    });
    model = await modelFor(task);
  });
  const mapOf = (answer: PatchAnswer): SweepRecord => {
    if ('effects' in answer) return answer;
    throw new Error('no map');
  };

  it('are named, and patch the heads of the task at its positions', () => {
    expect(experimentsOf(task).map(({ name, sites }) => [name, sites])).toEqual([
      ['heads', '2 sites, @S1+1, @END'],
      ['heads-redrawn', '2 sites, @S1+1, @END'],
    ]);
    expect(() => experimentNamed('head', task)).toThrow(
      'Unknown experiment "head". Did you mean "heads"? Experiments of meetings: heads, heads-redrawn.',
    );
  });

  it('are none without an answer, or without a contrast', async () => {
    const message = /has no experiments: its template needs an answer and a contrast/;
    expect(() => experimentNamed('heads', 'unknown')).toThrow(message);
    const bare = await meetingsTask({ contrast: undefined });
    expect(experimentsOf(bare)).toEqual([]);
    expect(() => experimentNamed('heads', bare)).toThrow(message);
  });

  it.each(['heads', 'heads-redrawn'])(
    '%s: in one run as head by head, over held-out texts, each once',
    async (name) => {
      const experiment = experimentNamed(name, task);
      const cases = drawCases(experiment, 9, 3, 2);
      expect(new Set(cases.map(({ clean }) => clean.join())).size).toBe(9);
      for (const { clean, answerAt, against } of cases) {
        expect(answerAt).toBe(task.answer?.determined(clean)[0]);
        expect(against).toBe(task.contrastAnswer(clean));
      }
      expect(drawCases(experiment, 9, 3, 2)).toEqual(cases);
      await expectAlike(model, {
        cases,
        pad: task.pad,
        metric: metrics['logit-difference'],
        each: 2,
        sites: headSites(model.architecture),
        positions: ['S1+1', 'END'].map((place) => specifiedPosition(task, cases, place)),
      });
    },
  );

  it('are asked by name: a map of heads and places', async () => {
    const record = mapOf(
      await ask(runtime, model, task, {
        source: { experiment: experimentNamed('heads', task) },
        inputs: 6,
        contrasts: 1,
        seed: 1,
      }),
    );
    expect(record).toMatchObject({ n: 6, positions: ['S1+1', 'END'], metric: 'logit-difference' });
    expect(record.sites.every((site) => headOf(site) !== null)).toBe(true);
    expect(record.effects.flat().every(Number.isFinite)).toBe(true);
  });

  it('come to nothing where a text is held against itself', async () => {
    const clean = task.encode('Ann and Bo in Oslo. Ann met');
    const answerAt = task.answer?.determined(clean)[0] ?? 1;
    const own: PatchCase = { clean, contrast: clean, answerAt, contrastAnswerAt: answerAt, against: 5 };
    const {
      cells,
      clean: before,
      contrast,
    } = await sweepHeads(runtime, model, {
      cases: [own],
      pad: task.pad,
      metric: metrics['logit-difference'],
      sites: headSites(model.architecture),
      positions: [{ name: 'END', positions: [answerAt - 1] }],
    });
    for (const { effect, changed } of cells) expect([effect.mean, changed]).toEqual([0, 0]);
    expect(contrast.mean).toBeCloseTo(before.mean, 4);
  });

  it('come to nothing where a contrast gives the activation that was there', async () => {
    // Only what follows the patched place differs.
    const clean = task.encode('Ann and Bo in Oslo. Ann met');
    const contrast = task.encode('Ann and Bo in Bonn. Ann met');
    const answerAt = task.answer?.determined(clean)[0] ?? 1;
    const { cells } = await sweepHeads(runtime, model, {
      cases: [{ clean, contrast, answerAt, contrastAnswerAt: answerAt, against: 5 }],
      pad: task.pad,
      metric: metrics.kl,
      sites: headSites(model.architecture),
      positions: [{ name: 'S1+1', positions: [2] }],
    });
    for (const { effect, changed } of cells) expect([effect.mean, changed]).toEqual([0, 0]);
  });

  it('take typed texts with three names: held against the subject, at the same places', async () => {
    const clean = 'Ann and Bo in Oslo. Ann met';
    const asked = (contrast: string) =>
      ask(runtime, model, task, {
        source: {
          specification: { inputs: [clean], contrasts: [contrast], metric: 'logit-difference' },
          name: 'typed',
        },
        sweep: true,
        inputs: 1,
        seed: 1,
      });
    const record = mapOf(await asked('Cleo and Dan in Oslo. Eve met'));
    expect(record.positions).toEqual(['BOS', 'S1', 'S1+1', 'town', 'END']);
    expect(record.effects.flat().some((effect) => effect !== 0)).toBe(true);
    await expect(asked('Cleo in Oslo. Eve met')).rejects.toThrow(
      /^Cleo in Oslo\. Eve met cannot be held against Ann and Bo in Oslo\. Ann met Bo: it is neither a text of meetings nor a contrast with fresh fillers/,
    );
  });

  it('refuse a place that a text does not have', async () => {
    const experiment = experimentNamed('heads', task);
    await expect(
      ask(runtime, model, task, {
        source: { experiment },
        positions: ['S3'],
        inputs: 2,
        contrasts: 1,
        seed: 1,
      }),
    ).rejects.toThrow(/S3/);
  });
});
