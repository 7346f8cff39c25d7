/**
 * The causal side of the server: contrasts, sweeps, chosen sites, named experiments, attribution; and what it refuses.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metrics, patch, specifiedCases, sweptSites } from '../../src/causal/index.js';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { modelFor } from '../../src/jobs/shipped.js';
import { limits } from '../../src/workbench/limits.js';
import { type SweptRecord } from '../../src/workbench/patching-records.js';
import { attributionEventSchemas } from '../../src/workbench/verbs/attribution.js';
import { type ContrastRequest, contrastSchema } from '../../src/workbench/verbs/contrast.js';
import { experimentEventSchemas } from '../../src/workbench/verbs/experiments.js';
import { patchEventSchemas } from '../../src/workbench/verbs/patch.js';
import { type SweepCell, type SweepEvent, sweepEventSchemas } from '../../src/workbench/verbs/sweep.js';
import { addition } from '../../src/studies/index.js';
import { type TestServer, ask, gathered, json, problemIn, smallCase, startTestServer } from './start.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.dispose());

const input = '615+861=1476';
const base = { case: 'addition', input };
const redrawn: ContrastRequest = {
  ...base,
  changes: [
    { at: 'F1', token: null },
    { at: 'S1', token: null },
  ],
};
const given: ContrastRequest = { ...base, changes: [{ at: 'F1', token: '2' }] };

const eventOf = <E extends { event: string; data: unknown }, N extends E['event']>(
  events: readonly E[],
  name: N,
) => {
  const found = events.find((event): event is Extract<E, { event: N }> => event.event === name);
  if (found === undefined) throw new Error(`no event ${name}`);
  return found.data as Extract<E, { event: N }>['data'];
};
/** The last that was told of each cell. */
const cellsOf = (events: readonly SweepEvent[]): Map<string, SweepCell> =>
  new Map(
    events.flatMap(({ event, data }) => (event === 'cell' ? [[`${data.site} ${data.position}`, data]] : [])),
  );
const refused = async (path: string, body: unknown): Promise<string> => {
  const answer = await ask(server, 'POST', `/api/${path}`, json, JSON.stringify(body));
  expect(answer.status).toBe(400);
  return problemIn(answer).message;
};

