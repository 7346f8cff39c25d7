/**
 * Used versus contained and controls, over the wire: the same figures as the command line's, of a reading through a decoder,
 * of a search and of exact sets; what is refused, and who goes away.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer } from '../../src/cli/read.js';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { openExactPreimages } from '../../src/inversion/enumerate/exact.js';
import { type Controls, type Used } from '../../src/inversion/reading-parts.js';
import { exactControls } from '../../src/interpret/exact-controls.js';
import { createPrior } from '../../src/interpret/prior.js';
import { activationsOf } from '../../src/interpret/queries.js';
import { usedExactly } from '../../src/interpret/used-exact.js';
import { openTask } from '../../src/jobs/open-task.js';
import { heldTask, resolvePosition } from '../../src/tasks/index.js';
import {
  type ControlsAnswer,
  type ControlsRequest,
  type ExactControlsAnswer,
  type ExactControlsRequest,
  controlsEventSchemas,
  exactControlsEventSchemas,
} from '../../src/workbench/verbs/controls.js';
import {
  type ExactUsedRequest,
  type UsedAnswer,
  type UsedEvent,
  type UsedRequest,
  usedEventSchemas,
} from '../../src/workbench/verbs/used.js';
import { type TestServer, ask, gathered, json, problemIn, smallCase, startTestServer } from './start.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.dispose());

const input = 'When Mary and John went to the house, John gave a letter to';
const question = { case: 'ioi', input, site: 'x2.post', position: 'END', seed: 2 } as const;

function usedIn(events: readonly UsedEvent[]): UsedAnswer {
  for (const { event, data } of events) expect(usedEventSchemas[event].parse(data)).toEqual(data);
  const last = events.at(-1);
  if (last?.event !== 'used') throw new Error(`the last event is ${JSON.stringify(last)}`);
  return last.data;
}
const usedOf = async (request: UsedRequest): Promise<UsedAnswer> =>
  usedIn(await gathered(server.client.used(request)));
const exactUsedOf = async (request: ExactUsedRequest): Promise<UsedAnswer> =>
  usedIn(await gathered(server.client.exactUsed(request)));

async function controlsOf(request: ControlsRequest): Promise<ControlsAnswer> {
  const events = await gathered(server.client.controls(request));
  for (const { event, data } of events) expect(controlsEventSchemas[event].parse(data)).toEqual(data);
  const last = events.at(-1);
  if (last?.event !== 'controls') throw new Error(`the last event is ${JSON.stringify(last)}`);
  return last.data;
}
async function exactControlsOf(request: ExactControlsRequest): Promise<ExactControlsAnswer> {
  const events = await gathered(server.client.exactControls(request));
  for (const { event, data } of events) expect(exactControlsEventSchemas[event].parse(data)).toEqual(data);
  const last = events.at(-1);
  if (last?.event !== 'controls') throw new Error(`the last event is ${JSON.stringify(last)}`);
  return last.data;
}

/** Holds figures to others: counts just so, sums of floats, which come in another order, nearly. */
function expectNear(own: unknown, other: unknown, path = ''): void {
  if (typeof own === 'number' && typeof other === 'number' && !Number.isInteger(other)) {
    expect(own, path).toBeCloseTo(other, 3);
  } else if (typeof own === 'object' && own !== null && typeof other === 'object' && other !== null) {
    expect(Object.keys(own), path).toEqual(Object.keys(other));
    for (const [key, value] of Object.entries(own))
      expectNear(value, (other as Record<string, unknown>)[key], `${path}.${key}`);
  } else {
    expect(own, path).toEqual(other);
  }
}

/** What `inversionview read --patch --controls` gives. */
async function commanded(more: object): Promise<{ used: Used; controls: Controls }> {
  const { used, controls } = await answer({
    task: 'ioi',
    input,
    site: 'x2.post',
    position: 'END',
    seed: 2,
    shown: 1,
    readout: false,
    patch: true,
    controls: true,
    ...more,
  } as Parameters<typeof answer>[0]);
  if (used === undefined || controls === undefined) throw new Error('the command measured nothing');
  return { used, controls };
}

describe('of a reading', () => {
  it('are what the command line gives, through a decoder', async () => {
    const expected = await commanded({ candidates: 256 });
    const events = await gathered(server.client.used({ ...question, candidates: 256 }));
    const { used, ...record } = usedIn(events);
    expectNear(used, expected.used);
    expect(used.inputs).toBe('drawn');
    expect(record).toMatchObject({ task: 'ioi', place: 'END', site: 'blocks.2.hook_resid_post', seed: 2 });
    const done = (what: string): number[] =>
      events.flatMap(({ event, data }) => (event === 'progress' && data.what === what ? [data.done] : []));
    expect(done('candidates judged').at(-1)).toBe(256);
    const { both, distanceOnly, effectOnly, neither } = used.parts;
    expect(done('activations patched in').at(-1)).toBe(both + distanceOnly + effectOnly + neither);
    const { controls } = await controlsOf({ ...question, candidates: 256 });
    expectNear(controls, expected.controls);
    expect(controls.activations.map(({ draws }) => draws)).toEqual([256, 256, 256]);
  });

  it('are what the command line gives, of a search', async () => {
    const expected = await commanded({ candidates: 48, epsilon: 0.3, search: true });
    const searched = { ...question, case: 'ioi~~search', candidates: 48, epsilon: 0.3 };
    const { used } = await usedOf(searched);
    expectNear(used, expected.used);
    expect(used).toMatchObject({ inputs: 'searched', bits: { distance: null, effect: null } });
    const { controls } = await controlsOf(searched);
    expectNear(controls, expected.controls);
    expect(controls).toMatchObject({ searched: true });
  }, 900_000);

  it('let the threshold be chosen: all inputs are inside by effect where any effect counts as none', async () => {
    const { used } = await usedOf({ ...question, candidates: 64, maxKl: 1e6 });
    expect(used).toMatchObject({ maxKl: 1e6, parts: { distanceOnly: 0, neither: 0 } });
    expect(used.bits.effect).toBeCloseTo(0, 1);
  });

  it('can be asked of a study of strings', async () => {
    const strings = {
      case: smallCase('counting'),
      input: 'vvzccvczvvvzvcvc|v:8',
      site: 'x1.post',
      position: ':',
      candidates: 64,
    };
    const { used } = await usedOf(strings);
    expect(used.answer).toMatchObject([{ token: '8' }]);
    expect(used.logitDifference).toBeNull();
    expect((await controlsOf(strings)).controls.activations).toHaveLength(3);
  });
});

