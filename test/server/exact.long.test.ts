/**
 * What rests on a pass over all 810,000 additions, over the wire: exact preimages and completeness, with their progress.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/workbench/limits.js';
import {
  type CompletenessRequest,
  type ScatterEvent,
  completenessEventSchemas,
} from '../../src/workbench/verbs/completeness.js';
import { type InterpretRequest, type Interpreted } from '../../src/workbench/verbs/interpret.js';
import { type TestServer, gathered, startTestServer } from './start.js';
import { interpretedIn } from './interpreted.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.dispose());

const query = { case: 'addition', input: '835+141=976', site: 'a0.0', position: '=', seed: 3 } as const;

const interpreted = async (changes: Partial<InterpretRequest> = {}): Promise<Interpreted> =>
  interpretedIn(await gathered(server.client.interpret({ ...query, ...changes })));

describe('POST /api/interpret', () => {
  it('gives the exact preimage of a task that can be run whole: once with a pass, then at once', async () => {
    const first = await gathered(server.client.interpret({ ...query, exact: true, members: 30 }));
    const passed = first.flatMap(({ event, data }) =>
      event === 'progress' && data.what === 'inputs run at a0.0' ? [data.done] : [],
    );
    expect(passed.at(-1)).toBe(810_000);
    expect(passed).toEqual([...passed].sort((a, b) => a - b));
    const { record, members, total } = interpretedIn(first);
    const { exact, estimate } = record;
    expect(total).toBe(810_000);
    expect(exact?.bits).toBeCloseTo(Math.log2(810_000 / (exact?.size ?? 0)), 10);
    expect(estimate?.low).toBeLessThanOrEqual(exact?.bits ?? 0);
    expect(estimate?.high).toBeGreaterThanOrEqual(exact?.bits ?? 99);
    expect(record.features.every(({ baseline }) => baseline === 0)).toBe(true);
    expect(record.readout.bits).toBe(exact?.bits);
    expect(members).toHaveLength(30);
    for (const { distance } of members) expect(distance).toBeLessThanOrEqual(0.1);
    expect(members.map(({ distance }) => distance)).toEqual(
      members.map(({ distance }) => distance).sort((a, b) => a - b),
    );
    const second = await gathered(server.client.interpret({ ...query, exact: true, epsilon: 0.3 }));
    expect(second.filter(({ event }) => event === 'progress')).toEqual([]);
    expect(interpretedIn(second).record.exact?.size).toBeGreaterThan(exact?.size ?? Infinity);
    expect(readdirSync(join(server.folder, 'cache'))).toEqual([expect.stringMatching(/^activations-/)]);
  }, 120_000);

  it('stops when the page leaves, and the next is answered', async () => {
    const controller = new AbortController();
    const events = server.client.interpret({ ...query, site: 'x1.post', exact: true }, controller.signal);
    await expect(
      (async () => {
        for await (const { event, data } of events)
          if (event === 'progress' && data.what.startsWith('inputs run')) controller.abort();
      })(),
    ).rejects.toThrow(/abort/i);
    expect((await interpreted()).record.estimate).not.toBeNull();
    await expect.poll(async () => (await server.client.status()).working).toBe(0);
    expect(readdirSync(join(server.folder, 'cache'))).toHaveLength(1);
  });
});

describe('POST /api/completeness', () => {
  const asked: CompletenessRequest = { ...query, draws: 3, outside: 200 };
  const scatterIn = async (request: CompletenessRequest): Promise<ScatterEvent> => {
    const events = await gathered(server.client.completeness(request));
    for (const { event, data } of events) expect(completenessEventSchemas[event].parse(data)).toEqual(data);
    const last = events.at(-1);
    if (last?.event !== 'scatter') throw new Error(`the last event is ${JSON.stringify(last)}`);
    return last.data;
  };

  it('scores all inputs inside and some outside, and draws them', async () => {
    const { record, figure, unlikely } = await scatterIn(asked);
    const { completeness } = record;
    const size = (await interpreted({ exact: true })).record.exact?.size;
    expect(completeness).toMatchObject({ draws: 3, noise: 0.1, inside: size, outside: 200, total: 810_000 });
    expect(completeness.points).toHaveLength((size ?? 0) + 200);
    expect(completeness.points.filter(({ inside }) => inside)).toHaveLength(size ?? 0);
    expect(unlikely[0]?.logProbability).toBeCloseTo(completeness.least, 3);
    expect(figure.light).toContain(`of ${size?.toLocaleString('en')} inputs inside`);
    const strict = await scatterIn({ ...asked, floor: 0 });
    expect(strict.record.completeness.belowFloor).toBe(size);
  });

  it('lets readings through between its draws, and stops when the page leaves', async () => {
    const controller = new AbortController();
    const events = server.client.completeness({ ...asked, draws: limits.noiseDraws }, controller.signal);
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const { event, data } of events) {
          if (event !== 'progress' || data.what !== 'draws of noise') continue;
          seen.push(data.done);
          const reading = await gathered(server.client.read({ ...query, candidates: 64 }));
          expect(reading.at(-1)?.event).toBe('done');
          controller.abort();
        }
      })(),
    ).rejects.toThrow(/abort/i);
    expect(seen).toHaveLength(1);
    await expect.poll(async () => (await server.client.status()).working).toBe(0);
  });

  it('refuses a preimage that is too large, once that is known', async () => {
    const events = await gathered(server.client.completeness({ ...asked, epsilon: 3 }));
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { code: 'input' } });
    expect(JSON.stringify(events.at(-1))).toMatch(/810,000 inputs are inside.*choose a smaller ε/);
  });
});
