/**
 * The heads that are studied, and the order in which they are patched together.
 * @module
 */

/** A head at a place: `a20.0@END`. */
export type HeadAt = string;

/** What a model is asked. */
export interface IoiQuestion {
  readonly heads: readonly HeadAt[];
  /** Heads that are patched together, step by step, the earliest of the model first. */
  readonly steps: readonly { readonly name: string; readonly heads: readonly HeadAt[] }[];
  /** Held-out prompts that are answered, patched and attributed. */
  readonly prompts: number;
  /** Sites beside the heads whose direct effect is wanted. */
  readonly writing: readonly string[];
  /** Heads of which it is measured what is used: the activation of every input is put into a query's run. */
  readonly used: readonly HeadAt[];
  /** Heads whose ε-curve is drawn. */
  readonly curves: readonly HeadAt[];
}

/** Site and place of a head. */
export const split = (head: HeadAt): [site: string, place: string] => {
  const [site = '', place = ''] = head.split('@');
  return [site, place];
};

const at = (place: string, sites: readonly string[]): HeadAt[] => sites.map((site) => `${site}@${place}`);

const duplicate = at('S2', ['a5.6', 'a8.0', 'a14.3', 'a15.7']);
const inhibition = at('END', ['a19.2', 'a20.0']);
const movers = at('END', ['a23.0', 'a23.1', 'a23.2', 'a23.7', 'a28.1', 'a29.1']);
const negative = at('END', ['a24.4', 'a29.0']);

/**
 * Heads of SmolLM2-135M-Instruct, found by patching each of the 270 at each place, and one beside them (`a21.0`) that hardly
 * moves the answer.
 */
const language: IoiQuestion = {
  heads: [
    'a16.0@S1+1',
    'a17.4@S2',
    ...duplicate,
    ...inhibition.toReversed(),
    'a23.3@END',
    ...movers,
    ...negative,
    'a21.0@END',
  ],
  steps: [
    { name: 'duplicate', heads: duplicate },
    { name: 'previous', heads: ['a16.0@S1+1'] },
    { name: 'induction', heads: ['a17.4@S2'] },
    { name: 'inhibition', heads: inhibition },
    { name: 'against S', heads: ['a23.3@END'] },
    { name: 'movers', heads: movers },
    { name: 'negative', heads: negative },
  ],
  prompts: 64,
  writing: [],
  used: ['a17.4@S2', 'a20.0@END'],
  curves: ['a16.0@S1+1', 'a17.4@S2', 'a20.0@END', 'a24.4@END'],
};

const layers = [0, 1, 2, 3];
const headsAt = (place: string, layer: number): HeadAt[] =>
  at(
    place,
    [0, 1, 2, 3].map((head) => `a${layer}.${head}`),
  );
const atEnd = (layer: number): HeadAt[] => headsAt('END', layer);
const ofLayer = (layer: number): HeadAt[] => ['S1+1', 'S2', 'END'].flatMap((place) => headsAt(place, layer));

/** Every head of the small model at every place. */
const shipped: IoiQuestion = {
  heads: layers.flatMap(ofLayer),
  // At the other places nothing has an effect.
  steps: layers.map((layer) => ({ name: `layer ${layer}`, heads: atEnd(layer) })),
  prompts: 400,
  writing: layers.map((layer) => `m${layer}`),
  used: ['a0.2@END'],
  curves: ['a0.2@END'],
};

/** By the name under which the figures are kept. */
export const questions = { shipped, language } as const;
