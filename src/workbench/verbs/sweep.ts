/**
 * Sweeps: every site patched at every position that an input and its contrasts have.
 * @module
 */
import { z } from 'zod';
import {
  type SoFar,
  metrics,
  normalizedSweep,
  resolveHook,
  sweep,
  sweepRecord,
  sweptSites,
} from '../../causal/index.js';
import { InputError } from '../../input-error.js';
import { figureSvg, sweepFigure, themes } from '../../report/plots/index.js';
import { positionAxis, positionAxisSchema, siteAxis, siteAxisSchema } from '../axes.js';
import { type Turns, caseStream } from '../bench.js';
import { type LoadedCase } from '../case-study.js';
import { count, jobEvents, placeSchema, siteNameSchema } from '../fields.js';
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
import { type SweptRecord, sweepRecordSchema } from '../patching-records.js';
import { type Emitted, type EventOf, textSchema, verbsOf } from '../verb.js';
import { contrasted, contrastedFor } from './contrast.js';

/** Body of `POST /api/sweep`: all sites at all positions that both inputs have, unless some are named. */
const sweepRequestSchema = z.strictObject({
  ...contrasted,
  contrasts,
  sites: z.array(siteNameSchema).min(1).max(limits.sites).optional(),
  positions: z.array(placeSchema).min(1).max(limits.positions).optional(),
});
export type SweepRequest = z.input<typeof sweepRequestSchema>;

/** Event `plan` of a sweep: its axes, in the order of a run. */
const sweepPlanSchema = z.object({
  sites: siteAxisSchema,
  positions: positionAxisSchema,
  contrasts: count,
});
export type SweepPlan = z.infer<typeof sweepPlanSchema>;

/** Event `cell`: indices into the plan. With many contrasts a cell comes again as more of them have been run. */
const sweepCellSchema = z.object({
  site: count,
  position: count,
  ...effectFields,
  baselines: baselinesSchema,
});
export type SweepCell = z.infer<typeof sweepCellSchema>;

/** Events of `POST /api/sweep` by name. */
export const sweepEventSchemas = {
  ...jobEvents,
  plan: sweepPlanSchema,
  cell: sweepCellSchema,
  done: z.object({ record: sweepRecordSchema, milliseconds: z.number() }),
};
export type SweepEvent = EventOf<typeof sweepEventSchemas>;

/** Body of `POST /api/sweep/figure`. */
const sweepFigureRequestSchema = z.strictObject({
  record: sweepRecordSchema,
  /** Whether effects are drawn as shares of the whole effect. */
  normalized: z.boolean().default(false),
  scheme: z.enum(['light', 'dark']).default('light'),
});

/** Runs of the model in a turn of a sweep: who asks for a reading meanwhile waits for one turn, not for the whole map. */
const runsPerTurn = 600;
/** Contrasts that are run at once. */
const runTogether = 256;

/** A sweep's axes and contrasts. @throws InputError */
function planOf({ task, model }: LoadedCase, request: z.output<typeof sweepRequestSchema>) {
  const { sites, positions } = request;
  const own = contrastedFor(task, request, request.contrasts);
  const hooks = hooksOf(model);
  const plan = {
    ...own,
    task,
    sites: (sites ?? sweptSites(model)).map((site) => resolveHook(site, hooks)),
    positions: positions?.map((position) => alignedAt(task, own, position)) ?? own.aligned,
    metric: metrics[request.metric],
    request,
  };
  if (plan.positions.length === 0) {
    throw new InputError(
      'The two inputs have no position in common before the prediction: take another contrast.',
    );
  }
  return plan;
}
type Plan = ReturnType<typeof planOf>;

const describePlan = ({ task, ids, cases, sites, positions }: Plan): SweepPlan => ({
  sites: siteAxis(sites),
  positions: positionAxis(
    task,
    ids,
    positions.map((aligned) => aligned.positions[0] ?? 0),
  ),
  contrasts: cases.length,
});

type Sweep = Turns<Plan, Emitted<typeof sweepEventSchemas>>;

/** Patches some sites at all positions, sending each cell. @param first index of the first of them in the plan */
async function sweepSites(
  own: OpenCase,
  { cases, positions, metric, about, request }: Plan,
  sites: readonly string[],
  first: number,
  { bench, emit, signal }: Sweep,
): Promise<SweptRecord> {
  const onSet = ({ index, set, clean, contrast }: SoFar): void => {
    const baselines = baselinesOf(metric, clean, contrast);
    emit({
      event: 'cell',
      data: {
        site: first + Math.floor(index / positions.length),
        position: index % positions.length,
        ...effectOf(set, baselines),
        baselines,
      },
    });
  };
  const question = { cases, pad: own.task.pad, metric, signal, sites, positions, onSet };
  return sweepRecord(
    circumstances(own, request, about),
    await sweep(runtimeFor(bench, own.model), own.model, question),
  );
}

/** The record of a sweep that was made in turns. */
function joined(parts: readonly SweptRecord[]): SweptRecord {
  const [head] = parts;
  if (head === undefined) throw new RangeError('a sweep of no sites');
  return {
    ...head,
    warnings: parts.flatMap(({ warnings }) => warnings),
    sites: parts.flatMap(({ sites }) => sites),
    effects: parts.flatMap(({ effects }) => effects),
    standardErrors: parts.flatMap(({ standardErrors }) => standardErrors),
    changed: parts.flatMap(({ changed }) => changed),
  };
}

/** See the module. */
export const sweepVerbs = {
  sweep: caseStream({
    body: sweepRequestSchema,
    events: sweepEventSchemas,
    plan: planOf,
    async run(work, plan) {
      const { sites, positions, cases } = plan;
      const started = performance.now();
      work.emit({ event: 'plan', data: describePlan(plan) });
      const runs = positions.length * Math.ceil(cases.length / runTogether);
      const together = Math.max(1, Math.floor(runsPerTurn / runs));
      const parts: SweptRecord[] = [];
      for (let first = 0; first < sites.length; first += together) {
        const some = sites.slice(first, first + together);
        parts.push(await work.turn((own, current) => sweepSites(own, current, some, first, work)));
      }
      const milliseconds = Math.round(performance.now() - started);
      work.emit({ event: 'done', data: { record: joined(parts), milliseconds } });
    },
  }),

  /** The picture of a sweep as SVG. @throws InputError where shares are asked for and there are none */
  sweepFigure: verbsOf<unknown>()({
    body: sweepFigureRequestSchema,
    answer: textSchema,
    run({ record, normalized, scheme }) {
      const theme = themes[scheme];
      const figure = sweepFigure(normalized ? normalizedSweep(record) : record, theme);
      return Promise.resolve({ type: 'image/svg+xml; charset=utf-8', text: figureSvg(figure, { theme }) });
    },
  }),
};
