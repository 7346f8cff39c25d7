/**
 * What an input is and what the model makes of it, without sampling: tokens, predictions, attention patterns.
 * @module
 */
import { z } from 'zod';
import { type Runtime, compiled, floatsOf } from '../../engine/index.js';
import { InputError } from '../../input-error.js';
import { annotationSchema } from '../../inversion/saved-reading.js';
import { expectFinite } from '../../models/finite.js';
import { type HookedModel, questionGraph } from '../../models/hooked-model.js';
import { blockHook } from '../../models/hooks.js';
import { padded } from '../../models/padding.js';
import { placeName } from '../../tasks/positions.js';
import { type Task } from '../../tasks/task.js';
import { tokenCount, tokenOf, tokensOf } from '../../tasks/tokens.js';
import { type Bench, benchVerb } from '../bench.js';
import { caseIdSchema, count, inputSchema } from '../fields.js';
import { type OpenCase } from '../open-cases.js';

/** An input of a case. */
const inputRequestSchema = z.strictObject({ case: caseIdSchema, input: inputSchema });
export type InputRequest = z.input<typeof inputRequestSchema>;

/** Body of `POST /api/inspect`. */
const inspectRequestSchema = inputRequestSchema.extend({
  /** Predicted tokens a position. */
  top: z.number().int().min(1).max(20).default(5),
});
export type InspectRequest = z.input<typeof inspectRequestSchema>;

/** A token of an inspected input. */
const inspectedTokenSchema = z.object({
  text: z.string(),
  /** The task's name of the place: `F1`, `=`, `query`; null where it has none. */
  place: z.string().nullable(),
  /** Whether the model is asked to answer with this token: it follows from those before it. */
  determined: z.boolean(),
  /** Probability that the model gave this very token after those before it; null at BOS. */
  probability: z.number().nullable(),
  /** What the model expects after this token, likeliest first. */
  next: z.array(z.object({ token: z.string(), probability: z.number() })),
});

/** Answer of `POST /api/inspect`. Half-typed inputs are inspected too: `ok` says that the text is made of tokens. */
export const inspectionSchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    input: z.string(),
    /** From BOS to EOS. */
    tokens: z.array(inspectedTokenSchema),
    /** Null when it is an input of the task, else why not, as a sentence; it can be read all the same. */
    problem: z.string().nullable(),
    /** Whether models and decoders learnt from it (`train`) or not (`test`); null when it is not in the data. */
    split: z.enum(['train', 'test']).nullable(),
    /** Positions that the task asks about; others can be read as well. */
    positions: z.array(count),
    annotation: annotationSchema,
  }),
  z.object({
    ok: z.literal(false),
    input: z.string(),
    /** What is wrong and what is accepted. */
    problem: z.string(),
    /** Index of the first character (UTF-16) that cannot be taken; null when it is not a single one. */
    at: count.nullable(),
  }),
]);
/** Answer of `POST /api/inspect`. */
export type Inspection = z.infer<typeof inspectionSchema>;

/** Answer of `POST /api/attention`. */
export const attentionSchema = z.object({
  input: z.string(),
  tokens: z.array(z.string()),
  places: z.array(z.string().nullable()),
  /** Weights `[layer][head][query position][key position]`, 0 … 1. */
  patterns: z.array(z.array(z.array(z.array(z.number())))),
});
export type Attention = z.infer<typeof attentionSchema>;

/** Looks at inputs of one model; compiled graphs are kept. */
export interface Inspector {
  inspect(request: Pick<InspectRequest, 'input'> & { readonly top: number }): Promise<Inspection>;
  /** @throws InputError for a text that is not made of tokens */
  attention(input: string): Promise<Attention>;
  dispose(): Promise<void>;
}

