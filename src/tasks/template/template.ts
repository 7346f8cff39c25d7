/**
 * What a template task is made of: patterns with slots, what fills the slots, and what is to be known of the texts. A
 * person writes it as a YAML or JSON file, see `template-file.ts`.
 * @module
 */
import { type Task } from '../task.js';

/** The part of a text that is its pattern, beside its slots. */
export const patternPart = 'pattern';

/** The value of an attribute of a filler. */
export type AttributeValue = string | number;

/** A text that can stand in a slot. */
export interface Filler {
  readonly text: string;
  /** How often it is drawn, against the others' weights. */
  readonly weight: number;
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

/**
 * How a slot comes by its text.
 * - `fillers`: one of a list. Slots of one list share its `family`.
 * - `one-of`: the text of one of the slots named, each as likely.
 * - `other-of`: the text of whichever of two slots is not the one that `than` took.
 * - `attribute`: an attribute of the filler of another slot. With `some`, fillers may lack it; a pattern that uses it takes
 *   those that have it.
 * - `either`: what whichever of some slots takes that the pattern uses, in its text or its answer: a name for the same thing
 *   in several patterns.
 */
export type Slot =
  | { readonly kind: 'fillers'; readonly family: string; readonly fillers: readonly Filler[] }
  | { readonly kind: 'one-of'; readonly slots: readonly string[] }
  | { readonly kind: 'other-of'; readonly slots: readonly [string, string]; readonly than: string }
  | { readonly kind: 'attribute'; readonly slot: string; readonly attribute: string; readonly some?: true }
  | { readonly kind: 'either'; readonly slots: readonly string[] };

/** A stretch of a pattern. */
export type Part =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'slot'; readonly slot: string };

/** A text with slots. */
export interface Pattern {
  /** As the file has it. */
  readonly text: string;
  readonly weight: number;
  readonly parts: readonly Part[];
  /** What follows the prompt: the pattern's own answer, or that of all patterns; null where nothing is asked. */
  readonly answer: readonly Part[] | null;
  /** What the file says of the pattern: `relation: capital`. */
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

/** A side of a constraint: the text of a slot, an attribute of its filler, or a value that is written out. */
export type Operand =
  | { readonly kind: 'slot'; readonly slot: string; readonly attribute: string | null }
  /** Null is the value of an attribute that a filler lacks. */
  | { readonly kind: 'value'; readonly value: AttributeValue | null };

/** Ways to compare two values. */
export const comparisons = ['!=', '<=', '>=', '=', '<', '>'] as const;
export type Comparison = (typeof comparisons)[number];

/** What must hold between slots. */
export interface Constraint {
  readonly text: string;
  /** File and line that it stands on. */
  readonly where: string;
  readonly left: Operand;
  readonly comparison: Comparison;
  readonly right: Operand;
}

/**
 * Which token a named place is: the last token of a mention of a slot or the first, or the token before or after the
 * mention; or the last token of the prompt.
 */
export type PlaceRule =
  | { readonly kind: 'end' }
  | {
      readonly kind: 'mention';
      readonly slot: string;
      /** Number of the mention, from 0; −1 is the last. */
      readonly mention: number;
      readonly token: 'last' | 'first' | 'after' | 'before';
    };

/** A named place. */
export interface NamedPlace {
  readonly name: string;
  readonly rule: PlaceRule;
}

/** How texts are parted into those to learn from and those held out. */
export interface TemplateSplit {
  /** Slots whose fillers are parted; null where texts are. */
  readonly by: readonly string[] | null;
  /** Share held out, between 0 and 1. */
  readonly test: number;
}

/** What texts are held against. */
export interface TemplateContrast {
  /** The answer that the right one is held against. */
  readonly answer: readonly Part[] | null;
  /** The slots that a contrast among the task's own texts draws anew. */
  readonly redraw: readonly string[];
  /**
   * The slots that get fillers of their own in a contrast from outside the task: all different from each other, and from
   * those of the text that it is held against. None where there is no such contrast.
   */
  readonly fresh: readonly string[];
}

/** A whole template task, checked. */
export interface Template {
  readonly name: string;
  readonly about: string;
  readonly patterns: readonly Pattern[];
  /** In the order of the file. */
  readonly slots: ReadonlyMap<string, Slot>;
  readonly constraints: readonly Constraint[];
  /** What follows the prompts of patterns that say no answer of their own; null where nothing is asked. */
  readonly answer: readonly Part[] | null;
  readonly contrast: TemplateContrast | null;
  readonly places: readonly NamedPlace[];
  /** Names of the places that decoders learn from and figures are taken at; null for every token. */
  readonly positions: readonly string[] | null;
  /** Sites that are read, in short or in full; null for every head, what goes in and the MLPs. */
  readonly sites: readonly string[] | null;
  readonly epsilon: number;
  readonly metric: Task['metric'];
  readonly split: TemplateSplit;
  /** Rounds of sampling; null for those of the synthetic tasks. */
  readonly rounds: Task['rounds'] | null;
  /** Attention to BOS from which on a head is not read at a position, 0 … 1; null where heads are read as other sites are. */
  readonly attendedBelow: number | null;
  /** Most tokens that parts of a text may have in a model. */
  readonly tokens: TokenLimits;
}

/** Most tokens of a text, of an answer, and of what stands in a slot; no limit where null. */
export interface TokenLimits {
  readonly text: number | null;
  readonly answer: number | null;
  readonly slots: ReadonlyMap<string, number>;
}

/** Whether something is asked of any of a template's texts. */
export const hasAnswer = ({ patterns }: Pick<Template, 'patterns'>): boolean =>
  patterns.some(({ answer }) => answer !== null);

/** The names of the slots of some parts, each once. */
export const slotsOfParts = (parts: readonly Part[]): string[] => [
  ...new Set(parts.flatMap((part) => (part.kind === 'slot' ? [part.slot] : []))),
];

/** The slots that a slot's text is taken from. */
export function sourcesOf(slot: Slot): readonly string[] {
  switch (slot.kind) {
    case 'fillers':
      return [];
    case 'one-of':
    case 'either':
      return slot.slots;
    case 'other-of':
      return [...slot.slots, slot.than];
    case 'attribute':
      return [slot.slot];
  }
}
