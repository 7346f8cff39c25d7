/**
 * Sites and positions as they are sent, with the names that a page shows.
 * @module
 */
import { z } from 'zod';
import { shortName } from '../models/hooks.js';
import { placeName } from '../tasks/positions.js';
import { type Task } from '../tasks/task.js';
import { tokenOf } from '../tasks/tokens.js';
import { count } from './fields.js';

export const siteAxisSchema = z.array(z.object({ site: z.string(), short: z.string() }));
export const siteAxis = (sites: readonly string[]): z.output<typeof siteAxisSchema> =>
  sites.map((site) => ({ site, short: shortName(site) }));

export const positionAxisSchema = z.array(
  z.object({ position: count, place: z.string().nullable(), token: z.string() }),
);
/** Positions of an input. */
export const positionAxis = (
  task: Task,
  ids: readonly number[],
  positions: readonly number[],
): z.output<typeof positionAxisSchema> =>
  positions.map((position) => ({
    position,
    place: placeName(task, ids, position),
    token: tokenOf(task, ids[position] ?? task.pad),
  }));
