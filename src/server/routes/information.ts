/**
 * What activations tell, streamed: jobs in the same queue as readings.
 * @module
 */
import { Hono } from 'hono';
import {
  type CompletenessRequest,
  bitsMapRequestSchema,
  completenessRequestSchema,
  interpretRequestSchema,
} from '../contract/index.js';
import { eventStream } from '../event-stream.js';
import { type Services } from '../services.js';
import { jsonBody, smallBody } from './json-body.js';
import { expectRoom, tellPlace } from './waiting.js';

/** The routes. */
export function informationRoutes({ workbench, queue, preparation, closing }: Services): Hono {
  const app = new Hono();
  let scatters = 0;

  app.post('/interpret', smallBody, jsonBody(interpretRequestSchema), async (c) => {
    const request = c.req.valid('json');
    expectRoom(queue);
    await workbench.call('checkInterpret', request, { signal: closing });
    return eventStream([c.req.raw.signal, closing], async (send, signal) => {
      await queue.run(() => workbench.json('interpret', request, { signal, onEvent: send }), {
        signal,
        onAhead: tellPlace(send),
      });
    });
  });

  app.post('/bits', smallBody, jsonBody(bitsMapRequestSchema), async (c) => {
    const request = c.req.valid('json');
    expectRoom(queue);
    const plan = await workbench.call('planBits', request, { signal: closing });
    return eventStream([c.req.raw.signal, closing], async (send, signal) => {
      const started = performance.now();
      send('plan', JSON.stringify(plan));
      // A turn for each site, as in an overview.
      for (const { site } of plan.sites) {
        await queue.run(() => workbench.json('surveyBits', { ...request, site }, { signal, onEvent: send }), {
          signal,
          onAhead: tellPlace(send, preparation, request.case, site),
        });
      }
      const cells = plan.sites.length * plan.positions.length;
      send('done', JSON.stringify({ cells, milliseconds: Math.round(performance.now() - started) }));
    });
  });

  app.post('/completeness', smallBody, jsonBody(completenessRequestSchema), async (c) => {
    const request: CompletenessRequest = c.req.valid('json');
    expectRoom(queue);
    await workbench.call('checkCompleteness', request, { signal: closing });
    const scatter = (scatters += 1);
    return eventStream([c.req.raw.signal, closing], async (send, signal) => {
      try {
        for (let complete = false; !complete;) {
          complete = await queue.run(
            () => workbench.call('scatter', { ...request, scatter }, { signal, onEvent: send }),
            { signal, onAhead: tellPlace(send) },
          );
        }
      } finally {
        await workbench.call('endScatter', scatter).catch(() => undefined);
      }
    });
  });
  return app;
}
