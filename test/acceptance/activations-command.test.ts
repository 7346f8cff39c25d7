/**
 * `inversionview activations` as others call it, against the reference values.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bundledCommand, type Command, type Finished } from '../cli/command.js';
import { furthest } from '../fixtures/float64.js';
import { type ReferenceCase, centredRows, published, shipped } from '../fixtures/reference.js';

let command: Command;
beforeAll(async () => {
  command = await bundledCommand();
});
afterAll(() => command.dispose());
const inversionview = (...args: readonly string[]): Promise<Finished> => command.ask(args);

type Nested = number | Nested[];
const nested: z.ZodType<Nested> = z.union([z.number(), z.array(z.lazy(() => nested))]);
const answerSchema = z.strictObject({
  tokens: z.array(z.string()),
  sites: z.record(z.string(), nested),
  logits: z.array(z.array(z.number())),
});

/** The JSON that a call prints; it must print nothing else, but for a warning of an input that is not the task's. */
async function activations(...args: readonly string[]): Promise<z.infer<typeof answerSchema>> {
  const { code, stdout, stderr } = await inversionview('activations', ...args, '--json');
  expect({ code, stderr: stderr.replace(/^Warning: the input is not one of [^\n]+\n$/, '') }).toEqual({
    code: 0,
    stderr: '',
  });
  return answerSchema.parse(JSON.parse(stdout));
}

const flat = (value: Nested | undefined): number[] =>
  value === undefined ? [] : typeof value === 'number' ? [value] : value.flatMap(flat);
const shapeOf = (value: Nested | undefined): number[] =>
  Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];

describe.each([...shipped, ...published])('activations of the $name checkpoint', (checkpoint) => {
  const { task, directory, absent, reason, cases } = checkpoint;
  const model = ['--model', directory, '--task', task.name];

  it('gives tokens, every site and the logits, to 1e-4', async ({ skip }) => {
    skip(absent, reason);
    for (const { input, ids, logits, activations: known } of await cases()) {
      const answer = await activations(...model, '--input', input);
      expect(answer.tokens).toEqual(['B', ...input, 'E']);
      const sites = Object.keys(known).filter((name) => !name.endsWith('hook_pattern'));
      for (const site of [...sites, ...task.sites]) expect(Object.keys(answer.sites)).toContain(site);
      for (const site of sites) {
        expect(shapeOf(answer.sites[site]), site).toEqual(shapeOf(known[site]));
        expect(shapeOf(answer.sites[site])[0]).toBe(ids.length);
        expect(furthest(flat(answer.sites[site]), flat(known[site])), site).toBeLessThan(1e-4);
      }
      expect(shapeOf(answer.logits)).toEqual(shapeOf(logits));
      // Logits are no site; float32 leaves 1.2e-4 in the counting model's, of up to 18.
      expect(furthest(flat(answer.logits), flat(centredRows(logits)))).toBeLessThan(2e-4);
    }
  });

  it('gives attention patterns on request', async ({ skip }) => {
    skip(absent, reason);
    const [first] = await cases();
    if (first === undefined) return;
    const answer = await activations(...model, '--input', first.input, '--sites', 'hook_pattern');
    const patterns = Object.keys(first.activations).filter((name) => name.endsWith('hook_pattern'));
    expect(Object.keys(answer.sites)).toEqual(patterns);
    for (const name of patterns) {
      expect(shapeOf(answer.sites[name])).toEqual(shapeOf(first.activations[name]));
      expect(furthest(flat(answer.sites[name]), flat(first.activations[name])), name).toBeLessThan(1e-4);
    }
  });
});

describe('activations', () => {
  const [addition] = shipped;
  const call = ['--model', addition?.directory ?? '', '--task', 'addition', '--input', '615+861=1476'];
  const firstCase = async (): Promise<ReferenceCase | undefined> => (await addition?.cases())?.[0];

  it('gives the sites asked for alone, under their full names', async () => {
    const first = await firstCase();
    const answer = await activations(...call, '--sites', 'x0.post,a0.1');
    const names = ['blocks.0.hook_resid_post', 'blocks.0.attn.hook_result.1'];
    expect(Object.keys(answer.sites)).toEqual(names);
    for (const name of names) {
      expect(furthest(flat(answer.sites[name]), flat(first?.activations[name])), name).toBeLessThan(1e-4);
    }
  });

  it('gives raw activations and logits when asked for unprocessed weights', async () => {
    const first = await firstCase();
    const answer = await activations(...call, '--sites', 'x0.pre', '--processing', 'none');
    expect(furthest(flat(answer.logits), flat(first?.logits))).toBeLessThan(1e-4);
    const raw = flat(answer.sites['blocks.0.hook_resid_pre']);
    const known = flat(first?.activations['blocks.0.hook_resid_pre']);
    expect(furthest(raw, known)).toBeGreaterThan(1e-2);
    const rows = Array.from({ length: 14 }, (_, row) => raw.slice(row * 32, (row + 1) * 32));
    expect(furthest(flat(centredRows(rows)), known)).toBeLessThan(1e-4);
  });

  it.each([
    ['an unknown site', ['--sites', 'x0.pst'], 'Did you mean "x0.post"?'],
    ['a checkpoint of another task', ['--task', 'counting', '--input', 'abbc|b:2'], 'needs 40 tokens'],
    ['a directory that is none', ['--model', 'no/such/directory'], 'no/such/directory'],
  ])('refuses %s with one line and exit code 2', async (_, change, message) => {
    const { code, stdout, stderr } = await inversionview('activations', ...call, ...change, '--json');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trimEnd()).toMatch(/^[^\n]+$/);
  });
});
