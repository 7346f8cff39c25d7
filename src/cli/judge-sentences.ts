/**
 * `inversionview explain --judge`: sentences from anywhere, measured on preimages.
 * @module
 */
import { InputError } from '../input-error.js';
import { createInstruments } from '../inversion/instruments.js';
import { createReader } from '../inversion/preimage.js';
import { roundsFor } from '../inversion/rounds.js';
import { exactness } from '../interpret/exactness.js';
import { createInterpreter } from '../interpret/interpreter.js';
import { type Prior, createPrior } from '../interpret/prior.js';
import { type PlacedInput, activationsOf } from '../interpret/queries.js';
import {
  type AskingOptions,
  type Evidence,
  type EvidenceQuery,
  type JudgedQuery,
  type Judgement,
  type Sentence,
  type SentencesRecord,
  decoderEvidence,
  exactEvidence,
  judgeSentences,
  meanFigures,
  searchEvidence,
} from '../interpret/sentences/index.js';
import { type LanguageModel } from '../interpret/ask.js';
import { searchedName } from '../inversion/preimage.js';
import { seedFor } from '../random.js';
import { type Task, placeName } from '../tasks/index.js';
import { type InterpretOptions, type Opened, decoderOf, exactAt, heldAt, recordOf } from './interpreting.js';
import { progress } from './terminal.js';

/** Options of judging. */
export interface JudgeOptions extends InterpretOptions {
  readonly exact: boolean;
  readonly search?: true;
  readonly atPlace?: true;
  readonly candidates?: number;
}

/** A language model that is asked about what no predicate stands for. */
export interface Asked {
  readonly languageModel: LanguageModel;
  readonly options: Omit<AskingOptions, 'seed'>;
}

/** How preimages come to be known. */
type Source = 'exact' | 'held' | 'decoder' | 'search';

/** @throws InputError for options that do not go together */
export function sourceOf(task: Task, options: JudgeOptions): Source {
  const { search, decoder, vary, exact, atPlace, candidates } = options;
  if (search === true && decoder !== undefined)
    throw new InputError('Give --search or --decoder: a search asks no decoder.');
  if (search === true && vary !== undefined)
    throw new InputError('Give --search or --vary: a search runs no list of inputs.');
  const varies = task.variation !== undefined && task.enumeration === undefined;
  const source: Source =
    search === true
      ? 'search'
      : exact && task.enumeration?.kind === 'all'
        ? 'exact'
        : varies && exact && (decoder === undefined || vary !== undefined)
          ? 'held'
          : 'decoder';
  if (vary !== undefined && source !== 'held')
    throw new InputError(
      varies
        ? 'Give --vary or --no-exact.'
        : `--vary is for template tasks: ${task.name} has no parts that vary.`,
    );
  if (atPlace === true && source !== 'exact' && source !== 'held')
    throw new InputError('--at-place is for exact preimages: leave out --search, --decoder and --no-exact.');
  if (candidates !== undefined && source !== 'search')
    throw new InputError('--candidates is for a search: give --search.');
  return source;
}

/** Judges sentences at queries of one site. */
export async function judgedAt(
  open: Opened,
  options: JudgeOptions,
  site: string,
  placed: readonly PlacedInput[],
  sentences: readonly Sentence[],
  asked: Asked | null,
): Promise<SentencesRecord> {
  const source = sourceOf(open.task, options);
  const opened =
    source === 'exact' || source === 'held'
      ? exactSource(open, options, site, source)
      : await drawnSource(open, options, source);
  const activations = await activationsOf(open.runtime, open.model, open.task, site, placed);
  const queries: JudgedQuery[] = [];
  const bySentence: Judgement[][] = sentences.map(() => []);
  const show = progress('queries');
  try {
    for (const [at, one] of placed.entries()) {
      const seed = placed.length === 1 ? options.seed : seedFor(options.seed, 'query', site, at);
      const { evidence, query } = await opened.evidence({
        ...one,
        site,
        z: activations[at] ?? new Float32Array(0),
        seed,
      });
      const { judgements, together } = await judgeSentences(
        sentences,
        evidence,
        asked === null ? null : { ...asked, options: { ...asked.options, seed } },
        progress('sentences'),
      );
      judgements.forEach((judgement, number) => bySentence[number]?.push(judgement));
      const { information, inside, outside } = evidence;
      queries.push({
        ...query,
        kind: evidence.kind,
        inside: inside.count,
        outside: outside.count,
        bits: bitsOfEvidence(information, evidence.kind),
        together,
      });
      show(at + 1, placed.length);
    }
  } finally {
    await opened.dispose();
  }
  return {
    queries,
    features: open.features.map(({ name }) => name),
    sentences: sentences.map((sentence, at) => {
      const judgements = bySentence[at] ?? [];
      return { ...sentence, judgements, mean: meanFigures(judgements) };
    }),
  };
}

