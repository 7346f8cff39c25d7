/**
 * Sampling, streamed: one job at a time, the others wait and are told their place.
 * @module
 */
import { Hono } from 'hono';
import { judgeRequestSchema, overviewRequestSchema, readRequestSchema } from '../contract/index.js';
import { eventStream } from '../event-stream.js';
import { type Services } from '../services.js';
import { jsonBody, smallBody } from './json-body.js';
import { expectRoom, tellPlace } from './waiting.js';

/** The routes. */
export function readRoutes({ workbench, queue, preparation, closing }: Services): Hono {
  const app = new Hono();

  app.post('/read', smallBody, jsonBody(readRequestSchema), async (c) => {
    const request = c.req.valid('json');
    expectRoom(queue);
    await workbench.call('checkRead', request, { signal: closing });
    return eventStream([c.req.raw.signal, closing], (send, signal) =>
      queue.run(
        async () => {
          await workbench.json('read', request, { signal, onEvent: send });
          preparation.note(request.case, request.site);
        },
        { signal, onAhead: tellPlace(send, preparation, request.case, request.site) },
      ),
    );
  });

  app.post('/judge', smallBody, jsonBody(judgeRequestSchema), async (c) => {
    const request = c.req.valid('json');
    expectRoom(queue);
    const signal = AbortSignal.any([c.req.raw.signal, closing]);
    const inputs = await queue.run(() => workbench.call('judge', request, { signal }), { signal });
    preparation.note(request.case, request.site);
    return c.json({ inputs });
  });

  app.post('/overview', smallBody, jsonBody(overviewRequestSchema), async (c) => {
    const request = c.req.valid('json');
    expectRoom(queue);
    const plan = await workbench.call('planOverview', request, { signal: closing });
    return eventStream([c.req.raw.signal, closing], async (send, signal) => {
      const started = performance.now();
      send('plan', JSON.stringify(plan));
      // A turn for each site: who asks for a reading meanwhile waits for one site, not for the whole map.
      for (const { site } of plan.sites) {
        await queue.run(() => workbench.json('surveySite', { ...request, site }, { signal, onEvent: send }), {
          signal,
          onAhead: tellPlace(send, preparation, request.case, site),
        });
        preparation.note(request.case, site);
      }
      const cells = plan.sites.length * plan.positions.length;
      send('done', JSON.stringify({ cells, milliseconds: Math.round(performance.now() - started) }));
    });
  });
  return app;
}
