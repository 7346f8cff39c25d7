/**
 * A person's own inputs, held against the activation that is asked about.
 * @module
 */
import { z } from 'zod';
import { type OwnInput, ownInputSchema } from '../../inversion/saved-reading.js';
import { type Reader } from '../../inversion/preimage.js';
import { benchVerb } from '../bench.js';
import { asked } from '../fields.js';
import { limits } from '../limits.js';
import { askedOf, readerOf } from '../readers.js';
import { inputOf, sent } from '../samples.js';

/** Body of `POST /api/judge`: a person's own inputs, to be run and held against an activation. */
const judgeRequestSchema = z.strictObject({
  ...asked,
  inputs: z.array(z.string().max(limits.input)).min(1).max(limits.own),
});
export type JudgeRequest = z.input<typeof judgeRequestSchema>;

/** Answer of `POST /api/judge`: the inputs in their order, equal ones once. */
export const judgementSchema = z.object({ inputs: z.array(ownInputSchema) });

/** Judges a person's own inputs by what an order asks about; nothing is drawn but what their colours need. */
async function judgeOwn(
  reader: Reader,
  order: ReturnType<typeof askedOf> & { readonly seed: number },
  inputs: readonly (readonly number[])[],
): Promise<OwnInput[]> {
  const { task } = order;
  const queryRun = await reader.runQuery(order);
  const judged = await reader.judge(queryRun, inputs);
  const colours = await reader.colour(
    queryRun,
    judged.map(({ ids }) => ids),
  );
  const places = task.places(order.ids).map(({ name }) => name);
  return judged.map((input, at) => ({
    ...inputOf(task, places, input),
    ...sent(colours[at] ?? { tokenDelta: [], follows: [] }),
  }));
}

/** See the module. */
export const judgeVerbs = {
  judge: benchVerb({
    body: judgeRequestSchema,
    answer: judgementSchema,
    open(_, bench) {
      bench.queue.expectRoom();
      return Promise.resolve();
    },
    run: (request, bench, call) =>
      bench.turn(
        request.case,
        call,
        async (own) => {
          const order = { ...askedOf(own, bench, request), seed: 0 };
          const inputs = request.inputs.map((text) => own.task.encode(text));
          return { inputs: await judgeOwn(readerOf(own, bench), order, inputs) };
        },
        request.site,
      ),
  }),
};
