/**
 * Patching of the published checkpoints against what their authors' code reports: cumulative effects in both orders,
 * over all of their held-out inputs. Ours are samples. Where the checkpoints are, each must lie within four of its standard
 * errors; what the case studies measured on them is compared always.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { askAblation, runExperiment } from '../../src/causal/index.js';
import { experimentNamed, plusCheck } from '../../src/studies/index.js';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { publishedModel, reference } from '../fixtures/reference.js';

const runtime = nodeRuntime({ threads: 1 });

/** Effects so far, forward and backward, rounded. */
const values: Readonly<Record<string, readonly [readonly number[], readonly number[]]>> = {
  'A1-from-F1S1': [
    [8.52, 18.9, 24.56, 24.6, 25.12, 25.12, 25.14, 25.31],
    [0.49, 0.46, 4.74, 5.45, 5.47, 8.92, 18.86, 25.26],
  ],
  'A1-from-F2S2': [
    [0.03, 0.03, 0.03, 13.25, 13.35, 13.42, 13.42, 13.47],
    [-0.14, -0.17, 1.39, 1.85, 13.45, 13.45, 13.46, 13.46],
  ],
  'A2-from-F1S1-A1is1': [
    [0, 0, 4.57, 5.94, 27.24, 27.5, 27.62, 28.83],
    [1.73, 1.82, 2.21, 23.55, 24.4, 28.85, 28.85, 28.8],
  ],
  'A2-from-F2S2-A1is1': [
    [0, 0, 0.02, 0.16, 8.87, 9.58, 10.21, 11.74],
    [1.51, 2.1, 2.79, 11.54, 11.7, 11.75, 11.73, 11.73],
  ],
  'A2-from-F2S2-A1not1': [
    [0.01, 13.8, 29.52, 29.43, 33.7, 33.91, 34.82, 35.29],
    [0.55, 1.8, 1.98, 4.91, 4.9, 21.01, 35.2, 35.22],
  ],
  'A2-from-F3S3-A1not1': [
    [0.01, 0, 0, 15.04, 15.06, 15.15, 15.19, 15.18],
    [0.39, 0.47, 0.79, 0.64, 15.18, 15.17, 15.17, 15.18],
  ],
  'A3-from-F2S2-A1is1': [
    [0, 14.45, 29.16, 29.13, 33.21, 33.66, 34.89, 35.21],
    [0.52, 2.21, 2.41, 5.29, 5.26, 20.4, 35.19, 35.27],
  ],
  'A3-from-F3S3-A1is1': [
    [0, 0, 0, 14.97, 14.98, 15.05, 15.08, 15.09],
    [0.33, 0.42, 0.72, 0.57, 15.09, 15.09, 15.09, 15.09],
  ],
  'A3-from-F3S3-A1not1': [
    [0, 0, 0, 2, 2.82, 4.8, 18.95, 35.85],
    [16.92, 31.04, 32.77, 33.56, 35.92, 35.88, 35.87, 35.92],
  ],
  'A4-from-F3S3-A1is1': [
    [0, 1.38, 2, 4, 5.03, 6.81, 21.48, 37.35],
    [15.87, 30.38, 30.82, 31.48, 34.71, 35.61, 37.31, 37.36],
  ],
  'A4-from-F1S1': [
    [38.51, 38.51, 38.5, 38.53, 38.63, 38.78, 38.78, 38.8],
    [-0.01, -0.03, 7.96, 8.44, 8.47, 8.46, 8.47, 38.8],
  ],
  // a0.0 at ":" alone, and with a1.0 at ":"; alone, a1.0 at ":".
  flip: [
    [0.15, NaN, 35.53],
    [35.43, 35.43, 35.54],
  ],
  'other-count': [
    [15.13, 37.22, 41.18, 44.25],
    [37.94, 42.94, 42.94, 44.25],
  ],
};

const orders = ['forward', 'backward'] as const;
const taskOf = (name: string): string =>
  name === 'flip' || name === 'other-count' ? 'counting' : 'addition';

/** What a case study measured of each experiment: increments by what is patched next, and the whole under `all`. */
const increments = z.record(z.string(), z.number());
const studySchema = z.object({
  patch: z.record(z.string(), z.object({ inputs: z.number(), forward: increments, backward: increments })),
});

describe('the case studies of the published models', () => {
  it.each(Object.entries(values))('report %s as its authors do, to 2% of the whole', (name, both) => {
    const file = new URL(`../../docs/case-studies/${taskOf(name)}.published.json`, import.meta.url);
    const measured = studySchema.parse(JSON.parse(readFileSync(file, 'utf8'))).patch[name];
    expect(measured?.inputs).toBeGreaterThanOrEqual(2000);
    for (const [at, order] of orders.entries()) {
      const { all = NaN, ...steps } = measured?.[order] ?? {};
      const wanted = both[at] ?? [];
      expect(Object.keys(steps)).toHaveLength(wanted.length);
      let effect = 0;
      for (const [step, increment] of Object.values(steps).entries()) {
        effect += increment;
        const reported = wanted[step] ?? NaN;
        if (!Number.isNaN(reported))
          expect(Math.abs(effect - reported), `${order} ${step}`).toBeLessThan(0.02 * all);
      }
    }
  });
});

describe('the published models', () => {
  it.for(Object.entries(values))('%s', async ([name, both], { skip }) => {
    skip(reference.absent, reference.reason);
    const task = taskOf(name);
    const model = await publishedModel(task, 'transformerlens');
    const { n, orders: measured } = await runExperiment(runtime, model, experimentNamed(name, task), {
      inputs: 200,
      seed: 7,
    });
    expect(n).toBe(200);
    for (const [order, published] of [
      ['forward', both[0]],
      ['backward', both[1]],
    ] as const) {
      measured[order].forEach(({ effect }, at) => {
        const wanted = published[at] ?? NaN;
        if (Number.isNaN(wanted)) return;
        expect(Math.abs(effect.mean - wanted), `${order} ${at}`).toBeLessThan(
          4 * effect.standardError + 0.05,
        );
      });
    }
  });

  it('keep nothing of an input at "+"', async ({ skip }) => {
    skip(reference.absent, reference.reason);
    const { places } = await askAblation(
      runtime,
      await publishedModel('addition', 'transformerlens'),
      plusCheck,
      300,
      1,
    );
    for (const { kl, logitLoss } of places) {
      expect(kl).toBeLessThan(1e-5);
      expect(Math.abs(logitLoss)).toBeLessThan(0.01);
    }
  });
});
