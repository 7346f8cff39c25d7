/**
 * Models, before anything is run with them. Past the queue: a description computes nothing, and a fetch may take an hour.
 * @module
 */
import { Hono } from 'hono';
import { modelRequestSchema } from '../contract/index.js';
import { eventStream } from '../event-stream.js';
import { type Services } from '../services.js';
import { jsonBody, smallBody } from './json-body.js';

/** The routes. */
export function modelRoutes({ workbench, closing }: Services): Hono {
  const app = new Hono();
  app.get('/models', async (c) => c.json(await workbench.call('models', null, { signal: closing })));
  app.post('/models/describe', smallBody, jsonBody(modelRequestSchema), async (c) => {
    const request = c.req.valid('json');
    await workbench.call('checkModel', request, { signal: closing });
    return eventStream([c.req.raw.signal, closing], async (send, signal) => {
      await workbench.json('describeModel', request, { signal, onEvent: send });
    });
  });
  return app;
}
