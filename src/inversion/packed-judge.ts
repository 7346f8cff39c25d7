/**
 * The judge of large models: candidates that are alike are run once, beginnings that they share are run once, and
 * nothing behind their end is run. What it has judged it remembers while the query stays the same, so that a decoder
 * that says the same again costs nothing.
 * @module
 */
import { GraphError, type Runtime, floatsOf } from '../engine/index.js';
import { type HookedModel } from '../models/hooked-model.js';
import { createPackedRuns } from '../models/packed-runs.js';
import { byBeginning } from '../models/packing.js';
import { expectFinite } from '../models/finite.js';
import { distancesAt } from './metrics.js';
import {
  type Judge,
  type JudgedTask,
  type Nearest,
  type Verdict,
  type Verdicts,
  judgedPlaces,
  nearestOf,
  verdict,
} from './verdict.js';

/** Most verdicts that are remembered. */
const mostRemembered = 2 ** 14;

/** Makes a judge for one site, as {@link Judge} says. @param task where its inputs end, and how long they are */
export function createPackedJudge(
  runtime: Runtime,
  model: HookedModel,
  task: JudgedTask,
  site: string,
): Judge {
  const width = model.architecture.width;
  const runs = createPackedRuns(runtime, model, [site], task.maxLength);
  let lastQuery = new Float32Array(0);
  let remembered = new Map<string, Verdicts>();

  /** The verdicts on texts that differ. @param queriesOf those that a text, by number, is compared with */
  async function judgeTexts(
    texts: readonly (readonly number[])[],
    queriesOf: (text: number) => readonly Float32Array[],
    put: (text: number, verdicts: readonly Verdicts[]) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const order = byBeginning(texts);
    for await (const { texts: some, outputs } of runs.run(order.map((text) => texts[text] ?? []))) {
      signal?.throwIfAborted();
      const activations = floatsOf(outputs, site);
      for (const { text: at, tokens } of some) {
        const text = order[at] ?? 0;
        const verdicts = queriesOf(text).map((query): Verdicts => {
          const [euclidean, cosine] = [new Float32Array(tokens.length), new Float32Array(tokens.length)];
          tokens.forEach((token, position) => {
            const far = distancesAt(activations, token * width, query);
            [euclidean[position], cosine[position]] = [far.euclidean, far.cosine];
          });
          for (const each of [euclidean, cosine]) expectFinite(each, `${site} compared with the query's`);
          return { euclidean: verdict(euclidean), cosine: verdict(cosine) };
        });
        put(text, verdicts);
      }
    }
  }

  return {
    async judge(candidates, queries) {
      const one = queries.length === width;
      if (!one && queries.length !== candidates.length * width) {
        throw new GraphError(`judge: ${queries.length / width} queries for ${candidates.length} candidates`);
      }
      if (!one || !sameValues(queries, lastQuery) || remembered.size > mostRemembered) {
        lastQuery = one ? queries.slice() : new Float32Array(0);
        remembered = new Map();
      }
      // Another call may ask about another query meanwhile.
      const memory = remembered;
      const euclidean = new Array<Verdict>(candidates.length);
      const cosine = new Array<Verdict>(candidates.length);
      const put = (row: number, verdicts: Verdicts | undefined): void => {
        if (verdicts === undefined) throw new GraphError('judge: a candidate was not judged');
        [euclidean[row], cosine[row]] = [verdicts.euclidean, verdicts.cosine];
      };
      // By text: the numbers of the candidates that are it.
      const alike = new Map<string, number[]>();
      const texts: (readonly number[])[] = [];
      candidates.forEach((ids, row) => {
        const text = ids.slice(0, judgedPlaces(task, ids));
        const key = text.join();
        const known = memory.get(key);
        if (known !== undefined) put(row, known);
        else if (alike.get(key)?.push(row) === undefined) {
          alike.set(key, [row]);
          texts.push(text);
        }
      });
      const groups = [...alike.entries()];
      await judgeTexts(
        texts,
        (text) =>
          one
            ? [queries]
            : (groups[text]?.[1] ?? []).map((row) => queries.subarray(row * width, (row + 1) * width)),
        (text, verdicts) => {
          const [key, rows] = groups[text] ?? ['', []];
          rows.forEach((row, at) => put(row, verdicts[one ? 0 : at]));
          if (one && verdicts[0] !== undefined) memory.set(key, verdicts[0]);
        },
      );
      return { euclidean, cosine };
    },
    async nearest(candidates, queries, signal) {
      const out = queries.map(() => new Array<Nearest>(candidates.length));
      await judgeTexts(
        candidates.map((ids) => ids.slice(0, judgedPlaces(task, ids))),
        () => queries,
        (row, verdicts) =>
          verdicts.forEach((own, at) => {
            const nearest = out[at];
            if (nearest !== undefined) nearest[row] = nearestOf(own);
          }),
        signal,
      );
      return out;
    },
    dispose: () => runs.dispose(),
  };
}

const sameValues = (one: Float32Array, other: Float32Array): boolean =>
  one.length === other.length && one.every((value, at) => value === other[at]);
