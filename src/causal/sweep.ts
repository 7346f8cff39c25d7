/**
 * A sweep: every site patched at every position by itself. The heat map shows where along the input, and where in
 * the model, what tells the two inputs apart is carried.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { type HookedModel } from '../models/hooked-model.js';
import { shortName } from '../models/hooks.js';
import { type Estimate } from './estimate.js';
import { type PatchQuestion, type PatchResult, type SetResult, type Target, patch } from './patch.js';

/** A position of each case, under one name. */
export interface SweepPosition {
  readonly name: string;
  readonly positions: readonly number[];
  readonly sources?: readonly number[];
}

/** One cell of the map. */
export interface SweepCell {
  readonly site: string;
  readonly position: string;
  readonly effect: Estimate;
  readonly changed: number;
}

/** The map, site by site. */
export interface SweepResult extends Omit<PatchResult, 'sets'> {
  readonly sites: readonly string[];
  readonly positions: readonly string[];
  readonly cells: readonly SweepCell[];
}

/** What is swept: a question without targets, and the two axes of the map. */
export interface SweepQuestion extends Omit<PatchQuestion, 'targets' | 'sets'> {
  readonly sites: readonly string[];
  readonly positions: readonly SweepPosition[];
}

/** Every site at every position, the positions of a site next to each other. */
export const crossed = (sites: readonly string[], positions: readonly SweepPosition[]): Target[] =>
  sites.flatMap((site) =>
    positions.map(({ name, ...where }) => ({ site, label: targetLabel(shortName(site), name), ...where })),
  );

/** How a site at a position is called: `a0.3@=`. */
export const targetLabel = (site: string, position: string): string => `${site}@${position}`;

/** Cells of a map by the results of its targets, in the order of {@link crossed}. */
export const cellsOf = (
  sites: readonly string[],
  positions: readonly SweepPosition[],
  results: readonly SetResult[],
): SweepCell[] =>
  results.map(({ effect, changed }, index) => ({
    site: sites[Math.floor(index / positions.length)] ?? '',
    position: positions[index % positions.length]?.name ?? '',
    effect,
    changed,
  }));

/** Patches every site × position one by one. */
export async function sweep(
  runtime: Runtime,
  model: HookedModel,
  { sites, positions, ...rest }: SweepQuestion,
): Promise<SweepResult> {
  const targets = crossed(sites, positions);
  const sets = targets.map((_, index) => [index]);
  const { sets: results, ...result } = await patch(runtime, model, { ...rest, targets, sets });
  const names = positions.map(({ name }) => name);
  return { ...result, sites, positions: names, cells: cellsOf(sites, positions, results) };
}
