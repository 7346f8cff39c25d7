/**
 * `inversionview preimage`: all inputs that give nearly the same activation, found by running them all.
 * @module
 */
import { capability } from '../tasks/capabilities.js';
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { type LoadedDecoder } from '../inversion/decoder-files.js';
import { type ExactSet } from '../inversion/enumerate/exact.js';
import { someMembers } from '../inversion/enumerate/members.js';
import { type Readout } from '../inversion/reading.js';
import { createReader } from '../inversion/preimage.js';
import { exactnessByClasses, interpretByClasses } from '../interpret/by-classes.js';
import { exactness } from '../interpret/exactness.js';
import { featureBits } from '../interpret/feature-bits.js';
import { type Prior, createPrior } from '../interpret/prior.js';
import { exactInformation, readoutByPlace } from '../interpret/by-place.js';
import { type SamplerFigures, samplerFigures } from '../interpret/recall.js';
import { curveEpsilons, epsilonCurve } from '../interpret/epsilon-curve.js';
import { type PreimageRecord, type QueryRecord } from '../interpret/records.js';
import { exactSample } from '../interpret/sample.js';
import { exactControls } from '../interpret/exact-controls.js';
import { usedExactly } from '../interpret/used-exact.js';
import { createTreeScorer } from '../interpret/tree-scorer.js';
import { expectWritable, writeFileAtomic } from '../jobs/files.js';
import { randomFor } from '../random.js';
import { renderPreimage } from '../report/bits.js';
import { curveRows } from '../report/bits-rows.js';
import { csv } from '../report/csv.js';
import { curveFigure } from '../report/plots/curve.js';
import { type FigureOptions, drawn, withFigure } from './figure-options.js';
import {
  type InterpretOptions,
  type Opened,
  decoderOf,
  exactAt,
  heldAt,
  opened,
  queryOf,
  recordOf,
  withInterpretOptions,
} from './interpreting.js';
import { numbers, printJson, whole } from './options.js';
import { type PatchOptions, expectPatch, withPatch } from './patch-options.js';
import { besides } from './standard-streams.js';
import { styleFor, progress } from './terminal.js';

interface PreimageOptions extends InterpretOptions, FigureOptions, PatchOptions {
  readonly exact?: true;
  readonly recall?: true;
  readonly shown: number;
  readonly rounds: number;
  readonly repeats: number;
  readonly out?: string;
  readonly atPlace?: true;
  readonly curve?: boolean | readonly number[];
  readonly json?: true;
}

type PlacedQuery = Awaited<ReturnType<typeof queryOf>>;

/** Adds the command. */
export function preimageCommand(program: Command): void {
  withPatch(withFigure(withInterpretOptions(program.command('preimage'))))
    .option(
      '--exact',
      'run every input; this is all the command does, so it may be left out (read samples instead)',
    )
    .option('--recall', 'also sample, and say what share of the preimage the sampler finds')
    .option('--shown <n>', 'most inputs shown, drawn evenly from the preimage', whole(0, 100_000), 100)
    .option('--out <file>', 'write every input inside, with its distance, as CSV')
    .option(
      '--rounds <n>',
      'counting: times that every class is run with other letters, drawn anew for each',
      whole(0, 10_000),
      24,
    )
    .option(
      '--repeats <n>',
      'counting: strings drawn of each class with the query’s letters',
      whole(1, 1000),
      4,
    )
    .option(
      '--at-place',
      'compare inputs at the place of the query alone, not at the nearest of all their positions',
    )
    .option(
      '--curve [list]',
      `what is inside as a function of ε, at these thresholds (default: ${curveEpsilons.join(',')}; shown for template tasks)`,
      numbers(0, 1e6),
    )
    .option('--json', 'print the data')
    .addHelpText(
      'after',
      `
Examples:
  inversionview preimage --exact --input "835+141=976" --site a0.0 --position "="
  inversionview preimage --exact --task counting --input "vvzccvczvvvzvcvc|v:8" --site x1.post --position ":"
  inversionview preimage --task ioi --model openai-community/gpt2 --site a9.9 --position END --at-place \
    --input "When Robert and James went to the house, Robert gave a letter to" --patch --controls

The first question about a site runs all inputs once (810,000 sums: some ten seconds) and keeps their activations,
about 0.3 GB a site, in the cache; any other query, ε and metric is then answered in a second or two. Texts of a
template task are too many: those are run that agree with the input in all slots but the ones that vary (--vary).

With --patch each input's activation is put into the query's run. What the inputs within ε share is held; what those
with a KL up to --max-kl share is used: change it and the answer's distribution changes. In --json: used.`,
    )
    .action(async (options: PreimageOptions) => {
      if ((options.svg ?? options.png) !== undefined) options = { ...options, curve: options.curve ?? true };
      expectPatch(options);
      if (options.out !== undefined) await expectWritable(options.out);
      const open = heldAt(await opened(options), options);
      const { enumeration } = open.task;
      if (enumeration === undefined)
        throw new InputError(
          `The inputs of ${open.task.name} cannot be enumerated: use read, which samples them.`,
        );
      const query = await queryOf(open, options);
      const record =
        enumeration.kind === 'all'
          ? await exactRecord(open, options, query)
          : await strataRecord(open, options, query);
      const { curve } = record;
      if (curve !== undefined)
        await drawn(options, (theme) => curveFigure({ ...record, curve }, theme), record, curveRows(record));
      if (options.json === true) printJson(record);
      else process.stdout.write(`${renderPreimage(record, styleFor(process.stdout, process.env))}\n`);
    });
}

