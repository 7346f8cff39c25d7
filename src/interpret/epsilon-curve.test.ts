/** Curves of ε over a small template, counted by hand from the model's own activations. */
import { beforeAll, describe, expect, it } from 'vitest';
import { distancesTo, meetingsTask, modelFor } from '../../test/fixtures/template-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { type ExactPreimages, openExactSites } from '../inversion/enumerate/exact.js';
import { someMembers } from '../inversion/enumerate/members.js';
import { type HookedModel } from '../models/hooked-model.js';
import { seededRandom } from '../random.js';
import { type HeldTask, heldTask, resolvePosition } from '../tasks/index.js';
import { epsilonCurve, plateausOf } from './epsilon-curve.js';
import { createPrior } from './prior.js';
import { activationsOf } from './queries.js';

const runtime = nodeRuntime({ threads: 1 });
const epsilons = [0.05, 0.2, 0.4, 0.6, 0.8, 1, 1.3, 2, 1000];

describe('an ε-curve over the pairs of names', () => {
  let task: HeldTask;
  let model: HookedModel;
  let exacts: ExactPreimages[];
  let inputs: number[][];
  beforeAll(async () => {
    const whole = await meetingsTask();
    model = await modelFor(whole);
    task = heldTask(whole, whole.encode('Ann and Bo in Oslo. Ann met Bo'));
    inputs = Array.from({ length: task.data?.size ?? 0 }, (_, at) => task.data?.instance(at) ?? []);
    exacts = await openExactSites(runtime, model, task, task.sites);
  });
  const placeIn = (name: string) => (ids: readonly number[]) =>
    task.places(ids).flatMap((place) => (place.name === name ? [place.index] : []));

  it.each([
    ['S1', true],
    ['S1+1', true],
    ['END', true],
    ['END', false],
    ['BOS', true],
  ] as const)('has the sizes of a count at %s (at the place alone: %s)', async (place, only) => {
    expect(inputs).toHaveLength(60);
    for (const exact of exacts) {
      const ids = inputs[17] ?? [];
      const [z = new Float32Array()] = await activationsOf(runtime, model, task, exact.site, [
        { ids, position: resolvePosition(task, ids, place) },
      ]);
      const distances = await distancesTo(
        model,
        task,
        exact.site,
        z,
        inputs,
        only ? placeIn(place) : undefined,
      );
      const prior = createPrior(task, task.features);
      const curve = await epsilonCurve(exact, prior, {
        ids,
        z,
        metric: 'euclidean',
        onlyAt: only ? place : null,
        epsilons,
      });
      expect(curve.total).toBe(60);
      const sizes = curve.points.map(({ size }) => size);
      // No distance is so near to a threshold that float32 could decide.
      expect(
        distances.flatMap((own) => epsilons.filter((epsilon) => Math.abs(own - epsilon) < 1e-5)),
      ).toEqual([]);
      expect(sizes).toEqual(epsilons.map((epsilon) => distances.filter((own) => own <= epsilon).length));
      expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
      expect([sizes[0], sizes.at(-1)].map((size) => (size ?? 0) >= 1)).toEqual([true, true]);
      expect(sizes.at(-1)).toBe(60);
      curve.points.forEach(({ bits, size, epsilon, features }) => {
        expect(bits).toBeCloseTo(Math.log2(60 / size), 10);
        const inside = inputs.filter((_, at) => (distances[at] ?? Infinity) <= epsilon);
        for (const name of ['A', 'B', 'S', 'S.order']) {
          const of = task.features.find((feature) => feature.name === name)?.of;
          const same = inside.filter((own) => of?.(own) === of?.(ids)).length;
          const figure = features.find(({ feature }) => feature === name);
          expect(figure?.consistency, `${name} at ${epsilon}`).toBeCloseTo(same / size, 10);
        }
      });
      const set = await exact.find(z, { epsilon: 0.8, onlyAt: only ? place : null });
      set.distances.forEach((own, at) => expect(own).toBeCloseTo(distances[at] ?? NaN, 3));
      const shown = await someMembers(
        runtime,
        model,
        task,
        { site: exact.site, z, metric: 'euclidean', onlyAt: only ? place : null },
        set,
        100,
        seededRandom(1),
      );
      const wanted = distances.filter((own) => own <= 0.8).sort((a, b) => a - b);
      expect(shown).toHaveLength(wanted.length);
      shown.forEach(({ distance }, at) => expect(distance).toBeCloseTo(wanted[at] ?? NaN, 3));
    }
  });

  it('says up to which ε a feature is held', async () => {
    const [exact] = exacts;
    if (exact === undefined) throw new Error('no site');
    const ids = inputs[3] ?? [];
    const position = resolvePosition(task, ids, 'S1');
    const [z = new Float32Array()] = await activationsOf(runtime, model, task, exact.site, [
      { ids, position },
    ]);
    const curve = await epsilonCurve(exact, createPrior(task, task.features), {
      ids,
      z,
      metric: 'euclidean',
      onlyAt: 'S1',
      epsilons,
    });
    for (const { feature, epsilon } of curve.heldUpTo) {
      const held = curve.points.map(({ features }) => {
        const own = features.find((one) => one.feature === feature);
        return own !== undefined && own.before > 0 && own.consistency >= 0.95;
      });
      const until = held.indexOf(false);
      expect(epsilon, feature).toBe(epsilons[(until < 0 ? held.length : until) - 1] ?? null);
    }
    // The town is the same in all, so that nothing is told of it.
    expect(curve.heldUpTo.find(({ feature }) => feature === 'town')).toEqual({
      feature: 'town',
      epsilon: null,
    });
  });

  it('stops between thresholds', async () => {
    const [exact] = exacts;
    if (exact === undefined) throw new Error('no site');
    const stopped = epsilonCurve(exact, createPrior(task, task.features), {
      ids: inputs[0] ?? [],
      z: new Float32Array(model.architecture.width),
      metric: 'euclidean',
      signal: AbortSignal.abort(),
    });
    await expect(stopped).rejects.toThrow('aborted');
  });
});

describe('plateaus', () => {
  const of = (sizes: readonly number[], total = 1000): string[] =>
    plateausOf(
      sizes.map((size, at) => ({ epsilon: at + 1, size })),
      total,
    ).map(({ from, to, size }) => `${from}–${to}: ${size}`);

  it('are runs of points with nearly the same inputs', () => {
    expect(of([1, 1, 29, 29, 30, 31, 200, 700, 1000, 1000])).toEqual(['3–6: 29']);
    expect(of([1, 10, 11, 12, 50, 55, 61])).toEqual(['2–3: 10', '5–6: 50']);
  });

  it('are neither of the query alone, of nothing nor of everything', () => {
    expect(of([0, 0, 1, 1, 1, 1000, 1000])).toEqual([]);
    expect(of([2, 4, 8, 16])).toEqual([]);
    expect(of([])).toEqual([]);
    // Growth is counted from the beginning of a plateau: it does not creep.
    expect(of([100, 109, 118, 128, 140])).toEqual(['1–2: 100', '3–4: 118']);
  });
});
