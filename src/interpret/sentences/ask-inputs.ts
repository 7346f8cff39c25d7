/**
 * A sentence that no predicate stands for, put to a language model input by input. It sees the inputs in an order that says
 * nothing of which are inside, and says of each whether the sentence is true; shares are those of the inputs it answered
 * for. What it answered is stored whole, and what failed with it.
 * @module
 */
import { z } from 'zod';
import { type Random, randomFor } from '../../random.js';
import { type Level } from '../../share.js';
import { type Task } from '../../tasks/task.js';
import { type AskOptions, type Attempt, type LanguageModel, type Message, ask, objectIn } from '../ask.js';
import { type Evidence, drawInput } from './evidence.js';
import { type InputSet, type KnownShare, shareWorth } from './input-set.js';
import { type ControlFigures, type Counted, type SentenceFigures, gained } from './sentence-figures.js';

/** How a language model is asked. */
export interface AskingOptions extends AskOptions {
  /** Inputs of each set: inside, of all inputs, of each control. */
  readonly inputs: number;
  readonly seed: number;
}

/** One request, and what came of it. */
export interface AskedBatch {
  readonly inputs: readonly string[];
  readonly attempts: readonly Attempt[];
}

/** What was asked about a sentence. */
export interface Asking {
  readonly model: string;
  /** Distinct inputs that were to be asked about, and those that were answered for. */
  readonly inputs: number;
  readonly answered: number;
  /** Why there are fewer answers than inputs; null where there are not. */
  readonly failure: string | null;
  readonly batches: readonly AskedBatch[];
}

/** Inputs of one request. */
const together = 12;
const shownExamples = 3;

/** Inputs drawn of a set, and how many independent draws its own inputs are worth. */
interface Drawn {
  readonly inputs: readonly (readonly number[])[];
  /** Infinite where the set is drawn from as it is; 0 where it gives no shares. */
  readonly effective: number;
  /** Whether these are all inputs of a known set. */
  readonly whole: boolean;
}

/** Asks, and measures. Figures are null where no input was answered for. */
export async function measureByAsking(
  languageModel: LanguageModel,
  sentence: string,
  evidence: Evidence,
  options: AskingOptions,
): Promise<{ readonly figures: SentenceFigures | null; readonly asking: Asking }> {
  const { prior, ids, information } = evidence;
  const { task } = prior;
  const random = randomFor(options.seed, 'asked', sentence);
  const inside = drawnFrom([evidence.inside], options.inputs, random);
  const all: Drawn = {
    inputs: Array.from({ length: options.inputs }, () => drawInput(prior, random)),
    effective: Infinity,
    whole: false,
  };
  const controls = evidence.controls.map(({ activation, sets }) => ({
    activation,
    drawn: drawnFrom(sets, options.inputs, random),
  }));
  const sets = [inside, all, ...controls.map(({ drawn }) => drawn)];
  const texts = new Set([ids, ...sets.flatMap(({ inputs }) => inputs)].map((own) => task.decode(own)));
  const { truth, asking } = await askAbout(
    languageModel,
    task,
    sentence,
    ids,
    shuffled([...texts], random),
    options,
  );
  if (truth.size === 0) return { figures: null, asking };
  const of = (input: readonly number[]): boolean | null => truth.get(task.decode(input)) ?? null;
  const share = (drawn: Drawn, level: Level = 0.95): KnownShare | null => shareOfAnswers(drawn, of, level);
  return {
    asking,
    figures: {
      own: of(ids),
      inside: share(inside),
      counted: counted(inside, of),
      all: share(all),
      outside: null,
      ...gained(
        (level) => share(inside, level),
        (level) => share(all, level),
        information?.high ?? null,
      ),
      recall: null,
      controls: controls.map(({ activation, drawn }): ControlFigures => ({
        activation,
        share: share(drawn),
        inputs: counted(drawn, of),
      })),
      counterexamples: {
        inside: [
          ...new Set(inside.inputs.filter((one) => of(one) === false).map((one) => task.decode(one))),
        ].slice(0, shownExamples),
        outside: [],
      },
    },
  };
}

type Answered = (input: readonly number[]) => boolean | null;

const counted = ({ inputs }: Drawn, of: Answered): Counted => ({
  true: inputs.filter((input) => of(input) === true).length,
  of: inputs.filter((input) => of(input) !== null).length,
});

