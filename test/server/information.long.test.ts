/**
 * What activations tell, over the wire: the same figures as the library's, for other ε and metrics without drawing
 * again; maps of bits with their progress; and what is refused. What rests on exact passes: exact.long.test.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { createInterpreter } from '../../src/interpret/interpreter.js';
import { activationsOf } from '../../src/interpret/queries.js';
import { decoderFor, modelFor } from '../../src/jobs/shipped.js';
import { ServerProblem } from '../../src/server/client.js';
import { limits } from '../../src/workbench/limits.js';
import { type BitsCell, type BitsMapRequest, bitsMapEventSchemas } from '../../src/workbench/verbs/bits.js';
import { type CompletenessRequest } from '../../src/workbench/verbs/completeness.js';
import { type InterpretRequest, type Interpreted } from '../../src/workbench/verbs/interpret.js';
import { addition } from '../../src/studies/index.js';
import { type TestServer, ask, gathered, json, problemIn, smallCase, startTestServer } from './start.js';
import { interpretedIn } from './interpreted.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.dispose());

const query = { case: 'addition', input: '835+141=976', site: 'a0.0', position: '=', seed: 3 } as const;
const site = 'blocks.0.attn.hook_result.0';

const interpreted = async (changes: Partial<InterpretRequest> = {}): Promise<Interpreted> =>
  interpretedIn(await gathered(server.client.interpret({ ...query, ...changes })));

/** Holds figures to others, to three digits behind the point. */
function expectNear(figures: object | null, expected: object | null | undefined): void {
  const other = new Map<string, unknown>(Object.entries(expected ?? {}));
  for (const [name, value] of Object.entries(figures ?? { missing: 1 })) {
    if (typeof value === 'number') expect(value, name).toBeCloseTo(Number(other.get(name)), 3);
    else expect(value, name).toEqual(other.get(name));
  }
}

/** The problem that a request is refused with. */
async function refused(events: AsyncIterable<unknown>): Promise<ServerProblem> {
  const error: unknown = await gathered(events).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ServerProblem)) throw new Error(`not refused: ${String(error)}`);
  return error;
}

describe('POST /api/interpret', () => {
  it('tells what the library tells, whatever ε and metric, and draws once', async () => {
    const model = await modelFor(addition, undefined, 'transformerlens');
    const decoder = await decoderFor(addition, undefined, model);
    const runtime = nodeRuntime();
    const interpreter = createInterpreter(runtime, model, decoder, addition);
    const ids = addition.encode(query.input);
    const [z = new Float32Array(0)] = await activationsOf(runtime, model, addition, site, [
      { ids, position: 8 },
    ]);
    for (const view of [{}, { epsilon: 0.3 }, { epsilon: 0.02, metric: 'cosine' }] as const) {
      const events = await gathered(server.client.interpret({ ...query, ...view }));
      const { record, draws } = interpretedIn(events);
      const expected = await interpreter.interpret({ ids, site, z, seed: 3, ...view });
      expect(record).toMatchObject({
        site,
        place: '=',
        epsilon: 0.1,
        metric: 'euclidean',
        ...view,
        exact: null,
      });
      // Sums of floats in another order: the thread has other settings.
      const { sentence, known, nothing } = expected.readout();
      expect(record.readout).toMatchObject({ sentence, known, nothing });
      expectNear(record.estimate, expected.estimate);
      expect(record.features).toHaveLength(expected.features.length);
      record.features.forEach((own, at) => expectNear(own, expected.features[at]));
      expect(draws).toMatchObject({ decoder: 2048, blind: 8192, distinct: expected.proposed?.found.length });
      // Told of draws the first time alone: later views look at the same ones.
      const progress = events.filter(({ event }) => event === 'progress');
      if ('epsilon' in view) expect(progress).toEqual([]);
      else
        expect(progress.at(-1)?.data).toEqual({ what: 'inputs drawn and judged', done: 10_240, all: 10_240 });
    }
    await interpreter.dispose();
  });

  it('measures the named features alone, of any case, and draws them where figures are wanted', async () => {
    const counting = { case: smallCase('counting'), input: 'vvzccvczvvvzvcvc|v:8', site: 'x1.post' } as const;
    const { record, figure, members, total } = await interpreted({
      ...counting,
      position: ':',
      features: ['length', 'count'],
      figures: true,
    });
    expect(record.features.map(({ feature }) => feature).sort()).toEqual(['count', 'length']);
    expect(record.features.find(({ feature }) => feature === 'count')?.value).toBe(8);
    expect(figure?.light).toMatch(/^<svg [^]*x1\.post[^]*<\/svg>\n$/);
    expect(figure?.dark).not.toBe(figure?.light);
    expect([members, total]).toEqual([[], null]);
  });

  it.each<[string, Partial<InterpretRequest>, RegExp]>([
    ['a site', { site: 'a0.9' }, /Unknown site "a0\.9"\. Did you mean "a0\.\d"/],
    ['a position', { position: 'A7' }, /A7/],
    ['a feature', { features: ['F11'] }, /Unknown feature "F11"\. Did you mean/],
    ['an input', { input: '12*3' }, /\*/],
    ['a case', { case: 'adition' }, /Did you mean/],
    [
      'all inputs of a task that has too many',
      {
        case: smallCase('counting'),
        input: 'vvzccvczvvvzvcvc|v:8',
        site: 'a0.0',
        position: ':',
        exact: true,
      },
      /The inputs of counting cannot all be enumerated/,
    ],
    ['a threshold below nothing', { epsilon: -1 }, /epsilon/],
    ['too many members', { members: limits.members + 1 }, /members/],
  ])('refuses %s that it does not know, and says what there is', async (_, changes, message) => {
    const { code, status, message: said } = await refused(server.client.interpret({ ...query, ...changes }));
    expect([code, status]).toEqual(['input', 400]);
    expect(said).toMatch(message);
  });

  it('refuses fields it does not know', async () => {
    const answer = await ask(server, 'POST', '/api/interpret', json, JSON.stringify({ ...query, sizes: 3 }));
    expect([answer.status, problemIn(answer).code]).toEqual([400, 'input']);
  });
});

