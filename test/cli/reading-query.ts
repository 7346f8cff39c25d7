/** What the tests of `inversionview read` ask: the query that the documentation opens with, and its data. */
import { expect } from 'vitest';
import { type Command } from './command.js';

export const sum = ['read', '--input', '615+861=1476'];
export const query = [...sum, '--site', 'a0.0', '--position', '='];
/** Few candidates and no readout, where it is not them that count. */
export const quick = ['--no-readout', '--threads', '1'];

/** What a command prints with --json: one line, and nothing beside it. */
export async function jsonOf(command: Command, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await command.ask([...args, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.trimEnd()).not.toContain('\n');
  return stdout;
}
