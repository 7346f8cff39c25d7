/**
 * The server's routes behind its guards.
 * @module
 */
import { Hono } from 'hono';
import { type Calls } from '../workbench/calls.js';
import { notFound } from '../workbench/faults.js';
import { type GuardOptions, guard, onlyJson, secureHeaders } from './guard.js';
import { pages } from './pages.js';
import { problemResponse } from './problems.js';
import { routes } from './routes.js';

/**
 * Makes the app.
 * @param calls answers every verb
 * @param web folder of the page's files
 * @param closing aborted when the server closes
 */
export function createApp(calls: Calls, guarded: GuardOptions, web: string, closing: AbortSignal): Hono {
  const app = new Hono();
  app.use(secureHeaders, guard(guarded), onlyJson);
  app.route('/api', routes(calls, closing));
  app.all('/api/*', ({ req }) => {
    throw notFound(`There is no ${req.method} ${req.path}.`);
  });
  app.get('*', pages(web));
  app.onError((error, c) =>
    c.req.path.startsWith('/api') || !c.req.header('accept')?.includes('text/html')
      ? problemResponse(c, error)
      : plainProblem(problemResponse(c, error)),
  );
  return app;
}

/** A person who opens the address without its token sees the sentence, not its JSON. */
async function plainProblem(response: Response): Promise<Response> {
  const { error } = (await response.json()) as { error: { message: string } };
  return new Response(`${error.message}\n`, {
    status: response.status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  });
}
