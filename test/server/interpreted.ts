/**
 * What the server's answers on information are held to.
 * @module
 */
import { expect } from 'vitest';
import {
  type InterpretEvent,
  type Interpreted,
  interpretEventSchemas,
} from '../../src/workbench/verbs/interpret.js';

/** Holds events to the contract and gives what was told. */
export function interpretedIn(events: readonly InterpretEvent[]): Interpreted {
  for (const { event, data } of events) expect(interpretEventSchemas[event].parse(data)).toEqual(data);
  const last = events.at(-1);
  if (last?.event !== 'told') throw new Error(`the last event is ${JSON.stringify(last)}`);
  return last.data;
}
