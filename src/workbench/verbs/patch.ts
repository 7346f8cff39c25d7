/**
 * Chosen sites patched at one position, each by itself and all together, over many contrasts.
 * @module
 */
import { z } from 'zod';
import { crossed, metrics, patch, resolveHook, setsRecord } from '../../causal/index.js';
import { shortName } from '../../models/hooks.js';
import { type Turns, caseStream } from '../bench.js';
import { type LoadedCase } from '../case-study.js';
import { count, jobEvents, placeSchema, progressEventSchema, siteNameSchema } from '../fields.js';
import { limits } from '../limits.js';
import { type OpenCase } from '../open-cases.js';
import {
  alignedAt,
  baselinesOf,
  baselinesSchema,
  circumstances,
  contrasts,
  effectFields,
  effectOf,
  hooksOf,
  runtimeFor,
} from '../patching.js';
import { setsRecordSchema } from '../patching-records.js';
import { type Emitted, type EventOf } from '../verb.js';
import { contrasted, contrastedFor } from './contrast.js';

/** Body of `POST /api/patch`: each of the sites at one position, and all of them together. */
const patchRequestSchema = z.strictObject({
  ...contrasted,
  contrasts,
  sites: z.array(siteNameSchema).min(1).max(limits.sites),
  position: placeSchema,
});
export type PatchRequest = z.input<typeof patchRequestSchema>;

/** Events of `POST /api/patch` by name. Of `sets`, all sites together come last where there are several. */
export const patchEventSchemas = {
  ...jobEvents,
  progress: progressEventSchema,
  result: z.object({
    record: setsRecordSchema,
    baselines: baselinesSchema,
    sets: z.array(z.object({ sites: z.array(z.string()), ...effectFields })),
    /** Distinct contrast inputs among those drawn. */
    distinct: count,
  }),
  done: z.object({ milliseconds: z.number() }),
};
export type PatchEvent = EventOf<typeof patchEventSchemas>;

/** What chosen sites are patched in. @throws InputError */
function planOf({ task, model }: LoadedCase, request: z.output<typeof patchRequestSchema>) {
  const { sites, position } = request;
  const own = contrastedFor(task, request, request.contrasts);
  const hooks = hooksOf(model);
  const distinct = [...new Set(sites.map((site) => resolveHook(site, hooks)))];
  return {
    ...own,
    sites: distinct,
    targets: crossed(distinct, [alignedAt(task, own, position)]),
    metric: metrics[request.metric],
    request,
  };
}

/** Patches chosen sites, each by itself and all together. */
async function patchSites(
  own: OpenCase,
  { cases, sites, targets, metric, about, request }: ReturnType<typeof planOf>,
  { bench, emit, signal }: Turns<unknown, Emitted<typeof patchEventSchemas>>,
): Promise<void> {
  const started = performance.now();
  const each = targets.map((_, index) => [index]);
  const sets = each.length > 1 ? [...each, each.flat()] : each;
  const result = await patch(runtimeFor(bench, own.model), own.model, {
    cases,
    pad: own.task.pad,
    metric,
    signal,
    targets,
    sets,
    onProgress: (done, all) => emit({ event: 'progress', data: { what: 'patched runs', done, all } }),
  });
  const baselines = baselinesOf(metric, result.clean, result.contrast);
  const record = setsRecord(circumstances(own, request, about), result, targets);
  emit({
    event: 'result',
    data: {
      record,
      baselines,
      sets: result.sets.map((set) => ({
        sites: set.targets.map((index) => shortName(sites[index] ?? '')),
        ...effectOf(set, baselines),
      })),
      distinct: new Set(cases.map(({ contrast }) => contrast.join())).size,
    },
  });
  emit({ event: 'done', data: { milliseconds: Math.round(performance.now() - started) } });
}

/** See the module. */
export const patchVerbs = {
  patch: caseStream({
    body: patchRequestSchema,
    events: patchEventSchemas,
    plan: planOf,
    run: (work) => work.turn((own, plan) => patchSites(own, plan, work)),
  }),
};
