/**
 * What an input is and what the model makes of it, without sampling: tokens, predictions, attention patterns.
 * @module
 */
import { tokenCount, tokenOf, tokensOf } from '../../tasks/tokens.js';
import { type Attention, type InspectRequest, type Inspection } from '../contract/index.js';
import { type Executable, type Runtime, floatsOf } from '../../engine/index.js';
import { InputError } from '../../input-error.js';
import { expectFinite } from '../../models/finite.js';
import { type HookedModel, questionGraph } from '../../models/hooked-model.js';
import { blockHook } from '../../models/hooks.js';
import { padded } from '../../models/padding.js';
import { placeName } from '../../tasks/positions.js';
import { type Task } from '../../tasks/task.js';

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
  const compiled = new Map<string, Promise<Executable>>();
  async function run(kind: string, names: readonly string[], ids: readonly number[]) {
    const known = compiled.get(kind) ?? runtime.compile(questionGraph(model, 1, places, { names }));
    compiled.set(kind, known);
    const data = padded([ids], places, task.pad);
    return (await known).run({ ids: { dtype: 'int32', shape: [1, places], data } });
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
      const logits = floatsOf(await run('logits', ['logits'], ids), 'logits').subarray(0, ids.length * size);
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
      const outputs = await run('attention', patterns, ids);
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
      for (const one of compiled.values()) await (await one).dispose();
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

function likeliest(probabilities: Float64Array, top: number): { id: number; probability: number }[] {
  return Array.from(probabilities, (probability, id) => ({ id, probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top);
}
