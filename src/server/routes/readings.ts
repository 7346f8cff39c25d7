/**
 * Readings that are kept: saved, exported, imported.
 * @module
 */
import { Hono } from 'hono';
import { z } from 'zod';
import {
  type KeptReading,
  exportRequestSchema,
  importRequestSchema,
  keptReadingSchema,
  nameSchema,
} from '../contract/index.js';
import { readingOf } from '../../inversion/kept-reading.js';
import { renderHtml } from '../../report/html.js';
import { importReading } from '../../report/import-reading.js';
import { studies } from '../../studies/index.js';
import { inputProblem, notFound } from '../problems.js';
import { type Services } from '../services.js';
import { inAddress, jsonBody, readingBody } from './json-body.js';

const nameParam = z.object({ name: nameSchema });

/** Takes a kept reading from parsed JSON. @throws ProblemError naming what is wrong */
export function parseKept(value: unknown, name: string): KeptReading {
  const parsed = keptReadingSchema.safeParse(value);
  if (!parsed.success) throw inputProblem(parsed.error, name);
  return parsed.data;
}

/** Takes any file that holds a reading. What was converted must be as sound as what is taken. */
const imported = (value: unknown, name: string): KeptReading =>
  typeof value === 'object' && value !== null && 'format' in value
    ? parseKept(value, name)
    : parseKept({ ...importReading(value, name, studies), request: null }, name);

/** The routes. */
export function readingRoutes({ readings }: Services): Hono {
  const app = new Hono();
  app.get('/readings', async (c) => c.json(await readings.list()));
  app.get('/readings/:name', inAddress('param', nameParam), async (c) => {
    const { name } = c.req.valid('param');
    const reading = await readings.open(name);
    if (reading === null) throw notFound(`There is no saved reading ${name}.`);
    return c.json(reading);
  });
  app.put(
    '/readings/:name',
    readingBody,
    inAddress('param', nameParam),
    inAddress('query', z.object({ replace: z.enum(['true', 'false']).optional() })),
    jsonBody(keptReadingSchema),
    async (c) => {
      const replace = c.req.valid('query').replace === 'true';
      return c.json(await readings.save(c.req.valid('param').name, c.req.valid('json'), replace), 201);
    },
  );
  app.delete('/readings/:name', inAddress('param', nameParam), async (c) => {
    const { name } = c.req.valid('param');
    if (!(await readings.remove(name))) throw notFound(`There is no saved reading ${name}.`);
    return c.body(null, 204);
  });
  app.post('/export', readingBody, jsonBody(exportRequestSchema), (c) => {
    const { format, reading, shown } = c.req.valid('json');
    const view = readingOf(reading, shown);
    const html = format === 'html';
    return c.body(html ? renderHtml(view) : `${JSON.stringify(view)}\n`, 200, {
      'Content-Type': html ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
      'Content-Disposition': `attachment; filename="reading.${format}"`,
    });
  });
  app.post('/import', readingBody, jsonBody(importRequestSchema), (c) => {
    const { name, content } = c.req.valid('json');
    return c.json(imported(content, name === '' ? 'The file' : name));
  });
  return app;
}
