/**
 * Maps of an input: something known of every site and position, or of some, with a turn for each site, so that who asks
 * for a reading meanwhile waits for one site, not for the whole map.
 * @module
 */
import { z } from 'zod';
import { resolveSite } from '../models/hooks.js';
import { resolvePosition } from '../tasks/positions.js';
import { tokensOf } from '../tasks/tokens.js';
import { positionAxis, positionAxisSchema, siteAxis, siteAxisSchema } from './axes.js';
import { type Bench, type Turns } from './bench.js';
import { caseIdSchema, count, inputSchema, siteNameSchema } from './fields.js';
import { limits } from './limits.js';
import { type OpenCase } from './open-cases.js';
import { decoderOf, drawing, readerOf } from './readers.js';

/** What requests of all maps have in common. */
export const mapFields = {
  case: caseIdSchema,
  input: inputSchema,
  /** All of the case unless given. */
  sites: z.array(siteNameSchema).min(1).max(1000).optional(),
  /** Indices; all but EOS unless given. */
  positions: z.array(count).min(1).max(1000).optional(),
  /** Of each cell. */
  candidates: z.number().int().min(8).max(limits.overviewCandidates).default(64),
  seed: drawing.seed,
};
type MapRequest = z.output<z.ZodObject<typeof mapFields>>;

/** Event `plan` of a map: the axes, in order. */
export const overviewPlanSchema = z.object({
  input: z.string(),
  tokens: z.array(z.string()),
  sites: siteAxisSchema,
  positions: positionAxisSchema,
  candidates: count,
});
export type OverviewPlan = z.infer<typeof overviewPlanSchema>;

/** Event `done` of a map. */
export const mapDoneSchema = z.object({ cells: count, milliseconds: z.number() });

/** Axes in the program's own terms. */
export type MapAxes = ReturnType<typeof axesOf>;

/** What a map of an input asks, but how its cells are drawn. @throws InputError naming what cannot be taken */
export function axesOf(own: OpenCase, request: MapRequest, bench: Bench) {
  const { input, sites, positions, seed, candidates } = request;
  const known = decoderOf(own, 'A map of all sites').config.sites;
  readerOf(own, bench);
  const { task } = own;
  const ids = task.encode(input);
  const chosen = positions ?? ids.flatMap((id, at) => (id === task.eos ? [] : [at]));
  return {
    task,
    ids,
    seed,
    sites: [...new Set(sites ?? known)].map((site) => resolveSite(site, known)),
    positions: [...new Set(chosen)].map((at) => resolvePosition(task, ids, at)),
    candidates,
  };
}

/** Axes as they are sent. */
export const describeAxes = ({ task, ids, sites, positions, candidates }: MapAxes): OverviewPlan => ({
  input: task.decode(ids),
  tokens: tokensOf(task, ids),
  sites: siteAxis(sites),
  positions: positionAxis(task, ids, positions),
  candidates,
});

/** Does work at each site of a map in a turn of its own. @returns what `done` says of it */
export async function surveySites<Axes extends MapAxes>(
  { turn }: Pick<Turns<Axes, never>, 'turn'>,
  { sites, positions }: Axes,
  work: (own: OpenCase, order: Axes & { readonly site: string }) => Promise<void>,
): Promise<z.output<typeof mapDoneSchema>> {
  const started = performance.now();
  for (const site of sites) await turn((own, axes) => work(own, { ...axes, site }), site);
  return { cells: sites.length * positions.length, milliseconds: Math.round(performance.now() - started) };
}
