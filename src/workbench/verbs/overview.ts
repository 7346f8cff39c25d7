/**
 * The overview of an input: readings of few candidates at all sites and positions, or at some, as a stream of events.
 * @module
 */
import { z } from 'zod';
import { type Metric } from '../../inversion/metrics.js';
import { type Reader } from '../../inversion/preimage.js';
import { roundsFor, thinnedRounds } from '../../inversion/rounds.js';
import { type Bench, caseStream } from '../bench.js';
import { type RoundList } from '../case-study.js';
import { count, jobEvents } from '../fields.js';
import {
  type MapAxes,
  axesOf,
  describeAxes,
  mapDoneSchema,
  mapFields,
  overviewPlanSchema,
  surveySites,
} from '../map-axes.js';
import { type OpenCase } from '../open-cases.js';
import { choiceOf, drawing, readerOf } from '../readers.js';
import { exact } from '../samples.js';
import { type EventOf } from '../verb.js';

/** Body of `POST /api/overview`. */
const overviewRequestSchema = z.strictObject({ ...mapFields, ...drawing });
export type OverviewRequest = z.input<typeof overviewRequestSchema>;

/**
 * Event `cell`: one site and position. Distances are sorted, one a candidate, so that the share inside any ε is known:
 * the count of those ≤ ε over their number.
 */
const overviewCellSchema = z.object({
  site: z.string(),
  position: count,
  euclidean: z.array(z.number()),
  cosine: z.array(z.number()),
  distinct: count,
  /** Candidates that are not inputs of the task. */
  invalid: count,
});
export type OverviewCell = z.infer<typeof overviewCellSchema>;

/** Events of an overview by name. */
export const overviewEventSchemas = {
  ...jobEvents,
  plan: overviewPlanSchema,
  cell: overviewCellSchema,
  done: mapDoneSchema,
};
export type OverviewEvent = EventOf<typeof overviewEventSchemas>;

function planOf(own: OpenCase, request: z.output<typeof overviewRequestSchema>, bench: Bench) {
  const { temperature, noise, ...map } = request;
  const axes = axesOf(own, map, bench);
  const { task, candidates } = axes;
  const rounds =
    temperature === null && noise === null
      ? thinnedRounds(task, candidates)
      : roundsFor(task, choiceOf({ temperature, noise, candidates }));
  return { ...axes, rounds };
}

/** Reads all positions of a site and sends each as soon as it is done. */
async function streamSite(
  reader: Reader,
  order: MapAxes & { readonly site: string; readonly rounds: RoundList },
  emit: (cell: OverviewCell) => void,
  signal: AbortSignal,
): Promise<void> {
  for await (const { position, candidates } of reader.survey({ ...order, signal })) {
    const sorted = (metric: Metric): number[] =>
      candidates.map(({ verdicts }) => exact(verdicts[metric].distance)).sort((a, b) => a - b);
    emit({
      site: order.site,
      position,
      euclidean: sorted('euclidean'),
      cosine: sorted('cosine'),
      distinct: new Set(candidates.map(({ ids }) => ids.join(' '))).size,
      invalid: candidates.filter(({ valid }) => !valid).length,
    });
  }
}

/** See the module. */
export const overviewVerbs = {
  overview: caseStream({
    body: overviewRequestSchema,
    events: overviewEventSchemas,
    plan: planOf,
    async run({ bench, turn, emit, signal }, plan) {
      emit({ event: 'plan', data: describeAxes(plan) });
      const done = await surveySites({ turn }, plan, (own, order) =>
        streamSite(readerOf(own, bench), order, (data) => emit({ event: 'cell', data }), signal),
      );
      emit({ event: 'done', data: done });
    },
  }),
};
