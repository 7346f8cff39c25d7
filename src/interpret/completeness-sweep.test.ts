import { beforeAll, describe, expect, it } from 'vitest';
import { fewSums } from '../../test/fixtures/few-sums.js';
import { probedModel, smallDecoder } from '../../test/fixtures/task-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { type Decoder } from '../inversion/decoder.js';
import { openExactPreimages } from '../inversion/enumerate/exact.js';
import { type HookedModel } from '../models/hooked-model.js';
import { addition } from '../studies/index.js';
import { type SweptQuery, drawSites, sweepCompleteness, sweptQueries } from './completeness-sweep.js';

const runtime = nodeRuntime({ threads: 1 });
const task = fewSums([111, 122, 222, 311, 422, 511, 533, 644, 711, 755]);
const sites = ['blocks.0.attn.hook_result.0', 'blocks.1.hook_resid_post'];

describe('drawn sites', () => {
  it('are each once, in the order of a run, without the embeddings, the same for the same seed', () => {
    for (let seed = 0; seed < 30; seed++) {
      const drawn = drawSites(addition.sites, 8, seed);
      expect(new Set(drawn).size).toBe(8);
      expect(drawn).toEqual(addition.sites.filter((site) => drawn.includes(site)));
      expect(drawn).not.toContain('blocks.0.hook_resid_pre');
      expect(drawSites(addition.sites, 8, seed)).toEqual(drawn);
    }
    expect(
      new Set(Array.from({ length: 30 }, (_, seed) => drawSites(addition.sites, 8, seed).join())).size,
    ).toBeGreaterThan(20);
    expect(drawSites(addition.sites, 99, 1)).toEqual(addition.sites.slice(1));
  });
});

describe('queries of a sweep', () => {
  it('are held-out inputs at the place, or where the task asks', () => {
    const queries = sweptQueries(addition, sites, 5, null, 1);
    expect(queries.map(({ site, number }) => `${site} ${number}`)).toEqual(
      sites.flatMap((site) => [0, 1, 2, 3, 4].map((number) => `${site} ${number}`)),
    );
    for (const { ids, position } of queries) {
      expect(addition.data.inSplit(ids)).toBe('test');
      expect(addition.positions(ids)).toContain(position);
    }
    expect(new Set(queries.map(({ ids }) => ids.join())).size).toBe(10);
    for (const { position } of sweptQueries(addition, sites, 3, 'A4', 1)) expect(position).toBe(12);
  });

  it('hang on seed, site and number alone: fewer sites or queries give the same ones', () => {
    const all = sweptQueries(addition, sites, 3, null, 7);
    expect(sweptQueries(addition, sites.slice(1), 3, null, 7)).toEqual(all.slice(3));
    expect(sweptQueries(addition, sites, 1, null, 7)).toEqual([all[0], all[3]]);
    expect(sweptQueries(addition, sites, 3, null, 8)).not.toEqual(all);
  });
});

describe('a sweep', () => {
  let model: HookedModel;
  let decoder: Decoder;
  beforeAll(async () => {
    model = await probedModel(task);
    decoder = smallDecoder(task);
  });

  it('gives each query the same whatever stands beside it, and makes one pass a site', async () => {
    const opened: string[] = [];
    const reported = new Map<number, number>();
    const sweep = (queries: readonly SweptQuery[]) =>
      sweepCompleteness(runtime, model, decoder, task, queries, {
        epsilon: 0.3,
        metric: 'euclidean',
        noise: 0.1,
        draws: 3,
        outside: 20,
        seed: 5,
        exactAt: (site) => {
          opened.push(site);
          return openExactPreimages(runtime, model, task, site);
        },
        onProgress: (query, done) => reported.set(query, done),
      });
    const queries = sweptQueries(task, sites, 2, null, 5);
    const all = await sweep(queries);
    expect(opened).toEqual(sites);
    expect([...reported]).toEqual([0, 1, 2, 3].map((query) => [query, 3]));
    expect(all).toHaveLength(4);
    for (const one of all) {
      expect(one.inside).toBeGreaterThan(0);
      expect(one).toMatchObject({ draws: 3, outside: Math.min(20, 100 - one.inside), total: 100 });
    }
    const parts = [
      ...(await sweep(queries.slice(0, 1))),
      ...(await sweep(queries.slice(1, 3))),
      ...(await sweep(queries.slice(3))),
    ];
    expect(parts).toEqual(all);
  });
});
