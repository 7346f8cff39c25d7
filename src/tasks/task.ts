/**
 * What a task is: inputs in the probed model's tokens, the names of their places, the sites worth reading on them, and
 * the settings under which they are read. A task is one object of data and pure functions; everything that samples,
 * trains or judges takes it as an argument. What only some tasks can do is a capability: who needs one asks for it by
 * `capability` of `capabilities.ts`, which says what is missing where it is not there.
 *
 * "ids" are token ids of one input without padding, from BOS to EOS, unless a function says otherwise.
 * @module
 */
import type { Tokenizer } from '../models/tokenizers/tokenizer.js';
import type { Random } from '../random.js';

/** `train` is what models and decoders learn from; `test` is held out from both. */
export type Split = 'train' | 'test';

/** A place that a person can name, and the index of its token (BOS is 0). */
export interface Place {
  readonly name: string;
  readonly index: number;
}

/** One round of sampling: how sharp, how much noise on the activation, how many. */
export interface SamplingRound {
  readonly temperature: number;
  /** In units of the activation's spread; of a turn, 1 less the cosine with it. */
  readonly noise: number;
  readonly candidates: number;
  /**
   * How noise changes the activation: `add` adds Gaussian noise (unless given); `turn` draws a vector at that cosine, of
   * the activation's norm times exp(U(−1, 1)).
   */
  readonly noiseKind?: 'add' | 'turn';
  /**
   * Rare symbols that earlier rounds of the query drew more often than this at a place are not drawn there again, so that a
   * round finds what the others have not (METHOD §4). No symbol is barred unless given.
   */
  readonly repeats?: number;
}

/** All inputs of a task in a fixed order, and a fixed shuffled order of each split. Nothing is held in memory. */
export interface TaskData {
  readonly size: number;
  /** The input with an index, 0 ≤ index < size. */
  instance(index: number): number[];
  /** How many inputs each split has; together they are `size`. */
  readonly splitSize: Readonly<Record<Split, number>>;
  /** The k-th input of a split in its shuffled order, 0 ≤ k < splitSize[split]. */
  member(split: Split, k: number): number[];
  /** The split an input belongs to; null when it is not in the data. */
  inSplit(ids: readonly number[]): Split | null;
  /** What tells these inputs from others of a task of the same name and size; none where there are no others. */
  readonly identity?: string;
}

/** The distribution of a task's inputs. */
export interface Distribution {
  /** Natural logarithm of the probability of an input; −∞ for what is not an input. */
  logProbability(ids: readonly number[]): number;
  /** An input drawn from it. */
  draw(random: Random): number[];
  /** Draws the input that `draw` would, for who asks what could be known of many inputs and not for their tokens. */
  sketch?(random: Random): Sketch;
}

/** A drawn input, before it is written in tokens. */
export interface Sketch {
  /** Equal for equal inputs alone. */
  readonly key: string;
  ids(): number[];
  /** The value of one of the task's own features; undefined for any other. */
  value(feature: Feature): FeatureValue | undefined;
}

/** Which tokens the probed model answers with. */
export interface Answer {
  /** Their indices: they follow from what stands before them. */
  determined(ids: readonly number[]): readonly number[];
}

/**
 * A step in which a decoder that says the free tokens alone decides on a token of the input: the token is there when the
 * free token at `at` is one of `among`, of which `given` were still possible by then (every token unless given).
 */
export interface SaidStep {
  /** Index in what `toFree` gives. */
  readonly at: number;
  readonly among: readonly number[];
  readonly given?: readonly number[];
}

/**
 * How a token of an input comes about where a decoder says the free tokens alone.
 * - `said`: by free tokens; the steps of all tokens of an input together are its free tokens, each once.
 * - `follows`: it is written from free tokens that stand elsewhere.
 * - `fixed`: every input has it at this place.
 */
export type Origin =
  | { readonly kind: 'said'; readonly steps: readonly SaidStep[] }
  | { readonly kind: 'follows' }
  | { readonly kind: 'fixed' };

/**
 * Which tokens follow from the others. A decoder may then model the free tokens alone, and the task writes the rest: what
 * follows from them, and in an order that the data draws at random, so that every input can come out.
 */
