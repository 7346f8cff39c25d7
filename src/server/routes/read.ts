/**
 * Sampling, streamed: one job at a time, the others wait and are told their place.
 * @module
 */
import { Hono } from 'hono';
import { limits, overviewRequestSchema, readRequestSchema } from '../contract/index.js';
import { QueueFullError } from '../../jobs/queue.js';
import { type Send, eventStream } from '../event-stream.js';
import { type Services } from '../services.js';
import { jsonBody, smallBody } from './json-body.js';

/** The routes. */
export function readRoutes({ workbench, queue, preparation, closing }: Services): Hono {
  const app = new Hono();

  const expectRoom = (): void => {
    if (queue.waiting() >= limits.waiting)
      throw new QueueFullError(`${limits.waiting} requests are waiting already: try again in a moment.`);
  };
  const tell =
    (send: Send, preparing: () => string | null) =>
    (ahead: number): void =>
      send('queued', JSON.stringify({ ahead, preparing: ahead === 0 ? preparing() : null }));
  const preparingFor = (caseId: string, site: string) => (): string | null =>
    preparation.isReady(caseId, site)
      ? null
      : 'The first reading at this site: its graphs are being compiled.';

  app.post('/read', smallBody, jsonBody(readRequestSchema), async (c) => {
    const request = c.req.valid('json');
    expectRoom();
    await workbench.call('checkRead', request, { signal: closing });
    return eventStream([c.req.raw.signal, closing], (send, signal) =>
      queue.run(
        async () => {
          await workbench.json('read', request, { signal, onEvent: send });
          preparation.note(request.case, request.site);
        },
        { signal, onAhead: tell(send, preparingFor(request.case, request.site)) },
      ),
    );
  });

  app.post('/overview', smallBody, jsonBody(overviewRequestSchema), async (c) => {
    const request = c.req.valid('json');
    expectRoom();
    const plan = await workbench.call('planOverview', request, { signal: closing });
    return eventStream([c.req.raw.signal, closing], async (send, signal) => {
      const started = performance.now();
      send('plan', JSON.stringify(plan));
      // A turn for each site: who asks for a reading meanwhile waits for one site, not for the whole map.
      for (const { site } of plan.sites) {
        await queue.run(() => workbench.json('surveySite', { ...request, site }, { signal, onEvent: send }), {
          signal,
          onAhead: tell(send, preparingFor(request.case, site)),
        });
        preparation.note(request.case, site);
      }
      const cells = plan.sites.length * plan.positions.length;
      send('done', JSON.stringify({ cells, milliseconds: Math.round(performance.now() - started) }));
    });
  });
  return app;
}
