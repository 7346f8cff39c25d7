/**
 * Attribution: the logits at one position of an input taken apart into what each site adds.
 * @module
 */
import { z } from 'zod';
import { askAttribution, planAttribution } from '../../causal/index.js';
import { attributionFigure } from '../../report/plots/index.js';
import { caseStream } from '../bench.js';
import { caseIdSchema, inputSchema, jobEvents, placeSchema } from '../fields.js';
import { bothSchemes, figureSchema } from '../figures.js';
import { runtimeFor } from '../patching.js';
import { attributionRecordSchema, tokenSchema } from '../patching-records.js';
import { type EventOf } from '../verb.js';

/** Body of `POST /api/attribution`. */
const attributionRequestSchema = z.strictObject({
  case: caseIdSchema,
  input: inputSchema,
  position: placeSchema,
  /** The token whose logit is taken apart; the one that follows unless given. */
  answer: tokenSchema.nullable().default(null),
  /** The token whose logit is subtracted. */
  against: tokenSchema.nullable().default(null),
  /** Tokens listed that a site raises and lowers most. */
  top: z.number().int().min(0).max(50).default(5),
});
export type AttributionRequest = z.input<typeof attributionRequestSchema>;

/** Events of `POST /api/attribution` by name. */
export const attributionEventSchemas = {
  ...jobEvents,
  result: z.object({ record: attributionRecordSchema, figure: figureSchema }),
  done: z.object({ milliseconds: z.number() }),
};
export type AttributionEvent = EventOf<typeof attributionEventSchemas>;

/** See the module. */
export const attributionVerbs = {
  attribution: caseStream({
    body: attributionRequestSchema,
    events: attributionEventSchemas,
    plan({ task, model }, { case: _case, ...rest }) {
      const order = { ...rest, inputs: 1, seed: 1, sites: null };
      planAttribution(task, model, order);
      return order;
    },
    run: ({ bench, turn, emit }) =>
      turn(async ({ task, model }, order) => {
        const started = performance.now();
        const record = await askAttribution(runtimeFor(bench, model), model, task, order);
        emit({
          event: 'result',
          data: { record, figure: bothSchemes((theme) => attributionFigure(record, theme)) },
        });
        emit({ event: 'done', data: { milliseconds: Math.round(performance.now() - started) } });
      }),
  }),
};