export interface Completion {
  /** Symbols of its own in which free tokens are said; without them they are tokens of the probed model. */
  readonly alphabet?: {
    readonly size: number;
    /** The symbol that stands before the free ones, as BOS does. */
    readonly begin: number;
    /** A symbol for the eye. */
    name(symbol: number): string;
    /** Whether a symbol is rare; rounds with `repeats` bar such symbols alone. */
    isRare?(symbol: number): boolean;
  };
  /** BOS and the free tokens of an input. */
  toFree(ids: readonly number[]): number[];
  /**
   * The whole input from BOS to EOS, or null when the free tokens cannot be completed.
   * @param order a 32-bit word that draws the order, where a task has one to draw; 0 unless given
   */
  complete(free: readonly number[], order?: number): number[] | null;
  /** Whether the tokens so far, BOS included, are all the free ones. */
  done(free: readonly number[]): boolean;
  /** Most tokens that `toFree` gives, BOS included. */
  readonly maxFree: number;
  /** Natural logarithm of the number of inputs that have these free tokens, each equally likely; 0 where absent. */
  logOrders?(free: readonly number[]): number;
  /**
   * How each token of an input comes about; null for a sequence that no free tokens stand for. What follows need not be
   * right: a sum with a wrong answer has the origins of one with the right answer.
   */
  origins(ids: readonly number[]): readonly Origin[] | null;
}

/**
 * How the inputs of a task can be gone through one by one, so that an ε-preimage is found without a decoder.
 * - `all`: the data holds every input, and each is as likely as any other.
 * - `strata`: the inputs are too many, but fall into classes of equal probability, so many to a group; a class is known
 *   by number and its inputs differ only in `drawn`.
 */
export type Enumeration =
  | { readonly kind: 'all' }
  | {
      readonly kind: 'strata';
      readonly groups: number;
      /** Classes of each group. */
      readonly classes: number;
      /** The group of an input of the task. */
      groupOf(ids: readonly number[]): number;
      /** An input of a class, drawn from its own distribution. */
      member(group: number, classNumber: number, random: Random): number[];
      /** What the inputs of a class have in common, in words. */
      readonly fixed: string;
      /** What differs between them and can only be drawn, in words. */
      readonly drawn: string;
    };

/** How an input is changed so that one like it, with another answer, is there to be held against it. */
export interface Redraw {
  /** Tokens that are drawn from, each as likely, where a position is drawn anew; none where it stands for itself. */
  choices(ids: readonly number[], at: number): readonly number[];
  /** The input with all that follows from its other tokens written anew; null where nothing follows from them. */
  follow(ids: readonly number[]): number[] | null;
  /** Whether what was drawn will do. It need not be an input of the task. */
  accepts(ids: readonly number[]): boolean;
}

/** A named place of an input that stands in a contrast of it too. */
export interface PairedPlace {
  readonly name: string;
  /** Index in the input. */
  readonly index: number;
  /** Index in the contrast. */
  readonly source: number;
}

/** How an input and a text that is held against it stand side by side, where that text need not be an input of the task. */
export interface Pairing {
  /** The named places that both have, in the order of the input; none where the two do not align. */
  places(clean: readonly number[], contrast: readonly number[]): readonly PairedPlace[];
  /**
   * Index of the first token that is predicted in each, which in a contrast without an answer is what ends it, and the
   * token that the input's answer is held against: null for the contrast's own. Null where the two do not align.
   */
  answers(
    clean: readonly number[],
    contrast: readonly number[],
  ): {
    readonly answerAt: number;
    readonly contrastAnswerAt: number;
    readonly against: number | null;
  } | null;
}

/** Inputs that agree with one in all parts but some. */
export interface Varying {
  readonly size: number;
  /** An input by number, 0 ≤ index < size. */
  input(index: number): number[];
  /** Natural logarithm of its probability among all inputs of the task. */
  logProbability(index: number): number;
  /** One of them, drawn as the task draws. */
  draw(random: Random): number[];
}

/** What inputs are made of, part by part, so that some parts can be held while others vary. */
export interface Variation {
  /** The parts of an input, and the positions of their tokens; none for what is no input. */
  parts(ids: readonly number[]): readonly { readonly name: string; readonly positions: readonly number[] }[];
  /** Names of the parts that vary where nothing else is asked for. @throws InputError for what is no input */
  usual(ids: readonly number[]): readonly string[];
  /** @throws InputError for a part that the input does not have, and for what is no input */
  varying(ids: readonly number[], parts: readonly string[]): Varying;
}

