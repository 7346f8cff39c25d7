/**
 * Case studies, an input drawn from one, and how the workbench stands. All is answered at once, past the line of work.
 * @module
 */
import { z } from 'zod';
import { randomFor } from '../../random.js';
import { type Bench, benchVerb } from '../bench.js';
import { caseSchema, directorySchema, templateSchema } from '../case-study.js';
import { caseIdSchema, count, seedSchema } from '../fields.js';
import { readerOf } from '../readers.js';

/** Answer of `GET /api/status`. */
export const serverStatusSchema = z.object({
  version: z.string(),
  /** Seconds since the start. */
  uptime: z.number(),
  /** Jobs at work (0 or 1) and waiting. */
  working: count,
  waiting: count,
  /** Ids of cases that are loaded, and how much of what is compiled at the start has been, 0 … 1. */
  warm: z.array(z.string()),
  prepared: z.number(),
  /** Bytes of resident memory. */
  memory: z.number(),
});
export type ServerStatus = z.infer<typeof serverStatusSchema>;

/** Answer of `GET /api/cases`. */
export const caseListSchema = z.object({
  version: z.string(),
  cases: z.array(caseSchema),
  /** What other cases can be made of. */
  directories: z.array(directorySchema),
  /** Template tasks: each makes a case with any language model. */
  templates: z.array(templateSchema),
});
export type CaseList = z.infer<typeof caseListSchema>;

/** Answer of `GET /api/random`: the same seed gives the same input. */
export const randomInputSchema = z.object({ input: z.string(), seed: seedSchema });

const describeAll = async ({ cases, library }: Bench) =>
  Promise.all((await library.shipped()).map(cases.describe));

/** See the module. */
export const caseVerbs = {
  status: benchVerb({
    answer: serverStatusSchema,
    run: (_, { host, queue, cases, preparation }) =>
      Promise.resolve({
        version: host.version,
        uptime: host.uptime(),
        working: queue.working(),
        waiting: queue.waiting(),
        warm: cases.ids(),
        prepared: preparation.all === 0 ? 0 : preparation.done / preparation.all,
        memory: host.memory(),
      }),
  }),

  cases: benchVerb({
    answer: caseListSchema,
    run: async (_, bench) => ({
      version: bench.host.version,
      cases: await describeAll(bench),
      directories: await bench.library.directories(),
      templates: await bench.library.templates(),
    }),
  }),

  case: benchVerb({
    address: z.object({ id: caseIdSchema }),
    answer: caseSchema,
    run: ({ id }, { cases }) => cases.describe(id),
  }),

  random: benchVerb({
    address: z.object({ case: caseIdSchema, seed: z.coerce.number().pipe(seedSchema).optional() }),
    answer: randomInputSchema,
    run: ({ case: id, seed = Math.floor(Math.random() * 2 ** 32) }, { cases }) =>
      cases.use(id, ({ task }) => ({ input: task.draw(randomFor(seed, 'input')), seed })),
  }),

  /** Compiles, while nobody waits, what reading at any site needs. It has no address: whoever starts a workbench asks. */
  prepare: benchVerb({
    async run(_, bench, { signal }) {
      const wanted = (await describeAll(bench))
        .filter(({ unavailable, searches }) => unavailable === null && !searches)
        .flatMap(({ id, sites }) => sites.map(({ site }) => ({ id, site })));
      const { preparation, queue, cases } = bench;
      preparation.all = wanted.length;
      for (const { id, site } of wanted) {
        const compile = (): Promise<void> =>
          cases.use(id, async (own) => {
            await readerOf(own, bench).prepare(site);
            bench.priorOf(own.task);
          });
        if (!preparation.isReady(id, site)) await queue.run(compile, { signal, idle: true });
        preparation.note(id, site);
        preparation.done += 1;
      }
    },
  }),
};
