/**
 * The activations of every input of a task at one site: one pass of the probed model, stored compactly.
 * @module
 */
import { GraphError, type Runtime, type Tensors, floatsOf } from '../../engine/index.js';
import { InputError } from '../../input-error.js';
import { expectFinite } from '../../models/finite.js';
import { type HookedModel, isLarge, questionGraph } from '../../models/hooked-model.js';
import { createPackedRuns } from '../../models/packed-runs.js';
import { type Task } from '../../tasks/task.js';
import { type Prefixes, absent, fresh, findPrefixes } from './prefixes.js';
import { type Rows, emptyRows, setRow } from './rows.js';

/** Inputs of one run of the pass. */
const passBatch = 512;
/** Most bytes that activations are stored in. */
const mostBytes = 1.2e9;

/** Activations of every input at every position before EOS. */
export interface EnumeratedActivations {
  readonly inputs: number;
  readonly width: number;
  /** By position, what each input is there, see `prefixes.ts`. */
  readonly marks: readonly Uint8Array[];
  /** By position, the different activations in the order in which inputs first have them. */
  readonly rows: readonly Rows[];
}

/** What a pass tells and heeds. */
export interface PassOptions {
  readonly onProgress?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Refuses tasks whose inputs cannot all be run.
 * @throws InputError naming the task and what it has instead
 */
export function expectEnumerable(task: Task): void {
  if (task.enumeration?.kind === 'all') return;
  const instead =
    task.enumeration === undefined
      ? 'Only its decoder can find preimages.'
      : `They are too many: classes of equal probability are gone through and ${task.enumeration.drawn} is drawn.`;
  throw new InputError(`The inputs of ${task.name} cannot all be enumerated. ${instead}`);
}

/** Runs every input of the task once, for all sites. @returns in the order of the sites */
export async function enumerateActivations(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  sites: readonly string[],
  { onProgress, signal }: PassOptions = {},
): Promise<EnumeratedActivations[]> {
  expectEnumerable(task);
  const width = model.architecture.width;
  const found = findPrefixes(task);
  const { inputs, places, marks, rows: counts } = found;
  const bytes = sites.length * counts.reduce((sum, count) => sum + count * (2 * width + 4), 0);
  if (bytes > mostBytes) {
    const where = sites.length === 1 ? 'one site' : `${sites.length} sites together`;
    throw new InputError(
      `The activations of all ${inputs} inputs of ${task.name} at ${where} need ${(bytes / 1e9).toFixed(1)} GB, more than the ${mostBytes / 1e9} GB that are kept.`,
    );
  }
  const rowsOf = sites.map(() => counts.map((count) => emptyRows(count, width)));
  signal?.throwIfAborted();
  const next = counts.map(() => 0);
  let done = 0;
  const pass = isLarge(model) ? packedPass : plainPass;
  for await (const { end, indexOf, outputs } of pass(runtime, model, found, sites)) {
    const start = done;
    for (let position = 0; position < places; position++) {
      const column = marks[position];
      if (column === undefined) throw new GraphError('a position was lost');
      const first = next[position] ?? 0;
      let row = first;
      for (const [at, site] of sites.entries()) {
        const z = floatsOf(outputs, site);
        const own = rowsOf[at]?.[position];
        if (own === undefined) throw new GraphError('a position was lost');
        row = first;
        for (let input = start; input < end; input++) {
          if (column[input] !== fresh) continue;
          const from = indexOf(input, position) * width;
          setRow(own, row, z, from, width);
          // A row's scale is its largest element's: one look tells of all of them.
          if (!Number.isFinite(own.scales[row])) expectFinite(z.subarray(from, from + width), site);
          row++;
        }
      }
      next[position] = row;
    }
    done = end;
    onProgress?.(end, inputs);
    signal?.throwIfAborted();
  }
  return rowsOf.map((rows) => ({ inputs, width, marks, rows }));
}

/** Some inputs that have been run: those after the ones before them, up to `end`. */
interface Run {
  readonly end: number;
  readonly outputs: Tensors;
  /** Where the activation of an input at a position is, as an index of the outputs. */
  indexOf(input: number, position: number): number;
}

type Pass = (
  runtime: Runtime,
  model: HookedModel,
  prefixes: Prefixes,
  sites: readonly string[],
) => AsyncGenerator<Run, void>;

/** Every input by itself. */
async function* plainPass(...[runtime, model, { inputs, places, tokens }, sites]: Parameters<Pass>) {
  const { width } = model.architecture;
  const executable = await runtime.compile(questionGraph(model, passBatch, places, { names: sites }));
  const shape = [passBatch, places];
  const feed = new Int32Array(passBatch * places);
  const into = Object.fromEntries(
    sites.map((site) => {
      const data = new Float32Array(passBatch * places * width);
      return [site, { dtype: 'float32' as const, shape: [...shape, width], data }];
    }),
  );
  try {
    for (let start = 0; start < inputs; start += passBatch) {
      const end = Math.min(inputs, start + passBatch);
      // The last run is filled up with what the run before held: its rows are not read.
      feed.set(tokens.subarray(start * places, end * places));
      const outputs = await executable.run({ ids: { dtype: 'int32', shape, data: feed } }, into);
      yield { end, outputs, indexOf: (input: number, at: number) => (input - start) * places + at };
    }
  } finally {
    await executable.dispose();
  }
}

/** What neighbours begin with once. */
async function* packedPass(...[runtime, model, { inputs, places, tokens, marks }, sites]: Parameters<Pass>) {
  function* texts(): Generator<Int32Array> {
    for (let input = 0; input < inputs; input++) {
      const length = marks.filter((column) => column[input] !== absent).length;
      yield tokens.subarray(input * places, input * places + length);
    }
  }
  const runs = createPackedRuns(runtime, model, sites, places);
  try {
    let start = 0;
    for await (const { texts: run, outputs } of runs.run(texts())) {
      const first = start;
      start += run.length;
      const indexOf = (input: number, at: number): number => run[input - first]?.tokens[at] ?? 0;
      yield { end: start, outputs, indexOf };
    }
  } finally {
    await runs.dispose();
  }
}

/** Bytes that the activations take. */
export const sizeInBytes = ({ marks, rows }: EnumeratedActivations): number =>
  marks.reduce((sum, column) => sum + column.byteLength, 0) +
  rows.reduce((sum, { values, scales }) => sum + values.byteLength + scales.byteLength, 0);

/** Whether an input has a position. */
export const hasPosition = (activations: EnumeratedActivations, input: number, position: number): boolean =>
  (activations.marks[position]?.[input] ?? absent) !== absent;
