/**
 * Exact preimages in a real language model against a float32 run of transformers: over all 1,740 inputs of one pattern
 * with 30 names, how many lie within ε of a query, and what they share. One pass serves all sites.
 */
import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { activationsOf } from '../../src/interpret/queries.js';
import { type ExactPreimages, openExactSites } from '../../src/inversion/enumerate/exact.js';
import { openFound, findModel } from '../../src/jobs/open-model.js';
import { boundTask } from '../../src/jobs/templates.js';
import { type HookedModel } from '../../src/models/hooked-model.js';
import { modelOf } from '../../src/models/load-model.js';
import { type HeldTask, heldTask, readTemplate, resolvePosition } from '../../src/tasks/index.js';

interface Query {
  readonly A: string;
  readonly B: string;
  readonly S: string;
  readonly site: string;
  readonly position: 'S1p1' | 'S2' | 'END';
  readonly size: Readonly<Record<string, number>>;
  readonly same_S: Readonly<Record<string, number>>;
  readonly same_IO: Readonly<Record<string, number>>;
  readonly same_order: Readonly<Record<string, number>>;
  readonly near?: Readonly<Record<string, number>>;
}
const reference = JSON.parse(
  readFileSync(new URL('../fixtures/ioi-smollm2-sets.json', import.meta.url), 'utf8'),
) as {
  readonly names: readonly string[];
  readonly pattern: string;
  readonly bos: string;
  readonly epsilons: readonly number[];
  readonly queries: readonly Query[];
};
const places = { S1p1: 'S1+1', S2: 'S2', END: 'END' } as const;

const path = process.env['INVERSIONVIEW_REAL_MODEL'] ?? '';
const absent = !existsSync(path);
const reason =
  'needs a real language model: INVERSIONVIEW_REAL_MODEL="$(node scripts/fetch-real-model.js)" npm run test:long';

describe('the inputs of one pattern in SmolLM2-135M-Instruct', () => {
  const runtime = nodeRuntime();
  const exact = new Map<string, ExactPreimages>();
  let task: HeldTask;
  let model: HookedModel;
  beforeAll(async () => {
    if (absent) return;
    const template = await readTemplate(
      JSON.stringify({
        name: 'ioi-names',
        patterns: [reference.pattern],
        slots: {
          A: reference.names,
          B: { 'same-as': 'A' },
          S: { 'one-of': ['A', 'B'] },
          IO: { 'other-of': ['A', 'B'], than: 'S' },
        },
        constraints: ['A != B'],
        contrast: { redraw: ['A', 'B'] },
        places: { 'S1+1': 'after first S', S2: 'last S', END: 'last' },
      }),
      'ioi-names.json',
      () => Promise.reject(new Error('no file')),
    );
    const checkpoint = await openFound(await findModel(path));
    model = await modelOf(checkpoint, 'none');
    await checkpoint.tensors.close();
    const whole = boundTask(template, model, checkpoint.tokenizer, reference.bos);
    task = heldTask(whole, whole.encode(textOf(reference.queries[0])));
    const sites = [...new Set(reference.queries.map(({ site }) => site))];
    for (const one of await openExactSites(runtime, model, task, sites)) exact.set(one.site, one);
  });

  it.for(reference.queries)('$site at $position of $A, $B, $S', async (query, { skip }) => {
    skip(absent, reason);
    const { site, position, A, S } = query;
    const ids = task.encode(textOf(query));
    const place = places[position];
    const [z = new Float32Array()] = await activationsOf(runtime, model, task, site, [
      { ids, position: resolvePosition(task, ids, place) },
    ]);
    const values = (name: string) => {
      const feature = task.features.find((one) => one.name === name);
      return (input: number): unknown => feature?.of(task.data?.instance(input) ?? []);
    };
    expect(task.data?.size).toBe(1740);
    const other = S === A ? query.B : A;
    for (const epsilon of reference.epsilons) {
      const key = String(epsilon);
      const found = await exact
        .get(site)
        ?.find(z, { epsilon, metric: 'euclidean', onlyAt: place, insideOnly: true });
      const members = Array.from(found?.members ?? []);
      const share = (name: string, value: unknown): number =>
        members.filter((input) => values(name)(input) === value).length;
      // Inputs that lie within 1e-4 of ε may fall on either side of it.
      const near = query.near?.[key] ?? 0;
      const order = S === A ? 1 : 2;
      for (const [name, own, wanted] of [
        ['size', members.length, query.size[key]],
        ['same S', share('S', S), query.same_S[key]],
        ['same IO', share('IO', other), query.same_IO[key]],
        ['same order', share('S.order', order), query.same_order[key]],
      ] as const)
        expect(Math.abs(own - (wanted ?? NaN)), `${name} at ${key}`).toBeLessThanOrEqual(near);
    }
  });
});

const textOf = (query: Query | undefined): string =>
  reference.pattern
    .replace('{A}', query?.A ?? '')
    .replace('{B}', query?.B ?? '')
    .replace('{S}', query?.S ?? '');
