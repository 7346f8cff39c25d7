/**
 * The guided reading of sentences in which somebody is given something, on whatever model they are read in. What a head of
 * SmolLM2 holds is claimed of that model alone; of others the steps say how to see it.
 * @module
 */
import type { Workbench } from '../state/workbench.svelte.js';
import type { Tour } from './steps.js';

const place = 'S1+1';

/** The head after the first mention that is read: of 30 × 9 the one known to hold the name before it. */
function siteOf(bench: Workbench): string {
  const { layers = 0, heads = 0 } = bench.case ?? {};
  return layers === 30 && heads === 9 ? 'a16.0' : `a${Math.floor(layers / 2)}.0`;
}
const isKnown = (bench: Workbench): boolean => siteOf(bench) === 'a16.0';

/** The position of the place in the input. */
const indexOf = (bench: Workbench): number =>
  bench.inspection.good?.tokens.findIndex((token) => token.place === place) ?? -1;

/** See the module. */
export const ioiTour: Tour = {
  caseOf: (bench) => (bench.case?.task === 'ioi' ? bench.case.id : null),
  input: 'When Robert and James went to the house, Robert gave a letter to James',
  steps: [
    {
      title: 'The sentence',
      text: () =>
        'Two people come first, one of them (S, the subject) comes again, and the other (IO) is given something. Under each token stands what the model expects next: is it the other name after “to”?',
      target: 'chips',
    },
    {
      title: 'A position',
      text: () =>
        'To answer, the model must notice that Robert stands there twice. It begins after his first mention. Click the token “and”, the place S1+1.',
      target: 'chips',
      act: (bench) => bench.choosePosition(Math.max(0, indexOf(bench))),
      done: (bench) => bench.live.choice.asking.position === place,
    },
    {
      title: 'A site',
      text: (bench) =>
        `Every head of every layer is a cell of the diagram; the field above it takes a name. Choose ${siteOf(bench)}${isKnown(bench) ? ', a head that looks at the token before' : ', a head of a middle layer'}.`,
      target: 'sites',
      act: (bench) => bench.chooseSite(siteOf(bench)),
      done: (bench) => bench.live.choice.asking.site === siteOf(bench),
    },
    {
      title: 'Found inside',
      text: (bench) =>
        bench.case?.searches === true
          ? 'The model searches by itself: it changes a name, a place, an object at a time, and keeps what comes nearer. Above the rule are sentences for which the head writes nearly the same. How often they occur, a search cannot say.'
          : 'A decoder draws sentences that should give the same activation, and the model runs each. Above the rule are those for which the head writes nearly the same.',
      target: 'rule',
    },
    {
      title: 'Slot by slot',
      text: (bench) =>
        isKnown(bench)
          ? 'A column for each slot, with the share of what fills it inside. Raise ε to 0.2 and search again: S stays Robert while the other name, the place and the object are any. The head holds the name before it.'
          : 'A column for each slot, with the share of what fills it inside. A slot with one filler in nearly all is held by the activation; one with any filler is not. What comes later in the sentence than the position cannot be held.',
      target: 'share',
    },
    {
      title: 'How near is near',
      text: () =>
        'In a language model every input gives another activation, so that at a small ε little but the query is inside. What is held together shows as ε grows: drag the marker.',
      target: 'epsilon',
    },
    {
      title: 'All of them',
      text: () =>
        'The page Information runs every sentence that differs in slots of your choice. Then it is known, not found: how many are inside, how many bits that is, and at which ε their number stays the same. Such a plateau is where to read. Key 5 opens it.',
      target: 'pin',
    },
    {
      title: 'Is it used?',
      text: () =>
        'What an activation holds need not be used. The page Patch exchanges it for that of another sentence, which you type, and shows how much of the answer goes with it. Key 4 opens it.',
      target: 'pin',
    },
  ],
};
