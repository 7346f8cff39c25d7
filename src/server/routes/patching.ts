/**
 * Causal checks, streamed: one job at a time, the others wait and are told their place.
 * @module
 */
import { Hono } from 'hono';
import { z } from 'zod';
import {
  type SweptRecord,
  attributionRequestSchema,
  caseIdSchema,
  contrastRequestSchema,
  experimentRequestSchema,
  limits,
  patchRequestSchema,
  sweepFigureRequestSchema,
  sweepRequestSchema,
} from '../contract/index.js';
import { eventStream } from '../event-stream.js';
import { type Services } from '../services.js';
import { type Following } from '../workbench/thread.js';
import { atMost, inAddress, jsonBody, smallBody } from './json-body.js';
import { expectRoom, tellPlace } from './waiting.js';

/** Runs of the model in a turn of a sweep: who asks for a reading meanwhile waits for one turn, not for the whole map. */
const runsPerTurn = 600;
/** Contrasts that are run at once. */
const runTogether = 256;

const json = (text: string): Response =>
  new Response(text, { headers: { 'Content-Type': 'application/json; charset=utf-8' } });

/** The routes. */
export function patchingRoutes({ workbench, queue, closing }: Services): Hono {
  const app = new Hono();

  app.post('/contrast', smallBody, jsonBody(contrastRequestSchema), async (c) =>
    json(await workbench.json('contrast', c.req.valid('json'), { signal: closing })),
  );
  app.get('/experiments', inAddress('query', z.object({ case: caseIdSchema })), async (c) =>
    json(await workbench.json('experiments', c.req.valid('query').case, { signal: closing })),
  );

  app.post('/sweep', smallBody, jsonBody(sweepRequestSchema), async (c) => {
    const request = c.req.valid('json');
    expectRoom(queue);
    const plan = await workbench.call('planSweep', request, { signal: closing });
    return eventStream([c.req.raw.signal, closing], async (send, signal) => {
      const started = performance.now();
      send('plan', JSON.stringify(plan));
      const runs = plan.positions.length * Math.ceil(plan.contrasts / runTogether);
      const together = Math.max(1, Math.floor(runsPerTurn / runs));
      const parts: SweptRecord[] = [];
      for (let first = 0; first < plan.sites.length; first += together) {
        const sites = plan.sites.slice(first, first + together).map(({ site }) => site);
        const turn = { ...request, sites, first };
        parts.push(
          await queue.run(() => workbench.call('sweep', turn, { signal, onEvent: send }), {
            signal,
            onAhead: tellPlace(send),
          }),
        );
      }
      const milliseconds = Math.round(performance.now() - started);
      send('done', JSON.stringify({ record: joined(parts), milliseconds }));
    });
  });
  app.post('/sweep/figure', atMost(limits.sweepBody), jsonBody(sweepFigureRequestSchema), async (c) =>
    c.body(await workbench.call('sweepFigure', c.req.valid('json'), { signal: closing }), 200, {
      'Content-Type': 'image/svg+xml; charset=utf-8',
    }),
  );

  /** Work of one turn as a stream. */
  const streamed = (left: AbortSignal, work: (following: Following) => Promise<unknown>): Response =>
    eventStream([left, closing], async (send, signal) => {
      await queue.run(() => work({ signal, onEvent: send }), { signal, onAhead: tellPlace(send) });
    });
  app.post('/patch', smallBody, jsonBody(patchRequestSchema), async (c) => {
    const request = c.req.valid('json');
    expectRoom(queue);
    await workbench.call('checkPatch', request, { signal: closing });
    return streamed(c.req.raw.signal, (following) => workbench.json('patch', request, following));
  });
  app.post('/experiment', smallBody, jsonBody(experimentRequestSchema), async (c) => {
    const request = c.req.valid('json');
    expectRoom(queue);
    await workbench.call('checkExperiment', request, { signal: closing });
    return streamed(c.req.raw.signal, (following) => workbench.json('experiment', request, following));
  });
  app.post('/attribution', smallBody, jsonBody(attributionRequestSchema), async (c) => {
    const request = c.req.valid('json');
    expectRoom(queue);
    await workbench.call('checkAttribution', request, { signal: closing });
    return streamed(c.req.raw.signal, (following) => workbench.json('attribution', request, following));
  });
  return app;
}

/** The record of a sweep that was made in turns. */
function joined(parts: readonly SweptRecord[]): SweptRecord | null {
  const [head] = parts;
  if (head === undefined) return null;
  return {
    ...head,
    warnings: parts.flatMap(({ warnings }) => warnings),
    sites: parts.flatMap(({ sites }) => sites),
    effects: parts.flatMap(({ effects }) => effects),
    standardErrors: parts.flatMap(({ standardErrors }) => standardErrors),
    changed: parts.flatMap(({ changed }) => changed),
  };
}
