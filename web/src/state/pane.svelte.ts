/**
 * A reading on the page: the question, the view and the run that answers. One is live and follows the
 * query bar; the others are pinned beside it.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type { Case } from '../../../src/workbench/case-study.js';
import type { ReadRequest } from '../../../src/workbench/verbs/read.js';
import type { SavedReading } from '../../../src/workbench/verbs/readings.js';
import { createOwnInputs, type OwnInputs } from '../reading/own-inputs.svelte.js';
import { createRun, type Run, shownOf } from '../reading/run.svelte.js';
import { type Metric, type PaneAddress } from './address.js';

/** See the module. */
export interface Pane {
  readonly id: number;
  /** What the address holds of it. */
  readonly choice: PaneAddress;
  readonly run: Run;
  readonly own: OwnInputs;
}

let lastId = 0;

/** Makes a pane of what an address says. */
export function createPane(client: Client, address: PaneAddress, run = createRun(client)): Pane {
  const choice = $state(address);
  return { id: ++lastId, choice, run, own: createOwnInputs(client) };
}

/** A copy of what was chosen, independent of the pane. */
export const choiceOf = ({ choice }: Pane): PaneAddress => $state.snapshot(choice);

/** The request of a pane; null while something is not chosen yet. */
export function requestOf({ choice: { asking } }: Pane): ReadRequest | null {
  const { case: caseId, input, site, position, candidates, temperature, noise, seed } = asking;
  if (caseId === '' || input === '' || site === null || position === null) return null;
  return {
    case: caseId,
    input,
    site,
    position,
    ...(candidates === null ? {} : { candidates }),
    temperature: temperature?.length === 1 ? (temperature[0] ?? null) : temperature && [...temperature],
    noise,
    seed,
  };
}

/** Threshold and metric under which a reading is shown. */
export interface View {
  readonly epsilon: number;
  readonly metric: Metric;
  /** Whether ε is the one that was chosen for the site and place from their ε-curve. */
  readonly fromCurve: boolean;
}

/** The same with the place at which distances are shown beside the nearest; null for none. */
export interface ViewAt extends View {
  readonly alsoAt: string | null;
}

/** The ε of the case for a site at a place, from their ε-curve; null where none was chosen. */
export const chosenEpsilon = ({ site, position }: PaneAddress['asking'], its: Case | null): number | null =>
  its?.epsilons.find((one) => {
    const short = its.sites.find((own) => own.site === one.site)?.short;
    return (site === one.site || site === short) && position === one.place;
  })?.epsilon ?? null;

/** Threshold and metric under which a pane is shown: chosen ones, or those of the case. */
export function viewOf({ choice: { view, asking }, run: { answer: shown } }: Pane, its: Case | null): View {
  const metric = view.metric ?? its?.metric ?? 'euclidean';
  const [only] = shown?.metrics ?? [];
  // A file may have distances in only one metric.
  const used = shown !== null && only !== undefined && !shown.metrics.includes(metric) ? only : metric;
  const chosen = used === its?.metric ? chosenEpsilon(asking, its) : null;
  return {
    epsilon: view.epsilon ?? chosen ?? its?.epsilon ?? 0.1,
    metric: used,
    fromCurve: view.epsilon === null && chosen !== null,
  };
}

/** Puts a saved reading into a pane: its question, its view and its samples. */
export function showSaved({ choice, run, own }: Pane, reading: SavedReading, name: string | null): void {
  const { request, query, view } = reading;
  choice.asking = {
    case: request?.case ?? query.task,
    input: query.input,
    site: query.short,
    position: query.place ?? query.position,
    candidates: request?.candidates ?? null,
    temperature: request === null || request.temperature === null ? null : [request.temperature].flat(),
    noise: request?.noise ?? null,
    seed: request?.seed ?? 1,
  };
  choice.view = {
    ...choice.view,
    metric: view.metric,
    epsilon: view.epsilon,
    alsoAt: view.alsoAt ?? null,
  };
  choice.own = (reading.own ?? []).map(({ text }) => text);
  own.show(reading.own ?? []);
  choice.saved = name;
  run.show(shownOf(reading));
}
