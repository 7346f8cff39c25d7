/**
 * What an activation says of its input, requested once the question has stopped changing. The answer under another ε or
 * metric replaces the previous one when it arrives.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type {
  InterpretEvent,
  InterpretRequest,
  Interpreted,
} from '../../../src/workbench/verbs/interpret.js';
import { createFollow, type Follow } from '../follow.svelte.js';
import { createMemory } from '../memory.js';

/** An answer, or the way to it. */
export type Readout = Follow<InterpretRequest, Interpreted | null>;

/** How long ε or the question rests before it is asked: walking over sites is not held up. */
const restMilliseconds = 300;
const memory = createMemory<Interpreted | null>(40);

/** Makes it; no request is sent before `start`. */
export const createReadout = (client: Client): Readout =>
  createFollow<InterpretRequest, InterpretEvent, Interpreted | null>({
    name: 'The measurement',
    open: (request, signal) => client.interpret(request, signal),
    isLast: ({ event }) => event === 'told',
    empty: null,
    memory,
    delay: () => restMilliseconds,
    take: (before, { event, data }) => (event === 'told' ? data : before),
  });