function shareOfAnswers(drawn: Drawn, of: Answered, level: Level): KnownShare | null {
  const { true: hits, of: answered } = counted(drawn, of);
  if (answered === 0 || drawn.effective < 1) return null;
  if (drawn.whole && answered === drawn.inputs.length)
    return { share: hits / answered, low: null, high: null };
  // Variances add up: that of the set as a sample, and that of the inputs drawn from it.
  return shareWorth(hits / answered, Math.max(1, 1 / (1 / answered + 1 / drawn.effective)), level);
}

/** Inputs of sets, which take turns: all where they are no more, each once where all are alike, else by their shares. */
function drawnFrom(sets: readonly InputSet[], most: number, random: Random): Drawn {
  const filled = sets.filter(({ count }) => count > 0);
  const [first] = filled;
  if (first === undefined) return { inputs: [], effective: 0, whole: false };
  const effective = Math.min(...filled.map((set) => set.effective));
  if (filled.length === 1 && first.count <= most && first.shares === null)
    return {
      inputs: Array.from({ length: first.count }, (_, at) => first.idsOf(at)),
      effective,
      whole: effective === Infinity,
    };
  const inputs: (readonly number[])[] = [];
  const taken = filled.map(() => new Set<number>());
  for (let turn = 0; inputs.length < most; turn++) {
    const at = turn % filled.length;
    const [set, own] = [filled[at], taken[at]];
    if (set === undefined || own === undefined) break;
    if (set.shares === null && own.size >= set.count) {
      if (taken.every((one, other) => one.size >= (filled[other]?.count ?? 0))) break;
      continue;
    }
    let number = drawnFromShares(set, random);
    while (set.shares === null && own.has(number)) number = drawnFromShares(set, random);
    own.add(number);
    inputs.push(set.idsOf(number));
  }
  return { inputs, effective, whole: false };
}

function drawnFromShares({ shares, count }: InputSet, random: Random): number {
  if (shares === null) return random.int(count);
  let rest = random.next();
  for (let at = 0; at < count; at++) {
    rest -= shares[at] ?? 0;
    if (rest < 0) return at;
  }
  return count - 1;
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((item) => ({ item, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

/** Puts inputs to the language model, request after request. A refusal that no further attempt could mend ends it. */
async function askAbout(
  languageModel: LanguageModel,
  task: Task,
  sentence: string,
  query: readonly number[],
  texts: readonly string[],
  options: AskOptions,
): Promise<{ readonly truth: ReadonlyMap<string, boolean>; readonly asking: Asking }> {
  const truth = new Map<string, boolean>();
  const batches: AskedBatch[] = [];
  let failure: string | null = null;
  for (let start = 0; start < texts.length; start += together) {
    const inputs = texts.slice(start, start + together);
    const schema = answerOf(inputs.length);
    const attempts = await ask(
      languageModel,
      questionAbout(task, sentence, task.decode(query), inputs),
      (text) =>
        objectIn(text, schema) === null ? 'the answer does not say true or false of each input' : null,
      options,
    );
    batches.push({ inputs, attempts });
    const last = attempts.at(-1);
    const answer = last === undefined || last.failure !== null ? null : objectIn(last.text, schema);
    if (answer === null) failure = last?.failure ?? 'nothing came';
    inputs.forEach((text, at) => {
      const own = answer?.[String(at + 1)];
      if (own !== undefined) truth.set(text, own);
    });
    if (answer === null && attempts.length < (options.attempts ?? 3)) break;
  }
  return {
    truth,
    asking: { model: languageModel.name, inputs: texts.length, answered: truth.size, failure, batches },
  };
}

const answerOf = (count: number) =>
  z
    .record(z.string(), z.boolean())
    .refine((answer) =>
      Array.from({ length: count }, (_, at) => answer[String(at + 1)]).every((own) => own !== undefined),
    );

/** What is asked of some inputs. */
export const questionAbout = (
  task: Task,
  sentence: string,
  query: string,
  inputs: readonly string[],
): Message[] => [
  {
    role: 'system',
    content:
      'You check whether a sentence is true of inputs. Judge each input by itself and by the sentence alone; where the sentence ' +
      'does not apply to an input, it is not true of it.',
  },
  {
    role: 'user',
    content: [
      `The inputs: ${task.about}`,
      `The sentence: ${sentence}`,
      `Where it speaks of the query, that is: ${query}`,
      '',
      ...inputs.map((text, at) => `${at + 1}. ${text}`),
      '',
      'Is the sentence true of each? Answer with one JSON object and nothing else, with true or false for every number:',
      '{"1": true, "2": false, …}',
    ].join('\n'),
  },
];
