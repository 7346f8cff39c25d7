/**
 * The server's routes behind its guards.
 * @module
 */
import { Hono } from 'hono';
import { type GuardOptions, guard, onlyJson, secureHeaders } from './guard.js';
import { pages } from './pages.js';
import { notFound, problemResponse } from './problems.js';
import { caseRoutes } from './routes/cases.js';
import { informationRoutes } from './routes/information.js';
import { modelRoutes } from './routes/models.js';
import { patchingRoutes } from './routes/patching.js';
import { readRoutes } from './routes/read.js';
import { readingRoutes } from './routes/readings.js';
import { trainingRoutes } from './routes/trainings.js';
import { type Services } from './services.js';

/** Makes the app. @param web folder of the page's files */
export function createApp(services: Services, guarded: GuardOptions, web: string): Hono {
  const app = new Hono();
  app.use(secureHeaders, guard(guarded), onlyJson);
  for (const routes of [
    caseRoutes,
    informationRoutes,
    modelRoutes,
    patchingRoutes,
    readRoutes,
    readingRoutes,
    trainingRoutes,
  ])
    app.route('/api', routes(services));
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
