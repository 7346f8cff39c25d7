/**
 * The two maps of one input over sites and positions: quick draws, and bits. Their cells are shown as they come.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type { OverviewPlan } from '../../../src/workbench/map-axes.js';
import type { BitsCell, BitsMapEvent, BitsMapRequest } from '../../../src/workbench/verbs/bits.js';
import type { OverviewCell, OverviewEvent, OverviewRequest } from '../../../src/workbench/verbs/overview.js';
import { createFollow, type Follow, type Stream } from '../follow.svelte.js';

/** The axes of a map of bits. */
export type BitsPlan = Extract<BitsMapEvent, { event: 'plan' }>['data'];

/** A map as far as it is there. */
export interface CellMap<Plan, Cell> {
  readonly plan: Plan | null;
  /** By {@link cellKey}. */
  readonly cells: ReadonlyMap<string, Cell>;
  /** Cells that have come since it was asked for. */
  readonly done: number;
}

/** By what a figure is made of. */
export interface Maps {
  readonly draws: Follow<OverviewRequest, CellMap<OverviewPlan, OverviewCell>>;
  readonly bits: Follow<BitsMapRequest, CellMap<BitsPlan, BitsCell>>;
}

/** How a cell is found. */
export const cellKey = (site: string, position: number): string => `${site} ${position}`;

/** What all maps have in common. The same question gives the same cells: they stay while it is asked again. */
function mapOf<Plan extends OverviewPlan, Cell>(): Pick<
  Stream<never, { event: string; data: unknown }, CellMap<Plan, Cell>>,
  'name' | 'isLast' | 'empty' | 'begin' | 'progress'
> {
  return {
    name: 'The map',
    isLast: ({ event }) => event === 'done',
    empty: { plan: null, cells: new Map(), done: 0 },
    begin: ({ plan, cells }, same) => ({ plan, cells: same ? cells : new Map<string, Cell>(), done: 0 }),
    progress: ({ plan, done }) =>
      plan && { what: 'cells', done, all: plan.sites.length * plan.positions.length },
  };
}

function withCell<Plan, Cell extends { readonly site: string; readonly position: number }>(
  { plan, cells, done }: CellMap<Plan, Cell>,
  cell: Cell,
): CellMap<Plan, Cell> {
  return { plan, cells: new Map(cells).set(cellKey(cell.site, cell.position), cell), done: done + 1 };
}

/** Makes both; nothing is asked before one is started. */
export const createMaps = (client: Client): Maps => ({
  draws: createFollow<OverviewRequest, OverviewEvent, CellMap<OverviewPlan, OverviewCell>>({
    ...mapOf<OverviewPlan, OverviewCell>(),
    open: (request, signal) => client.overview(request, signal),
    take: (map, { event, data }) =>
      event === 'plan' ? { ...map, plan: data } : event === 'cell' ? withCell(map, data) : map,
  }),
  bits: createFollow<BitsMapRequest, BitsMapEvent, CellMap<BitsPlan, BitsCell>>({
    ...mapOf<BitsPlan, BitsCell>(),
    open: (request, signal) => client.bits(request, signal),
    // Another ε or metric judges the same draws: its cells replace the old ones as they come.
    question: ({ epsilon: _epsilon, metric: _metric, ...question }) => question,
    take: (map, { event, data }) =>
      event === 'plan' ? { ...map, plan: data } : event === 'bits' ? withCell(map, data) : map,
  }),
});