describe('POST /api/contrast', () => {
  it('redraws marked tokens, writes the answer anew, and says what follows', async () => {
    const one = await server.client.contrast({ ...redrawn, seed: 1 });
    expect(contrastSchema.parse(one)).toEqual(one);
    const { found } = one;
    expect(one.problem).toBeNull();
    const [, a = '', b = '', sum = ''] = /^(\d{3})\+(\d{3})=(\d+)$/.exec(found?.text ?? '') ?? [];
    expect([a.slice(1), b.slice(1)]).toEqual(['15', '61']);
    expect(Number(sum)).toBe(Number(a) + Number(b));
    expect(found?.tokens.map(({ change }) => change).slice(0, 9)).toEqual([
      null,
      'redrawn',
      null,
      null,
      null,
      'redrawn',
      null,
      null,
      null,
    ]);
    expect(found?.answer.clean).not.toBe(found?.answer.contrast);
    const texts = await Promise.all(
      [1, 2, 3, 4].map(async (seed) => (await server.client.contrast({ ...redrawn, seed })).found?.text),
    );
    expect(texts[0]).toBe(found?.text);
    expect(new Set(texts).size).toBeGreaterThan(1);
  });

  it('takes given tokens, and inputs typed whole', async () => {
    const { found } = await server.client.contrast(given);
    expect(found).toMatchObject({
      text: '215+861=1076',
      drawn: false,
      answer: { place: 'A2', readAt: 'A1', clean: '4', contrast: '0' },
    });
    const typed = await server.client.contrast({ ...base, contrast: '215+861=1076' });
    expect(typed.found?.answer).toEqual(found?.answer);
    expect(typed.found?.tokens.map(({ change }) => change)).toContain('typed');
  });

  it('says which tokens may be changed', async () => {
    const { tokens, answers } = await server.client.contrast(given);
    const may = new Map(tokens.map((token) => [token.place, token.may]));
    expect([may.get('F1'), may.get('+'), may.get('A1'), may.get('BOS')]).toEqual([
      'be redrawn',
      'be given',
      'stay',
      'stay',
    ]);
    expect(answers.map(({ place }) => place)).toEqual(['A1', 'A2', 'A3', 'A4', 'E']);
  });

  it('keeps counting to its letters, each of them 1 to 9 times', async () => {
    const text = 'vvzccvczvvvzvcvc|v:8';
    const { found } = await server.client.contrast({
      case: 'counting',
      input: text,
      changes: [{ at: 1, token: null }],
    });
    expect(found?.text).toMatch(/^[zc]vzccvczvvvzvcvc\|v:7$/);
    expect(found?.answer).toMatchObject({ place: 'count', readAt: ':', clean: '8', contrast: '7' });
    expect(found?.positions).toHaveLength(20);
  });

  it.each<[string, Partial<ContrastRequest>, RegExp]>([
    ['nothing changed', { changes: [] }, /^Nothing is changed yet: mark a token/],
    ['the answer itself', { changes: [{ at: 'A1', token: null }] }, /^A1 is not to be changed: it follows/],
    [
      'an unknown place',
      { changes: [{ at: 'F4', token: null }] },
      /^Unknown position "F4"\. Did you mean "F\d"\?/,
    ],
    [
      'a token that is none',
      { changes: [{ at: 'F1', token: 'x' }] },
      /^"x" is no token of addition\..*Tokens: 0 1/,
    ],
    [
      'a sign redrawn',
      { changes: [{ at: '+', token: null }] },
      /^There is nothing else to draw at \+: .*redraw F1, F2/,
    ],
    [
      'tokens that leave no sum',
      { changes: [{ at: '+', token: '5' }] },
      /^No answer follows from these tokens/,
    ],
    [
      'an answer that cannot change',
      { changes: [{ at: 'F3', token: null }], answer: 'A1' },
      /^Changing F3 .* leaves the answer at A1 as it is/,
    ],
    ['an answer that is none', { answer: 'F1' }, /^F1 is no answer .* predict one of A1, A2, A3, A4, E\.$/],
    ['the input itself', { changes: [], contrast: input }, /is the input itself/],
    [
      'a typed contrast with the same answer',
      { changes: [], contrast: '615+861=1476E'.slice(0, -1).replace('615+861', '616+860') },
      /^616\+860=1476 does not change the answer:/,
    ],
    ['a typed contrast of no tokens', { changes: [], contrast: '6x' }, /x/],
    [
      'a contrast that does not reach the answer',
      { changes: [], contrast: '615+861=99', answer: 'A4' },
      /does not align with .* no answer token for A4\.$/,
    ],
  ])('explains in place: %s', async (_, changes, message) => {
    const { problem, found } = await server.client.contrast({ ...given, ...changes });
    expect(problem).toMatch(message);
    expect(found).toBeNull();
  });

  it('lets a contrast with the same answer be measured by KL', async () => {
    const { problem, found } = await server.client.contrast({
      ...base,
      contrast: '616+860=1476',
      metric: 'kl',
    });
    expect(problem).toBeNull();
    expect(found?.notes).toContain('It has the same answer.');
  });
});