describe('POST /api/bits', () => {
  const map: BitsMapRequest = {
    case: 'addition',
    input: query.input,
    sites: ['a0.0', 'x0.pre'],
    positions: [0, 8],
    candidates: 32,
  };
  const cells = async (request: BitsMapRequest): Promise<BitsCell[]> => {
    const events = await gathered(server.client.bits(request));
    for (const { event, data } of events) expect(bitsMapEventSchemas[event].parse(data)).toEqual(data);
    const begin = events.findIndex(({ event }) => event === 'plan');
    expect(events[begin]?.data).toMatchObject({ most: Math.log2(810_000) });
    expect(events.at(-1)).toMatchObject({ event: 'done', data: { cells: 4 } });
    return events.flatMap(({ event, data }) => (event === 'bits' ? [data] : []));
  };

  it('measures each site and position in few draws, near what many give', async () => {
    const found = await cells(map);
    expect(found.map((cell) => `${cell.site} ${cell.position}`)).toEqual([
      `${site} 0`,
      `${site} 8`,
      'blocks.0.hook_resid_pre 0',
      'blocks.0.hook_resid_pre 8',
    ]);
    // BOS tells nothing: all inputs have it.
    expect(found[0]).toMatchObject({ bits: 0, epsilon: 0.1, metric: 'euclidean', draws: 32 + 1024 });
    const many = (await interpreted()).record.estimate;
    expect(found[1]?.low).toBeLessThan(many?.bits ?? 0);
    expect(found[1]?.high).toBeGreaterThan(many?.bits ?? 99);
    expect(found[1]?.effectiveSamples).toBeGreaterThan(8);
  });

  it('looks at the same draws under another ε, and gives the interval where no number is given', async () => {
    const near = await cells(map);
    const far = await cells({ ...map, epsilon: 0.8 });
    far.forEach((cell, at) => expect(cell.found).toBeGreaterThanOrEqual(near[at]?.found ?? Infinity));
    const few = await cells({ ...map, case: smallCase('addition'), candidates: 8, epsilon: 0.001 });
    for (const { bits, low, effectiveSamples } of few) {
      expect(bits === null).toBe(effectiveSamples < 8);
      expect(low).toBeGreaterThanOrEqual(0);
    }
  });

  it.each<[string, object, RegExp]>([
    ['a site', { sites: ['b0'] }, /Unknown site/],
    ['a position', { positions: [99] }, /99/],
    ['more draws than it makes', { candidates: limits.overviewCandidates + 1 }, /candidates/],
    ['noise, which has no density', { noise: 0.1 }, /noise/],
  ])('refuses %s', async (_, changes, message) => {
    const { code, message: said } = await refused(server.client.bits({ ...map, ...changes }));
    expect(code).toBe('input');
    expect(said).toMatch(message);
  });
});

describe('POST /api/completeness', () => {
  const asked: CompletenessRequest = { ...query, draws: 3, outside: 200 };

  it.each<[string, Partial<CompletenessRequest>, RegExp]>([
    ['a site', { site: 'a9.0' }, /Unknown site/],
    [
      'a task that cannot be run whole',
      { case: smallCase('counting'), input: 'vvzccvczvvvzvcvc|v:8', site: 'a0.0', position: ':' },
      /cannot all be enumerated/,
    ],
    ['too many draws', { draws: limits.noiseDraws + 1 }, /draws/],
    ['too many inputs outside', { outside: limits.outside + 1 }, /outside/],
  ])('refuses %s', async (_, changes, message) => {
    const { code, message: said } = await refused(server.client.completeness({ ...asked, ...changes }));
    expect(code).toBe('input');
    expect(said).toMatch(message);
  });
});
