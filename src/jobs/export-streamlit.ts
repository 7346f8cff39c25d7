/**
 * Reads inputs at every site and place that the published web app shows, for its cache.
 * @module
 */
import { tokensOf } from '../tasks/tokens.js';
import { type Runtime, floatsOf } from '../engine/index.js';
import { type Decoder } from '../inversion/decoder.js';
import { metrics } from '../inversion/metrics.js';
import { createReader } from '../inversion/preimage.js';
import { type Reading } from '../inversion/reading.js';
import { roundsFor } from '../inversion/rounds.js';
import { type HookedModel, runWithCache } from '../models/hooked-model.js';
import { blockHook } from '../models/hooks.js';
import { type AttentionPattern, exportStreamlit, viewerPositions } from '../report/streamlit.js';
import { viewers } from '../studies/index.js';
import { type Task } from '../tasks/task.js';

/** What is exported. */
export interface StreamlitExport {
  /** Ids from BOS to EOS. */
  readonly inputs: readonly (readonly number[])[];
  /** Full hook names. */
  readonly sites: readonly string[];
  readonly seed: number;
  /** The task's unless given. It decides which samples are shown; the viewer draws its rule at its own. */
  readonly epsilon?: number;
  /** Candidates of each reading; those of Auto mode and {@link candidatesAtTemperature} unless given. */
  readonly candidates?: number;
  /** Temperatures that are read besides Auto mode. */
  readonly temperatures?: readonly number[];
  readonly onPlace?: (done: number, all: number) => void;
}

/** Candidates drawn at a temperature, as published. */
export const candidatesAtTemperature = 100;

/**
 * Reads and gives the files by their paths in the viewer's repository.
 * @throws InputError for a task that the viewer does not show or an input that lacks one of its places
 */
export async function streamlitFiles(
  runtime: Runtime,
  model: HookedModel,
  decoder: Decoder,
  task: Task,
  { inputs, sites, seed, epsilon, candidates, temperatures = [], onPlace }: StreamlitExport,
): Promise<Record<string, Uint8Array>> {
  const queries = inputs.flatMap((ids) =>
    viewerPositions(task.name, tokensOf(task, ids), viewers).map((position) => ({ ids, position })),
  );
  const reader = createReader(runtime, model, decoder, task);
  const readings: Reading[] = [];
  const drawings = [null, ...temperatures].map((temperature) => ({
    temperature,
    rounds: roundsFor(
      task,
      temperature === null
        ? { ...(candidates === undefined ? {} : { candidates }) }
        : { temperature, candidates: candidates ?? candidatesAtTemperature },
    ),
  }));
  const threshold = epsilon === undefined ? {} : { epsilon };
  let done = 0;
  try {
    // Site by site: each has a judge of its own to compile.
    for (const site of sites) {
      for (const { ids, position } of queries) {
        for (const { temperature, rounds } of drawings) {
          // One set of candidates serves both metrics.
          const preimage = await reader.read({ ids, site, position, seed, rounds, ...threshold });
          for (const metric of metrics) {
            const reading =
              metric === preimage.reading.metric
                ? preimage.reading
                : await reader.view(preimage, { metric, ...threshold });
            readings.push({ ...reading, temperature });
          }
        }
        done += 1;
        onPlace?.(done, sites.length * queries.length);
      }
    }
  } finally {
    await reader.dispose();
  }
  const attention: AttentionPattern[] = [];
  for (const ids of inputs) attention.push(...(await patterns(runtime, model, task, ids)));
  const encoder = new TextEncoder();
  return Object.fromEntries(
    exportStreamlit(readings, attention, viewers).map(({ path, contents }) => [
      path,
      encoder.encode(contents),
    ]),
  );
}

/** The attention pattern of every head over one input. */
async function patterns(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  ids: readonly number[],
): Promise<AttentionPattern[]> {
  const { layers, heads } = model.architecture;
  const names = Array.from({ length: layers }, (_, layer) => blockHook(layer, 'pattern'));
  const outputs = await runWithCache(runtime, model, [ids], { names });
  const size = ids.length;
  return names.flatMap((name, layer) => {
    const all = floatsOf(outputs, name);
    return Array.from({ length: heads }, (_, head) => ({
      task: task.name,
      tokens: tokensOf(task, ids),
      layer,
      head,
      weights: ids.map((__, query) => {
        const start = (head * size + query) * size;
        return [...all.subarray(start, start + size)];
      }),
    }));
  });
}