async function exactRecord(
  open: ReturnType<typeof heldAt>,
  options: PreimageOptions,
  query: PlacedQuery,
): Promise<PreimageRecord> {
  const { task, model, runtime, held } = open;
  const base = recordOf(open, options, query, null);
  const onlyAt = options.atPlace === true ? placeOf(base) : null;
  const exact = await exactAt(open, query.site, options);
  try {
    const { epsilon, metric } = base;
    const set = await exact.find(query.z, { epsilon, metric, onlyAt });
    const samples = await someMembers(
      runtime,
      model,
      task,
      { ...query, metric, onlyAt },
      set,
      options.shown,
      randomFor(options.seed, 'shown'),
    );
    if (options.out !== undefined) await writeMembers(open, set, options.out);
    const decoder = options.recall === true ? await decoderOf(open, options) : null;
    const curved = held !== null || options.curve !== undefined;
    const inWords = options.json !== true;
    // Going through the features of all inputs takes a while: once for both.
    const patched = options.patch === true;
    const prior = curved || inWords || patched ? createPrior(task, open.features) : null;
    return {
      ...base,
      decoder: decoder?.name ?? null,
      size: set.size,
      total: set.total,
      bits: set.bits,
      interval: null,
      exactness: exactness(set.total, held),
      samples,
      readout: prior === null || !inWords ? null : readoutOf(prior, query, set, options.seed),
      ...(held === null ? {} : { conditional: { varying: held.varying, held: held.held } }),
      ...(onlyAt === null ? {} : { at: onlyAt }),
      ...(prior === null || !curved
        ? {}
        : {
            curve: await epsilonCurve(exact, prior, {
              ids: query.ids,
              z: query.z,
              metric,
              onlyAt,
              ...(typeof options.curve === 'object'
                ? { epsilons: [...options.curve].sort((a, b) => a - b) }
                : {}),
            }),
          }),
      ...(prior === null || !patched
        ? {}
        : {
            used: await usedExactly(runtime, model, prior, exact, set, {
              ...query,
              epsilon,
              seed: options.seed,
              ...(options.maxKl === undefined ? {} : { maxKl: options.maxKl }),
              onProgress: progress('activations patched in'),
            }),
          }),
      ...(options.controls === true
        ? {
            controls: await exactControls(runtime, model, task, exact, query, {
              epsilon,
              metric,
              onlyAt,
              seed: options.seed,
            }),
          }
        : {}),
      sampler: decoder === null ? null : await recallOf(open, base, query, set, decoder),
    };
  } finally {
    await exact.dispose();
  }
}