/** Makes an inspector. */
export function createInspector(runtime: Runtime, model: HookedModel, task: Task): Inspector {
  const places = task.maxLength;
  const patterns = Array.from({ length: model.architecture.layers }, (_, layer) =>
    blockHook(layer, 'pattern'),
  );
  const graphs = compiled(runtime, (what: 'logits' | 'patterns') =>
    questionGraph(model, 1, places, { names: what === 'logits' ? ['logits'] : patterns }),
  );
  async function run(what: 'logits' | 'patterns', ids: readonly number[]) {
    const data = padded([ids], places, task.pad);
    return (await graphs.of(what)).run({ ids: { dtype: 'int32', shape: [1, places], data } });
  }

  return {
    async inspect({ input, top }) {
      let ids: number[];
      try {
        ids = task.encode(input);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        return { ok: false, input, problem: error.message, at: firstForeign(task, input) };
      }
      const size = tokenCount(task);
      const logits = floatsOf(await run('logits', ids), 'logits').subarray(0, ids.length * size);
      expectFinite(logits, 'logits');
      const next = ids.map((_, at) => softmax(logits.subarray(at * size, (at + 1) * size)));
      const determined = new Set(task.answer?.determined(ids));
      const problem = task.check(ids);
      return {
        ok: true,
        input,
        tokens: ids.map((id, at) => ({
          text: tokenOf(task, id),
          place: placeName(task, ids, at),
          determined: determined.has(at),
          probability: at === 0 ? null : rounded(next[at - 1]?.[id] ?? 0),
          next: likeliest(next[at] ?? new Float64Array(), top).map(({ id: token, probability }) => ({
            token: tokenOf(task, token),
            probability: rounded(probability),
          })),
        })),
        problem: problem === null ? null : `The input is not one of the task's: ${problem}.`,
        split: task.data?.inSplit(ids) ?? null,
        positions: [...task.positions(ids)],
        annotation: task.annotate(ids),
      };
    },
    async attention(input) {
      const ids = task.encode(input);
      const outputs = await run('patterns', ids);
      return {
        input: task.decode(ids),
        tokens: tokensOf(task, ids),
        places: ids.map((_, at) => placeName(task, ids, at)),
        patterns: patterns.map((name) => {
          const all = floatsOf(outputs, name);
          return Array.from({ length: model.architecture.heads }, (_, head) =>
            ids.map((__, query) => {
              const start = (head * places + query) * places;
              const row = all.subarray(start, start + ids.length);
              expectFinite(row, name);
              return Array.from(row, rounded);
            }),
          );
        }),
      };
    },
    async dispose() {
      await graphs.dispose();
    },
  };
}

/** Digits that a chip or a cell can show. */
const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;

/** Index of the first character that is no token by itself; null where each is. */
function firstForeign(task: Task, input: string): number | null {
  let at = 0;
  for (const character of input) {
    try {
      task.encode(character);
    } catch (error) {
      if (error instanceof InputError) return at;
      throw error;
    }
    at += character.length;
  }
  return null;
}

function softmax(logits: Float32Array): Float64Array {
  const largest = logits.reduce((most, value) => Math.max(most, value), -Infinity);
  const weights = Float64Array.from(logits, (value) => Math.exp(value - largest));
  const total = weights.reduce((sum, value) => sum + value, 0);
  return weights.map((value) => value / total);
}

/** The likeliest ids, in one pass: a language model has tens of thousands. */
function likeliest(probabilities: Float64Array, top: number): { id: number; probability: number }[] {
  const best: { id: number; probability: number }[] = [];
  for (const [id, probability] of probabilities.entries()) {
    if (best.length === top && probability <= (best.at(-1)?.probability ?? 0)) continue;
    const at = best.findIndex((other) => other.probability < probability);
    best.splice(at < 0 ? best.length : at, 0, { id, probability });
    best.length = Math.min(best.length, top);
  }
  return best;
}

const inspectorOf = ({ model, task }: OpenCase, { runtime }: Bench): Inspector =>
  createInspector(runtime, model, task);

/** See the module. */
export const inspectVerbs = {
  inspect: benchVerb({
    body: inspectRequestSchema,
    answer: inspectionSchema,
    run: ({ case: id, input, top }, bench) =>
      bench.cases.use(id, (own) => own.part(inspectorOf, bench).inspect({ input, top })),
  }),

  attention: benchVerb({
    body: inputRequestSchema,
    answer: attentionSchema,
    run: ({ case: id, input }, bench) =>
      bench.cases.use(id, (own) => own.part(inspectorOf, bench).attention(input)),
  }),
};
