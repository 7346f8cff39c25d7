/**
 * The hook points of a run: each named activation goes past its intervention and is noted under its name.
 * @module
 */
import { type Value, GraphError, formatShape } from '../engine/index.js';

/** Takes an activation, of the hook's shape, and gives the one that the run goes on with. */
export type Intervention = (activation: Value) => Value;

/** Where a graph's builder reports activations and takes those to go on with. */
export interface HookPoints {
  /** Every activation by hook name, as it was after interventions. */
  readonly cache: ReadonlyMap<string, Value>;
  /** Applies the intervention of this name, if there is one, without noting the activation. */
  intervene(name: string, value: Value): Value;
  /** Notes an activation. */
  note(name: string, value: Value): void;
  /** Intervenes and notes. */
  at(name: string, value: Value): Value;
  /** @throws GraphError naming interventions whose hook was never reached */
  expectAllUsed(): void;
}

/** Makes the hook points of one run. */
export function hookPoints(interventions: ReadonlyMap<string, Intervention> = new Map()): HookPoints {
  const cache = new Map<string, Value>();
  const unused = new Set(interventions.keys());
  const intervene = (name: string, value: Value): Value => {
    const intervention = interventions.get(name);
    unused.delete(name);
    const next = intervention === undefined ? value : intervention(value);
    if (formatShape(next.shape) !== formatShape(value.shape)) {
      throw new GraphError(
        `the intervention at ${name} gave ${formatShape(next.shape)} for ${formatShape(value.shape)}`,
      );
    }
    return next;
  };
  return {
    cache,
    intervene,
    note: (name, value) => void cache.set(name, value),
    at(name, value) {
      const next = intervene(name, value);
      cache.set(name, next);
      return next;
    },
    expectAllUsed() {
      if (unused.size > 0) throw new GraphError(`no hook is named ${[...unused].join(', ')}`);
    },
  };
}