/** The named place of a query. @throws InputError where its position has no name */
function placeOf({ place, position }: QueryRecord): string {
  if (place !== null) return place;
  throw new InputError(
    `Position ${position} has no name by which other inputs have it: leave out --at-place.`,
  );
}

/** What the preimage tells; it takes longer to say than to find, and bits gives it as data. */
function readoutOf(prior: Prior, { ids }: PlacedQuery, set: ExactSet, seed: number): Readout {
  const sample = exactSample(prior, set);
  const figures = featureBits(prior, sample, ids, seed);
  return readoutByPlace(prior, sample, figures, ids, seed, exactInformation(set.bits));
}

async function writeMembers({ task }: Opened, set: ExactSet, file: string): Promise<void> {
  const { instance } = capability(task, 'data', 'An exact preimage');
  const rows = Array.from(set.members, (input) => ({
    input: task.decode(instance(input)),
    distance: Number((set.distances[input] ?? Infinity).toPrecision(4)),
    matchedPosition: set.positions[input] ?? 0,
  }));
  await besides(() => writeFileAtomic(file, new TextEncoder().encode(csv(rows))));
}

async function recallOf(
  { task, model, runtime }: Opened,
  { epsilon, metric, seed }: QueryRecord,
  { ids, position, site, z }: PlacedQuery,
  set: ExactSet,
  decoder: LoadedDecoder,
): Promise<SamplerFigures> {
  const reader = createReader(runtime, model, decoder, task);
  const { instance } = capability(task, 'data', 'An exact preimage');
  const inputs = Array.from(set.members, (input) => instance(input));
  const scorer = createTreeScorer(runtime, decoder, task, inputs);
  try {
    const { candidates } = await reader.read({
      ids,
      site,
      position,
      seed,
      epsilon,
      metric,
      shown: 1,
    });
    const plain = candidates.filter(({ round }) => {
      const of = task.rounds[round];
      return of?.temperature === 1 && of.noise === 0;
    });
    return samplerFigures({
      candidates,
      members: inputs.map((input) => input.join()),
      logProbabilities: await scorer.logProbabilities(z, decoder.config.sites.indexOf(site)),
      plain: { draws: plain.length, found: new Set(plain.map((candidate) => candidate.ids.join())) },
      epsilon,
      metric,
    });
  } finally {
    await reader.dispose();
    await scorer.dispose();
  }
}

async function strataRecord(
  open: Opened,
  options: PreimageOptions,
  query: PlacedQuery,
): Promise<PreimageRecord> {
  const { task, model, runtime } = open;
  if (options.patch === true || options.controls === true)
    throw new InputError(
      `--patch and --controls need all inputs, and those of ${task.name} are known by classes alone: use read, which takes both.`,
    );
  if (options.recall === true)
    throw new InputError(
      `Recall needs the whole preimage, and that of ${task.name} is known by classes alone.`,
    );
  const base = recordOf(open, options, query, null);
  const prior = createPrior(task, open.features);
  const random = randomFor(options.seed, 'shown');
  const { found, estimate, sample, features } = await interpretByClasses(runtime, model, prior, query, {
    ...base,
    repeats: options.repeats,
    rounds: options.rounds,
    onProgress: progress('inputs run'),
  });
  const { bits, low, high } = estimate;
  const order = found.members
    .map((member) => ({ member, order: random.next() }))
    .sort((a, b) => a.order - b.order);
  const { out } = options;
  if (out !== undefined) {
    const rows = found.members.map(({ ids, distance, position, weight }) => ({
      input: task.decode(ids),
      distance,
      matchedPosition: position,
      weight,
    }));
    await besides(() => writeFileAtomic(out, new TextEncoder().encode(csv(rows))));
  }
  return {
    ...base,
    size: null,
    total: null,
    bits,
    interval: { low, high },
    exactness: exactnessByClasses(task, found, options.repeats),
    samples: order
      .slice(0, options.shown)
      .map(({ member: { ids, distance, position } }) => ({
        text: task.decode(ids),
        distance,
        matchedPosition: position,
      }))
      .sort((a, b) => a.distance - b.distance),
    readout: readoutByPlace(prior, sample, features, query.ids, options.seed, estimate),
    sampler: null,
  };
}