describe('of an exact set', () => {
  const asked = { ...question, vary: ['place', 'S'], atPlace: true, epsilon: 0.4 };

  it('are what is counted over all inputs', async () => {
    const opened = await openTask({ task: 'ioi' });
    const model = await opened.model();
    const ids = opened.task.encode(input);
    const held = heldTask(opened.task, ids, asked.vary);
    const runtime = nodeRuntime();
    const exact = await openExactPreimages(runtime, model, held, 'x2.post');
    const position = resolvePosition(held, ids, 'END');
    const [z = new Float32Array(0)] = await activationsOf(runtime, model, held, exact.site, [
      { ids, position },
    ]);
    const view = { epsilon: 0.4, metric: 'euclidean', onlyAt: 'END', seed: 2 } as const;
    const set = await exact.find(z, view);
    const used = await usedExactly(runtime, model, createPrior(held), exact, set, {
      ids,
      position,
      ...view,
      maxKl: 0.1,
    });
    const controls = await exactControls(runtime, model, held, exact, { ids, z }, view);
    await exact.dispose();

    const own = await exactUsedOf({ ...asked, maxKl: 0.1 });
    expectNear(own.used, used);
    expect(own).toMatchObject({ epsilon: 0.4, epsilonFrom: 'given', decoder: null });
    expect(Object.values(own.used.parts).reduce((sum, part) => sum + part, 0)).toBe(set.total);
    const counted = await exactControlsOf(asked);
    expect(counted).toMatchObject({ size: set.size, total: set.total });
    expectNear(counted.controls, controls);
    expect(counted.controls.map(({ sizes }) => sizes.length)).toEqual([1, 8]);
  });
});

describe('what is refused', () => {
  it.each([
    ['used', { position: 'nowhere' }, /nowhere/],
    ['used', { site: 'a9.9' }, /a9\.9/],
    ['used', { input: 'Robert went home' }, /has no token for a part of/],
    ['used', { input: `${input} Mary`, position: -1 }, /after the answer .* has been predicted/],
    ['used', { maxKl: -1 }, /maxKl/],
    ['used', { maximum: 1 }, /maximum/],
    ['used', { case: 'ioi~models/nothing' }, /There is no model/],
    ['controls', { site: 'a9.9' }, /a9\.9/],
    ['controls', { maxKl: 1 }, /maxKl/],
    ['exact-set/used', { vary: ['town'] }, /Nothing in this text is named "town"/],
    ['exact-set/used', { position: 1, atPlace: true }, /has no name by which other inputs have it/],
    ['exact-set/used', { input: `${input} Mary`, position: -1 }, /after the answer .* has been predicted/],
    ['exact-set/controls', { vary: [] }, /vary/],
    [
      'exact-set/controls',
      { case: 'counting', input: 'vvzccvczvvvzvcvc|v:8', site: 'x0.post', position: ':' },
      /The inputs of counting cannot all be enumerated/,
    ],
    [
      'exact-set/used',
      { case: 'addition', input: '535+861=1396', site: 'x0.post', position: '=', vary: ['F1'] },
      /needs a task that says which parts/,
    ],
  ])('%s with %j', async (verb, changes, message) => {
    const body = JSON.stringify({ ...question, ...changes });
    const refused = await ask(server, 'POST', `/api/${verb}`, json, body);
    expect(refused.status).toBe(400);
    expect(problemIn(refused).message).toMatch(message);
  });
});

describe('who goes away', () => {
  it.each([
    ['used', 'activations patched in'],
    ['controls', 'activations asked about'],
    ['exactUsed', 'activations patched in'],
    ['exactControls', 'activations asked about'],
  ] as const)('stops %s at its first "%s", and lets the next one in', async (verb, what) => {
    const stop = new AbortController();
    const exact = verb.startsWith('exact');
    const ask = server.client[verb] as (
      request: object,
      signal: AbortSignal,
    ) => AsyncIterable<{ event: string; data: { what?: string } }>;
    const seen: string[] = [];
    await expect(async () => {
      for await (const { event, data } of ask(
        { ...question, ...(exact ? { vary: ['place', 'object'] } : { candidates: 64 }) },
        stop.signal,
      )) {
        seen.push(event);
        if (event === 'progress' && data.what === what) stop.abort();
      }
    }).rejects.toMatchObject({ name: 'AbortError' });
    expect(seen).not.toContain(verb.toLowerCase().replace('exact', ''));
    await expect.poll(async () => (await server.client.status()).working).toBe(0);
    expect((await server.client.inspect({ case: 'ioi', input })).ok).toBe(true);
  });
});
