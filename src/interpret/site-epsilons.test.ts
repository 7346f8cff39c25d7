/** ε by site and place, against curves counted from the model's own activations. */
import { expect, it } from 'vitest';
import { distancesTo, meetingsTask, modelFor } from '../../test/fixtures/template-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { chooseEpsilon, triedEpsilons } from './choose-epsilon.js';
import { activationsAt, passQueries, passTask, siteEpsilons } from './site-epsilons.js';

const runtime = nodeRuntime({ threads: 1 });

it('is chosen from the curves of all queries of all passes, at their own place', async () => {
  const task = await meetingsTask();
  const model = await modelFor(task);
  const question = { sites: ['a0.0', 'a1.1'], places: ['S1+1', 'END'], passes: 2, queries: 3, seed: 5, metric: 'euclidean' } as const; // prettier-ignore
  const progress: [number, number][] = [];
  const found = await siteEpsilons(runtime, model, task, question, {
    onProgress: (done, all) => progress.push([done, all]),
  });
  expect(found.map(({ place, queries }) => [place, queries])).toEqual([['S1+1', 6], ['END', 6], ['S1+1', 6], ['END', 6]]); // prettier-ignore
  expect(progress.at(-1)).toEqual([120, 120]);
  for (const { site, place, chosen } of found) {
    const curves = [];
    for (let pass = 0; pass < question.passes; pass++) {
      const held = passTask(task, question.seed, pass);
      const asked = passQueries(held, question.seed, pass, question.queries);
      const inputs = Array.from({ length: held.data?.size ?? 0 }, (_, at) => held.data?.instance(at) ?? []);
      const activations = await activationsAt(runtime, model, held, [site], asked);
      for (const [row, ids] of asked.entries()) {
        const z = activations(site, row, ids, place) ?? new Float32Array();
        const distances = await distancesTo(model, held, site, z, inputs, (own) =>
          held.places(own).flatMap(({ name, index }) => (name === place ? [index] : [])),
        );
        const within = (most: number): number => distances.filter((own) => own <= most).length;
        curves.push({ total: inputs.length, same: within(1e-3), sizes: triedEpsilons.map(within) });
      }
    }
    const wanted = chooseEpsilon(triedEpsilons, curves);
    expect(chosen?.epsilon ?? null, `${site} ${place}`).toBe(wanted?.epsilon ?? null);
    if (wanted !== null) expect(chosen?.inside).toBeCloseTo(wanted.inside, 1);
  }
  await expect(siteEpsilons(runtime, model, task, { ...question, sites: ['a7.0'] })).rejects.toThrow(/a7\.0/);
});
