/**
 * What is wrong with a field of a JSON file, in a person's words.
 * @module
 */
import { type ZodError } from 'zod';

/**
 * The first fault that a schema found, without a full stop.
 * @param value what was checked
 * @example fieldProblem(error, { n_head: 4 }) // '"n_layer" is missing'
 */
export function fieldProblem({ issues: [issue] }: ZodError, value: unknown): string {
  const path = issue?.path ?? [];
  const field = path.join('.');
  if (path.length === 0)
    return isObject(value) ? (issue?.message ?? 'it is not accepted') : 'it is not a JSON object';
  if (valueAt(value, path) === undefined) return `"${field}" is missing`;
  return `"${field}": ${issue?.message ?? 'it is not accepted'}`;
}

const isObject = (value: unknown): value is Readonly<Record<PropertyKey, unknown>> =>
  typeof value === 'object' && value !== null;

/** What stands at a path; undefined where it does not lead on. */
const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (part, key) => (isObject(part) && Object.hasOwn(part, key) ? part[key] : undefined),
    value,
  );
