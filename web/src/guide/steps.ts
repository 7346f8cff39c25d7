/**
 * The guided reading: one head of the shipped addition model, from the question to what it knows. A browser test
 * checks that its samples show what is claimed here.
 * @module
 */
import type { Workbench } from '../state/workbench.svelte.js';

/** What is read. */
export const guided = { case: 'addition', input: '535+861=1396', site: 'a0.0', place: '=' } as const;

/** One step. */
export interface Step {
  readonly title: string;
  readonly text: string | ((bench: Workbench) => string);
  /** The `data-guide` of what it speaks of. */
  readonly target: string;
  /** Does what the person is asked to do, where Next is pressed instead. */
  readonly act?: (bench: Workbench) => void;
  /** Whether the person did it. */
  readonly done?: (bench: Workbench) => boolean;
}

/** A guided reading. */
export interface Tour {
  /** The case that it is of; null where the case that is open is none that it could be of. */
  caseOf(bench: Workbench): string | null;
  readonly input: string;
  readonly steps: readonly Step[];
}

/** All steps in order. */
export const steps: readonly Step[] = [
  {
    title: 'The input',
    text: 'A small model has learnt to add. Under each token stands what it expects next: after “=” a 1, with near certainty. How does it know?',
    target: 'chips',
  },
  {
    title: 'A position',
    text: 'By then it must have brought digits together at “=”. Click the token “=”.',
    target: 'chips',
    act: (bench) => bench.choosePosition(8),
    done: (bench) => bench.live.choice.asking.position === guided.place,
  },
  {
    title: 'A site',
    text: 'Two layers of four heads work on it. Click head 0 of layer 0 in the diagram: we read what this head writes at “=”.',
    target: 'sites',
    act: (bench) => bench.chooseSite(guided.site),
    done: (bench) => bench.live.choice.asking.site === guided.site,
  },
  {
    title: 'Where it looks',
    text: 'The bars over the tokens are the head’s attention from “=”. It goes to 5 and 8, the first digits of both numbers. That is where it looks; what it takes from there, samples say.',
    target: 'chips',
  },
  {
    title: 'What it knows',
    text: 'Above the rule are inputs for which the head writes nearly the same. All begin with 5 and 8, or with 8 and 5; the other digits are any. So the head knows both hundreds, not their order and nothing else. Addition needs no more.',
    target: 'rule',
  },
  {
    title: 'How near is near',
    text: 'Drag the marker: ε is the largest distance that counts as the same. Just beyond it come other hundreds. Nothing is sampled again.',
    target: 'epsilon',
  },
  {
    title: 'What it adds',
    text: 'Blue tokens became likelier to the decoder through this activation: the hundreds, and with them the first digits of the sum. Orange ones became unlikelier, and those without colour are as likely as before: the activation leaves them open. Grey ones, as + and =, are in every input and are not judged.',
    target: 'colours',
  },
  {
    title: 'Go on',
    text: 'Arrow keys walk on: ↑ ↓ from site to site, ← → from token to token. Pin a reading to lay another beside it, or see all places at once under Overview.',
    target: 'pin',
  },
];

/** The guided reading of the shipped addition model. */
export const additionTour: Tour = { caseOf: () => guided.case, input: guided.input, steps };
