/**
 * The candidates of a reading, for what is measured beside its samples: drawn again by the same seed, which gives the same
 * ones, or, of a search, those that it found last for the activation.
 * @module
 */
import { type Candidate, type Judged } from '../inversion/view.js';
import { type Bench } from './bench.js';
import { findsOf } from './finds.js';
import { type OpenCase } from './open-cases.js';
import { readerOf } from './readers.js';
import { type ReadOrder } from './verbs/read.js';

/** @param onProgress called with how many candidates have been judged */
export async function judgedCandidates(
  own: OpenCase,
  bench: Bench,
  order: ReadOrder,
  { onProgress, signal }: { onProgress(done: number, all: number): void; readonly signal: AbortSignal },
): Promise<Judged> {
  const { rounds, epsilon, metric } = order;
  const reader = readerOf(own, bench);
  const queryRun = await reader.runQuery(order);
  const known = own.decoder === null ? findsOf(own).of(order) : null;
  if (known !== null) return { ...queryRun, candidates: known };
  const candidates: Candidate[] = [];
  const all = rounds.reduce((sum, round) => sum + round.candidates, 0);
  for await (const batch of reader.draw(queryRun, { rounds, epsilon, metric, signal })) {
    candidates.push(...batch);
    onProgress(candidates.length, all);
  }
  if (own.decoder !== null) return { ...queryRun, candidates, rounds };
  // A search that was stopped is not kept: the next one would be taken for a whole one.
  findsOf(own)
    .begin(order)
    .push(...candidates);
  return { ...queryRun, candidates };
}
