/**
 * Case studies, and questions that need no sampling: answered at once, past the queue.
 * @module
 */
import { Hono } from 'hono';
import { z } from 'zod';
import { caseIdSchema, inputRequestSchema, inspectRequestSchema, seedSchema } from '../contract/index.js';
import { type Services } from '../services.js';
import { inAddress, jsonBody, smallBody } from './json-body.js';

const json = (text: string): Response =>
  new Response(text, { headers: { 'Content-Type': 'application/json; charset=utf-8' } });

/** The routes. */
export function caseRoutes({ workbench, version, queue, preparation, closing }: Services): Hono {
  const app = new Hono();
  const started = performance.now();
  const signal = closing;

  app.get('/status', async (c) =>
    c.json({
      version,
      uptime: Math.round((performance.now() - started) / 1000),
      working: queue.working(),
      waiting: queue.waiting(),
      warm: await workbench.call('warm', null),
      prepared: preparation.done(),
      memory: process.memoryUsage().rss,
    }),
  );
  app.get('/cases', async (c) => c.json({ version, ...(await workbench.call('cases', null, { signal })) }));
  app.get('/cases/:id', inAddress('param', z.object({ id: caseIdSchema })), async (c) =>
    json(await workbench.json('case', c.req.valid('param').id, { signal })),
  );
  app.get(
    '/random',
    inAddress('query', z.object({ case: caseIdSchema, seed: z.coerce.number().pipe(seedSchema).optional() })),
    async (c) => {
      const { case: id, seed = Math.floor(Math.random() * 2 ** 32) } = c.req.valid('query');
      return json(await workbench.json('random', { case: id, seed }, { signal }));
    },
  );
  app.post('/inspect', smallBody, jsonBody(inspectRequestSchema), async (c) =>
    json(await workbench.json('inspect', c.req.valid('json'), { signal })),
  );
  app.post('/attention', smallBody, jsonBody(inputRequestSchema), async (c) =>
    json(await workbench.json('attention', c.req.valid('json'), { signal })),
  );
  return app;
}
