/**
 * The inputs of a rule, counted and checked.
 * @module
 */
import { type Value } from '../graph.js';
import { type DType, GraphError, expectType } from '../shape.js';

/** Exactly two inputs. */
export function pair(op: string, inputs: readonly Value[]): [Value, Value] {
  const [a, b] = inputs;
  if (a === undefined || b === undefined || inputs.length !== 2) {
    throw new GraphError(`${op}: takes 2 inputs, got ${inputs.length}`);
  }
  return [a, b];
}

/** Exactly one input, of one of the given types; null takes any. */
export function single(
  op: string,
  inputs: readonly Value[],
  accepted: readonly DType[] | null = ['float32'],
): Value {
  const [x] = inputs;
  if (x === undefined || inputs.length !== 1)
    throw new GraphError(`${op}: takes 1 input, got ${inputs.length}`);
  if (accepted !== null) expectType(op, x, accepted);
  return x;
}