function bitsOfEvidence(information: Evidence['information'], kind: Evidence['kind']): JudgedQuery['bits'] {
  if (information === null || information.bits === null) return null;
  const { bits: value, low, high } = information;
  return kind === 'exact' ? { value, low: null, high: null } : { value, low, high };
}

interface OpenedSource {
  evidence(query: Omit<EvidenceQuery, 'epsilon' | 'metric'>): Promise<{
    readonly evidence: Evidence;
    readonly query: Omit<JudgedQuery, 'kind' | 'inside' | 'outside' | 'bits' | 'together'>;
  }>;
  dispose(): Promise<void>;
}

/** All inputs, or, of a template task, those that agree with the query in the parts that are held. */
function exactSource(
  open: Opened,
  options: JudgeOptions,
  site: string,
  source: 'exact' | 'held',
): OpenedSource {
  let whole: { readonly prior: Prior; readonly exact: Awaited<ReturnType<typeof exactAt>> } | null = null;
  return {
    async evidence(query) {
      const input = open.task.decode(query.ids);
      const own = source === 'held' ? heldAt(open, { ...options, input }) : { ...open, held: null };
      const { task, held } = own;
      const made =
        (held === null ? whole : null) ??
        ({ exact: await exactAt(own, site, options), prior: createPrior(task, open.features) } as const);
      if (held === null) whole = made;
      const record = recordOf(own, options, { ...query, site }, null);
      const onlyAt = options.atPlace === true ? namedPlace(task, query) : null;
      try {
        const evidence = await exactEvidence(
          own.runtime,
          own.model,
          made.prior,
          made.exact,
          { ...query, epsilon: record.epsilon, metric: record.metric, onlyAt },
          progress('controls'),
        );
        const { total } = made.exact;
        return {
          evidence,
          query: { ...record, seed: query.seed, at: onlyAt, exactness: exactness(total, held) },
        };
      } finally {
        if (held !== null) await made.exact.dispose();
      }
    },
    dispose: async () => whole?.exact.dispose(),
  };
}

/** @throws InputError where its position has no name */
function namedPlace(task: Task, { ids, position }: PlacedInput): string {
  const place = placeName(task, ids, position);
  if (place !== null) return place;
  throw new InputError(
    `Position ${position} has no name by which other inputs have it: leave out --at-place.`,
  );
}

/** What a decoder proposes, or the model finds by itself. */
async function drawnSource(
  open: Opened,
  options: JudgeOptions,
  source: 'decoder' | 'search',
): Promise<OpenedSource> {
  const { runtime, model, task } = open;
  const decoder = source === 'search' ? null : await decoderOf(open, options);
  const instruments = createInstruments(runtime, model, decoder, task);
  const interpreter = createInterpreter(runtime, model, decoder, task, {
    features: open.features,
    instruments,
  });
  const reader = createReader(runtime, model, decoder, task, instruments);
  const rounds = roundsFor(task, options.candidates === undefined ? {} : { candidates: options.candidates });
  return {
    async evidence(query) {
      const record = recordOf(open, options, query, decoder?.name ?? searchedName);
      const { epsilon, metric } = record;
      const asked = { ...query, epsilon, metric };
      const made = { interpreter, reader, instruments };
      return {
        evidence:
          decoder === null
            ? await searchEvidence(model, made, asked, rounds)
            : await decoderEvidence(runtime, model, decoder, made, asked),
        query: { ...record, seed: query.seed, at: null, exactness: null },
      };
    },
    async dispose() {
      await interpreter.dispose();
      await reader.dispose();
      await instruments.dispose();
    },
  };
}