/** The value of a feature in one input; null where an input has none, which counts as a value of its own. */
export type FeatureValue = string | number | null;

/** Something that could be known of an input. */
export interface Feature {
  readonly name: string;
  /** @param ids one input of the task, from BOS to EOS */
  of(ids: readonly number[]): FeatureValue;
  /** How a sentence says that the value is known; the name unless given. */
  readonly phrase?: string;
  /** The part of the input it is about, as in "nothing of the tens". */
  readonly about?: string;
}

/** Where a head is read by what it attends to, in place of {@link Task.positions}. */
export interface AttendedPositions {
  /**
   * Positions of an input, each as likely; none where the head is not read in this input.
   * @param toBos the head's attention to BOS at each position, 0 … 1
   */
  positions(ids: readonly number[], toBos: Float32Array): readonly number[];
}

/** The ε of a site at a place. */
export interface ChosenThreshold {
  /** Full hook name. */
  readonly site: string;
  /** Name of the place. */
  readonly place: string;
  readonly epsilon: number;
}

/** What every task has, and the capabilities of some: see the module's header. */
export interface Task {
  readonly name: string;
  /** What its inputs are, in a sentence or two. */
  readonly about: string;
  /** The tokens of the probed model. */
  readonly tokenizer: Tokenizer;
  readonly bos: number;
  readonly eos: number;
  readonly pad: number;
  /** Tokens of the longest input, BOS and EOS included: the width of a padded batch. */
  readonly maxLength: number;
  /** Full hook names in the order of a run. */
  readonly sites: readonly string[];
  /** The largest distance that counts as inside the preimage. */
  readonly epsilon: number;
  readonly metric: 'euclidean' | 'cosine';
  /** What holds instead where it was chosen for a site and place of the model, in the task's metric; see `epsilon.ts`. */
  readonly epsilons?: readonly ChosenThreshold[];
  /** Auto mode: the rounds of one query. */
  readonly rounds: readonly SamplingRound[];
  /** @throws InputError when the text is empty, too long, or has a character that is no token. */
  encode(input: string): number[];
  /** The text, without BOS, EOS and PAD. */
  decode(ids: readonly number[]): string;
  /** Null when the sequence is in the task's input set, else the reason why not, without a full stop. Takes padding. */
  check(ids: readonly number[]): string | null;
  /** The named places of this input, in order; names are unique. Works on malformed inputs too. */
  places(ids: readonly number[]): readonly Place[];
  /** The positions whose activations are asked about in training and evaluation, in order. */
  positions(ids: readonly number[]): readonly number[];
  /** An input drawn from a split. */
  sample(random: Random, split: Split): number[];
  /** A random input as text. */
  draw(random: Random): string;
  /** Facts about an input for display; empty when it is malformed. */
  annotate(ids: readonly number[]): Record<string, string | number>;
  /**
   * Ids of all tokens that inputs use, each once, in the order in which a decoder numbers them: of a language model's
   * vocabulary they are a few. The model's whole vocabulary unless given.
   */
  usedTokens?(): readonly number[];
  /** Whether a token is rare in the task's texts; rounds with `repeats` bar such tokens alone. */
  isRare?(token: number): boolean;
  /** What could be known of an input; a readout speaks of these. */
  readonly features: readonly Feature[];

  /** Inputs in a fixed order, by number. */
  readonly data?: TaskData;
  readonly completion?: Completion;
  readonly redraw?: Redraw;
  readonly variation?: Variation;
  readonly distribution?: Distribution;
  readonly answer?: Answer;
  /** Positions of heads that rest on their attention. */
  readonly attended?: AttendedPositions;
  /** How contrasts align that are no inputs; inputs do by the names of their places unless given. */
  readonly pairing?: Pairing;
  /** How exact preimages are found. */
  readonly enumeration?: Enumeration;
  /** Size of the probed model that the task is published with. */
  readonly model?: { readonly layers: number; readonly heads: number; readonly width: number };
}

/** Auto mode of the two synthetic tasks: four times through sharp, plain, flat, and flat with noise; 1,024 candidates. */
export const syntheticRounds: readonly SamplingRound[] = Array.from({ length: 4 }, () => [
  { temperature: 0.5, noise: 0, candidates: 64 },
  { temperature: 1, noise: 0, candidates: 64 },
  { temperature: 2, noise: 0, candidates: 64 },
  { temperature: 2, noise: 0.1, candidates: 64 },
]).flat();
