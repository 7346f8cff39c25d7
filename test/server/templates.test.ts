/**
 * Template tasks in the workbench: chosen with a language model, searched, looked at as exact sets, patched with typed
 * prompts. The model has random weights.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { createReader } from '../../src/inversion/preimage.js';
import { openTask } from '../../src/jobs/open-task.js';
import { type HookedModel } from '../../src/models/hooked-model.js';
import { heldTask, resolvePosition, type Task } from '../../src/tasks/index.js';
import { caseListSchema } from '../../src/workbench/verbs/cases.js';
import { type ExactSetAnswer, type ExactSetRequest } from '../../src/workbench/verbs/exact.js';
import { type ReadRequest } from '../../src/workbench/verbs/read.js';
import { writeSentenceModel } from '../fixtures/sentence-model.js';
import { distancesTo } from '../fixtures/template-models.js';
import { type TestServer, ask, gathered, json, problemIn, startTestServer } from './start.js';

const input = 'When Robert and James went to the house, Robert gave a letter to';
const id = 'ioi~models/sentences';
const mine = `name: pets
about: Who has which animal.
patterns: ['{A} has a {animal} and {B} sees']
slots: { A: [Mary, John, Anna], B: { same-as: A }, animal: [cat, dog] }
constraints: ['A != B']
contrast: { redraw: [A] }
places: { A: first A, END: last }
`;

let server: TestServer;
let folder: string;
let task: Task;
let model: HookedModel;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inversionview-templates-'));
  mkdirSync(join(folder, 'tasks'));
  writeFileSync(join(folder, 'tasks/pets.yaml'), mine);
  await writeSentenceModel(join(folder, 'models/sentences'), 'ioi');
  server = await startTestServer({
    models: join(folder, 'models'),
    templates: [join(folder, 'tasks/pets.yaml')],
  });
  const opened = await openTask({ task: 'ioi', model: join(folder, 'models/sentences') });
  ({ task } = opened);
  model = await opened.model();
}, 60_000);
afterAll(async () => {
  await server.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const asked: ReadRequest = { case: id, input, site: 'a1.4', position: 'S2', candidates: 96, epsilon: 0.4 };

describe('a case of a template and a language model', () => {
  it('is offered beside the studies, the file of one’s own too', async () => {
    const list = caseListSchema.parse(await server.client.cases());
    expect(list.templates.map((one) => one.task)).toEqual([
      'docstrings',
      'facts',
      'greater-than',
      'ioi',
      'pronouns',
      'pets',
    ]);
    expect(list.templates.at(-1)).toMatchObject({ about: 'Who has which animal.', shipped: false });
    expect(JSON.stringify(list)).not.toContain(folder);
  });

  it('has every site of the model and the words of its texts, not the whole vocabulary', async () => {
    const own = await server.client.case(id);
    expect(own).toMatchObject({
      task: 'ioi',
      unavailable: null,
      searches: true,
      layers: 3,
      heads: 9,
      decoder: null,
      tokens: model.architecture.vocabulary,
      model: { name: 'models/sentences', heldOut: false },
      trainings: { model: [], decoder: [] },
    });
    expect([...own.slots].sort()).toEqual(['A', 'B', 'S', 'object', 'place']);
    expect(own.sites.map(({ site }) => site)).toEqual(task.sites);
    expect(own.sites.filter(({ kind }) => kind === 'head')).toHaveLength(27);
    expect(own.vocabulary).toContain(' Robert'.replace(' ', '␣'));
    expect(own.vocabulary.length).toBeLessThan(own.tokens);
    for (const text of own.examples) expect(task.check(task.encode(text))).toBeNull();
  });

  it('of a file of one’s own has its slots, and is read anew when the file changes', async () => {
    const own = await server.client.case('pets~models/sentences');
    expect(own).toMatchObject({ about: 'Who has which animal.', slots: ['A', 'B', 'animal'] });
    writeFileSync(
      join(folder, 'tasks/pets.yaml'),
      mine.replace('Who has which animal.', 'Of animals and people.'),
    );
    expect(await server.client.case('pets~models/sentences')).toMatchObject({
      about: 'Of animals and people.',
    });
    writeFileSync(join(folder, 'tasks/pets.yaml'), mine);
  });

  it.each([
    ['pronouns', /No model is shipped for pronouns: give one/],
    ['ioi~models/sentenecs', /There is no model "models\/sentenecs". Did you mean "models\/sentences"\?/],
    ['ioi~models/none.gguf', /There is no model "models\/none.gguf"/],
    ['ioi~models/../secret.gguf', /There is no model|leads out of its folder/],
    ['ioi~nobody/nothing', /offline|not in the cache|HF_HUB_OFFLINE/],
    ['ioi~models/sentences~~nonsense token', /nonsense token/],
    ['ioi~models/sentences~models/decoder', /There is no decoder "models\/decoder"/],
    ['io~models/sentences', /Unknown task "io"/],
    ['ioi~a~b~c~d', /not of the form/],
  ])('%s says what is wrong', async (wrong, message) => {
    const answer = await ask(server, 'GET', `/api/cases/${encodeURIComponent(wrong)}`);
    expect(answer.status).toBe(400);
    expect(problemIn(answer)).toMatchObject({ code: 'input', message: expect.stringMatching(message) });
    expect(problemIn(answer).message).not.toContain(folder);
  });

  it('takes a token before texts, which is another question to the model', async () => {
    const other = await server.client.case(`${id}~~!`);
    expect(other.bos).toBe('!');
    const [own, changed] = await Promise.all(
      [id, `${id}~~!`].map((one) => server.client.inspect({ case: one, input })),
    );
    if (!own?.ok || !changed?.ok) throw new Error('not inspected');
    expect(own.tokens.at(3)?.next).not.toEqual(changed.tokens.at(3)?.next);
    expect(own.tokens.map(({ place }) => place)).toEqual(
      expect.arrayContaining(['S1', 'S1+1', 'IO', 'S2', 'END']),
    );
  });
});

describe('reading without a decoder', () => {
  it('is a search: the same samples and distances as the library’s, without colours', async () => {
    const events = await gathered(server.client.read(asked));
    const query = events.find(({ event }) => event === 'query')?.data;
    expect(query).toMatchObject({ searched: true, epsilon: 0.1 });
    expect(events.map(({ event }) => event)).not.toContain('deltas');
    const samples = events.flatMap(({ event, data }) => (event === 'candidates' ? data.samples : []));
    const reader = createReader(nodeRuntime(), model, null, task);
    const { candidates } = await reader.read({
      ids: task.encode(input),
      site: 'a1.4',
      position: resolvePosition(task, task.encode(input), 'S2'),
      seed: 1,
      rounds: [{ temperature: 1, noise: 0, candidates: 96 }],
      epsilon: 0.4,
    });
    await reader.dispose();
    expect(samples.map(({ text }) => text)).toEqual(candidates.map(({ ids }) => task.decode(ids)));
    for (const [at, { euclidean }] of samples.entries())
      expect(euclidean?.distance).toBeCloseTo(candidates[at]?.verdicts.euclidean.distance ?? NaN, 5);
    expect(events.at(-1)).toMatchObject({
      event: 'done',
      data: { candidates: candidates.length, invalid: 0 },
    });
  });

  it('tells what the samples on screen share, and gives no bits', async () => {
    const samples = (await gathered(server.client.read(asked))).flatMap(({ event, data }) =>
      event === 'candidates' ? data.samples : [],
    );
    const { candidates: _, ...question } = asked;
    const told = (await gathered(server.client.interpret({ ...question, epsilon: 0.4 }))).at(-1);
    if (told?.event !== 'told') throw new Error('not told');
    const inside = samples.filter(({ euclidean }) => (euclidean?.distance ?? 1) <= 0.4);
    expect(told.data.found).toEqual({ judged: samples.length, inside: inside.length });
    expect(told.data.record).toMatchObject({
      estimate: null,
      exact: null,
      readout: { searched: true, bits: null },
    });
    const share = told.data.record.features.find(({ feature }) => feature === 'place')?.consistency ?? NaN;
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThanOrEqual(1 + 1e-9);
    // Another ε is another view of the same finds.
    const wider = (await gathered(server.client.interpret({ ...question, epsilon: 5 }))).at(-1);
    expect(wider).toMatchObject({ data: { found: { judged: samples.length, inside: samples.length } } });
  });

  it.each([
    ['overview', {}, /A map of all sites needs a decoder, and ioi~models\/sentences has none/],
    ['bits', {}, /needs a decoder/],
    ['completeness', { site: 'a1.4', position: 'S2' }, /cannot all be enumerated/],
    ['interpret', { site: 'a1.4', position: 'S2', exact: true }, /cannot all be enumerated/],
  ])('%s says what is missing', async (verb, more, message) => {
    const answer = await ask(
      server,
      'POST',
      `/api/${verb}`,
      json,
      JSON.stringify({ case: id, input, ...more }),
    );
    expect(answer.status).toBe(400);
    expect(problemIn(answer).message).toMatch(message);
  });

  it('can be asked of a study too, beside its decoder', async () => {
    expect(await server.client.case('addition~~search')).toMatchObject({ searches: true, unavailable: null });
    const events = await gathered(
      server.client.read({
        case: 'addition~~search',
        input: '535+861=1396',
        site: 'a0.0',
        position: '=',
        candidates: 64,
      }),
    );
    expect(events.at(-1)).toMatchObject({ event: 'done' });
  });
});

describe('exact conditional sets', () => {
  const request: ExactSetRequest = {
    case: id,
    input,
    site: 'a1.4',
    position: 'S2',
    vary: ['place', 'S'],
    atPlace: true,
  };
  const setOf = async (changes: Partial<ExactSetRequest>): Promise<ExactSetAnswer> => {
    const last = (await gathered(server.client.exactSet({ ...request, ...changes }))).at(-1);
    if (last?.event !== 'set') throw new Error(JSON.stringify(last));
    return last.data;
  };

  it('are planned before anything is run', async () => {
    const usual = await server.client.exactPlan({ case: id, input, site: 'a1.4' });
    expect(usual.parts.filter(({ varies }) => varies).map(({ name }) => name)).toEqual(['A', 'B', 'S']);
    expect(usual.parts.find(({ name }) => name === 'place')?.tokens).toContain('house');
    const held = heldTask(task, task.encode(input));
    expect(usual).toMatchObject({ size: held.data?.size, problem: null });
    const many = await server.client.exactPlan({
      case: id,
      input,
      site: 'a1.4',
      vary: ['A', 'B', 'S', 'place', 'object'],
    });
    expect(many).toMatchObject({ seconds: null, problem: expect.stringMatching(/at most are gone through/) });
    expect(many.size).toBeGreaterThan(1_000_000);
  });

  it('hold just the inputs that brute force has within ε of the query at its place', async () => {
    const ids = task.encode(input);
    const held = heldTask(task, ids, request.vary);
    const all = Array.from({ length: held.data?.size ?? 0 }, (_, at) => held.data?.instance(at) ?? []);
    const reader = createReader(nodeRuntime(), model, null, task);
    const { z } = await reader.runQuery({
      ids,
      site: 'a1.4',
      position: resolvePosition(task, ids, 'S2'),
      seed: 1,
    });
    await reader.dispose();
    const distances = await distancesTo(model, task, 'blocks.1.attn.hook_result.4', z, all, (own) => [
      resolvePosition(task, own, 'S2'),
    ]);
    const sorted = [...distances].sort((a, b) => a - b);
    const epsilon = ((sorted[9] ?? 0) + (sorted[10] ?? 0)) / 2;
    const { record, features, figure } = await setOf({ epsilon, members: 50 });
    const inside = all.flatMap((own, at) => ((distances[at] ?? 1) <= epsilon ? [task.decode(own)] : []));
    expect(record).toMatchObject({ size: inside.length, total: all.length, at: 'S2' });
    expect(record.bits).toBeCloseTo(Math.log2(all.length / inside.length), 9);
    expect(record.samples.map(({ text }) => text).sort()).toEqual([...inside].sort());
    expect(record.conditional).toEqual({
      varying: ['place', 'S'],
      held: expect.arrayContaining(['pattern', 'A', 'B', 'object']),
    });
    for (const { epsilon: at, size } of record.curve.points)
      expect(size).toBe(distances.filter((distance) => distance <= at).length);
    expect(record.readout.sentence).not.toBe('');
    expect(features.map(({ feature }) => feature)).toContain('place');
    expect(figure.light).toContain('<svg');
  });

  it('are not mixed up with those of other parts or another input of the same site', async () => {
    const [place, object] = [
      await setOf({ vary: ['place'], epsilon: 0 }),
      await setOf({ vary: ['object'], epsilon: 0 }),
    ];
    // The place stands before the second name, the object after it.
    expect(place.record).toMatchObject({ size: 1, total: 20 });
    expect(object.record).toMatchObject({ size: 20, total: 20, bits: 0 });
    const other = await setOf({ vary: ['place'], input: input.replaceAll('Robert', 'Paul'), epsilon: 0 });
    expect(other.record.input).toContain('Paul');
    expect(other.record.samples).toEqual([]);
  });

  it.each([
    [{ vary: ['town'] }, /Nothing in this text is named "town"/],
    [{ input: 'Robert went home', position: 1, atPlace: false }, /is no text of ioi/],
    [{ position: 1 }, /has no name by which other inputs have it/],
    [{ site: 'a9.9' }, /a9\.9/],
    [{ vary: [] }, /vary/],
    [
      { case: 'addition', input: '535+861=1396', site: 'a0.0', position: '=' },
      /needs a task that says which parts/,
    ],
  ])('refuse %j', async (changes, message) => {
    const answer = await ask(
      server,
      'POST',
      '/api/exact-set',
      json,
      JSON.stringify({ ...request, ...changes }),
    );
    expect(answer.status).toBe(400);
    expect(problemIn(answer).message).toMatch(message);
  });

  it('stop when the page goes away, and let the next one in', async () => {
    const stop = new AbortController();
    await expect(async () => {
      for await (const { event } of server.client.exactSet(
        { ...request, vary: ['A', 'B', 'S'], site: 'x2.post' },
        stop.signal,
      ))
        if (event === 'progress') stop.abort();
    }).rejects.toMatchObject({ name: 'AbortError' });
    expect((await setOf({ vary: ['place'], epsilon: 0 })).record.total).toBe(20);
  });
});

describe('patching with typed prompts', () => {
  const contrast = 'When James and Robert went to the house, James gave a letter to';
  it('says to type a contrast, and describes one that was typed', async () => {
    const none = await server.client.contrast({ case: id, input });
    expect(none).toMatchObject({ found: null, problem: expect.stringMatching(/Type a contrast input/) });
    const typed = await server.client.contrast({ case: id, input, contrast });
    expect(typed.problem).toBeNull();
    expect(typed.found?.answer).toMatchObject({ clean: '␣James', contrast: '␣Robert' });
    expect(typed.found?.drawn).toBe(false);
  });

  it('sweeps heads and streams over positions, every head of the model', async () => {
    const heads = Array.from({ length: 9 }, (_, head) => `a1.${head}`);
    const events = await gathered(
      server.client.sweep({
        case: id,
        input,
        contrast,
        sites: [...heads, 'x1.post'],
        positions: ['S2', 'END'],
      }),
    );
    expect(events.filter(({ event }) => event === 'cell')).toHaveLength(20);
    const done = events.at(-1);
    if (done?.event !== 'done') throw new Error('not done');
    // Behind the last layer everything of the last position has been exchanged.
    const end = await gathered(
      server.client.sweep({ case: id, input, contrast, sites: ['x2.post'], positions: ['END'] }),
    );
    const cell = end.find(({ event }) => event === 'cell');
    expect(cell?.event === 'cell' ? cell.data.share : NaN).toBeCloseTo(1, 3);
  });

  it('says what it makes of a contrast that is no text', async () => {
    const odd = await server.client.contrast({ case: id, input, contrast: 'Robert' });
    expect(odd.found).toBeNull();
    expect(odd.problem).not.toBeNull();
  });
});