describe('POST /api/sweep', () => {
  it('tells every cell as it is run, and ends with the record that patching gives', async () => {
    const events = await gathered(server.client.sweep(given));
    for (const { event, data } of events) expect(sweepEventSchemas[event].parse(data)).toEqual(data);
    const plan = eventOf<SweepEvent, 'plan'>(events, 'plan');
    const { record } = eventOf<SweepEvent, 'done'>(events, 'done');
    const model = await modelFor(addition, undefined, 'transformerlens');
    expect(plan.sites.map(({ site }) => site)).toEqual(sweptSites(model));
    expect(plan.positions.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const cells = cellsOf(events);
    expect(cells.size).toBe(plan.sites.length * plan.positions.length);
    for (const { site, position, effect, changed } of cells.values()) {
      expect([record.effects[site]?.[position], record.changed[site]?.[position]]).toEqual([effect, changed]);
    }
    // F1 alone differs: before it nothing can change, at it the embedding carries all of the difference.
    const at = (short: string, place: string): SweepCell | undefined =>
      cells.get(
        `${plan.sites.findIndex((site) => site.short === short)} ${plan.positions.findIndex((one) => one.place === place)}`,
      );
    expect(at('x0.post', 'BOS')).toMatchObject({ changed: 0, effect: 0, share: 0 });
    expect(at('hook_pos_embed', 'F1')?.changed).toBe(0);
    expect(at('hook_embed', 'F1')?.changed).toBe(1);
    const cases = specifiedCases(addition, { inputs: [input], contrasts: ['215+861=1076'] });
    const { sets, clean, contrast } = await patch(nodeRuntime({ threads: 1 }), model, {
      cases,
      pad: addition.pad,
      metric: metrics['logit-difference'],
      targets: [{ site: 'x1.mid', label: '', positions: [9] }],
      sets: [[0]],
    });
    expect(at('x1.mid', 'A1')?.effect).toBeCloseTo(sets[0]?.effect.mean ?? NaN, 4);
    expect(record.clean).toBeCloseTo(clean.mean, 4);
    expect(record.contrast).toBeCloseTo(contrast.mean, 4);
  });

  it('averages over many contrasts, with standard errors; the same for the same seed', async () => {
    const request = {
      ...redrawn,
      case: smallCase('addition'),
      contrasts: 40,
      sites: ['a0.0', 'x1.mid'],
      positions: ['='],
      answer: 'A1',
    };
    const events = await gathered(server.client.sweep(request));
    const again = await gathered(server.client.sweep(request));
    const record = (all: readonly SweepEvent[]): SweptRecord =>
      eventOf<SweepEvent, 'done'>(all, 'done').record;
    expect(record(events)).toEqual(record(again));
    expect(record(events).n).toBe(40);
    expect(record(events).standardErrors[0]?.[0]).toBeGreaterThan(0);
  });

  it('works for counting, and for a case without a decoder', async () => {
    const request = { case: 'counting~models/counting-model~', input: 'abbc|b:2', contrast: 'bbbc|b:3' };
    expect((await server.client.case(request.case)).unavailable).not.toBeNull();
    const events = await gathered(server.client.sweep(request));
    const plan = eventOf<SweepEvent, 'plan'>(events, 'plan');
    expect(plan.positions.map(({ place, position }) => place ?? position)).toEqual([
      'BOS',
      1,
      2,
      3,
      4,
      '|',
      'query',
      ':',
    ]);
    expect(cellsOf(events).size).toBe(plan.sites.length * plan.positions.length);
  });

  it('draws a figure, raw or in shares', async () => {
    const { record } = eventOf<SweepEvent, 'done'>(
      await gathered(server.client.sweep({ ...given, sites: ['a0.0', 'x0.post'] })),
      'done',
    );
    const raw = await server.client.sweepFigure({ record });
    const shares = await server.client.sweepFigure({ record, normalized: true, scheme: 'dark' });
    expect(raw).toMatch(/^<svg .*x0\.post/s);
    expect(shares).toContain('shares of the way');
    expect(await refused('sweep/figure', { record: { ...record, effects: [[1]] } })).toMatch(/do not fit/);
    const flat = { ...record, contrast: record.clean };
    expect(await refused('sweep/figure', { record: flat, normalized: true })).toMatch(
      /nothing to take shares of/,
    );
  });

  it.each<[string, object, RegExp]>([
    ['an unknown site', { sites: ['a0.9'] }, /^Unknown site "a0\.9"\. Did you mean "a0\.\d"\?/],
    ['an unknown position', { positions: ['F5'] }, /^Unknown position "F5"\. Did you mean "F\d"\?/],
    [
      'a position behind the prediction',
      { positions: ['A4'] },
      /^A4 stands behind A1, where A2 is predicted/,
    ],
    ['a metric that is none', { metric: 'kll' }, /metric/],
    ['too many contrasts', { contrasts: limits.contrasts + 1 }, /contrasts/],
    ['many of a contrast that is one', { contrasts: 8 }, /is one and not drawn/],
    [
      'a contrast with the same answer',
      { changes: [], contrast: '616+860=1476' },
      /does not change the answer/,
    ],
    ['fields that are none', { site: 'a0.0' }, /site/],
    ['changes and a contrast', { contrast: '1' }, /not both/],
  ])('refuses %s', async (_, changes, message) => {
    expect(await refused('sweep', { ...given, ...changes })).toMatch(message);
  });

  it('stops when nobody reads any more', async () => {
    const controller = new AbortController();
    const request = { ...redrawn, contrasts: limits.contrasts };
    await expect(
      (async () => {
        for await (const { event } of server.client.sweep(request, controller.signal))
          if (event === 'cell') controller.abort();
      })(),
    ).rejects.toThrow();
    await expect.poll(async () => (await server.client.status()).working).toBe(0);
  });
});

describe('POST /api/patch', () => {
  it('patches each site and all of them together over many contrasts', async () => {
    const events = await gathered(
      server.client.patch({
        ...redrawn,
        sites: ['a0.0', 'x0.post'],
        position: '=',
        contrasts: 64,
        answer: 'A1',
      }),
    );
    for (const { event, data } of events) expect(patchEventSchemas[event].parse(data)).toEqual(data);
    const { sets, record, baselines, distinct } = eventOf(events, 'result');
    expect(sets.map(({ sites }) => sites)).toEqual([['a0.0'], ['x0.post'], ['a0.0', 'x0.post']]);
    expect([record.n, baselines.n]).toEqual([64, 64]);
    expect(distinct).toBeGreaterThan(10);
    for (const { standardError } of sets) expect(standardError).toBeGreaterThan(0);
    // All that layer 1 and the prediction at "=" get of the hundreds passes the residual stream there.
    expect(sets[1]?.share).toBeGreaterThan(0.8);
  });

  it.each<[string, object, RegExp]>([
    ['no sites', { sites: [] }, /sites/],
    ['an unknown site', { sites: ['b0'] }, /^Unknown site "b0"/],
    ['a position behind the prediction', { position: 'E' }, /^E stands behind/],
  ])('refuses %s', async (_, changes, message) => {
    expect(await refused('patch', { ...redrawn, sites: ['a0.0'], position: '=', ...changes })).toMatch(
      message,
    );
  });
});

describe('named experiments', () => {
  it('are listed by case', async () => {
    expect((await server.client.experiments('addition')).experiments).toHaveLength(12);
    expect((await server.client.experiments('counting')).experiments.map(({ name }) => name)).toEqual([
      'flip',
      'other-count',
    ]);
  });

  it('run in both orders, with progress and a figure in two schemes', async () => {
    const request = { case: smallCase('addition'), experiment: 'A1-from-F1S1', inputs: 100, seed: 3 };
    const events = await gathered(server.client.experiment(request));
    for (const { event, data } of events) expect(experimentEventSchemas[event].parse(data)).toEqual(data);
    const { records, figure } = eventOf(events, 'orders');
    expect(records.map(({ order, n, sets }) => [order, n, sets.length])).toEqual([
      ['forward', 100, 8],
      ['backward', 100, 8],
    ]);
    expect(figure.light).toContain('A1-from-F1S1');
    expect(figure.dark).not.toBe(figure.light);
    expect(events.filter(({ event }) => event === 'progress').length).toBeGreaterThan(1);
  });

  it('has the "+" check as numbers', async () => {
    const events = await gathered(
      server.client.experiment({ case: 'addition', experiment: 'plus', inputs: 20 }),
    );
    expect(eventOf(events, 'ablation').record.places.map(({ place }) => place)).toEqual([
      '=',
      'A1',
      'A2',
      'A3',
    ]);
  });

  it.each<[string, object, RegExp]>([
    [
      'an unknown experiment',
      { experiment: 'A1-from-F1S3' },
      /^Unknown experiment "A1-from-F1S3"\. Did you mean "A1-from-F/,
    ],
    ["another task's experiment", { experiment: 'flip' }, /is an experiment of counting/],
    ['too many inputs', { inputs: limits.experimentInputs + 1 }, /inputs/],
    ['an unknown case', { case: 'additon' }, /Did you mean "addition"/],
  ])('refuse %s', async (_, changes, message) => {
    expect(await refused('experiment', { case: 'addition', experiment: 'A1-from-F1S1', ...changes })).toMatch(
      message,
    );
  });
});

describe('POST /api/attribution', () => {
  it('has parts that sum to the logit, and a figure', async () => {
    const events = await gathered(server.client.attribution({ ...base, position: 'A1', against: '5' }));
    for (const { event, data } of events) expect(attributionEventSchemas[event].parse(data)).toEqual(data);
    const { record, figure } = eventOf(events, 'result');
    expect(record.sites.reduce((sum, { value }) => sum + value, record.rest)).toBeCloseTo(record.total, 4);
    expect(record.about).toBe('Logit of 4, less the logit of 5, as predicted at A1 of 615+861=1476');
    expect(record.sites[0]?.raised).toHaveLength(5);
    expect(figure.light).toContain('<svg');
  });

  it.each<[string, object, RegExp]>([
    ['an unknown position', { position: 'A7' }, /^Unknown position "A7"/],
    ['a token that is none', { answer: '12' }, /^"12" is no token of addition\./],
  ])('refuses %s', async (_, changes, message) => {
    expect(await refused('attribution', { ...base, position: '=', ...changes })).toMatch(message);
  });
});
