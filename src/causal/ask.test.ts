import { describe, expect, it } from 'vitest';
import { probedModel } from '../../test/fixtures/task-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { addition, counting, experimentNamed, plusCheck } from '../studies/index.js';
import { type Ask, ask, askAblation, sweptSites } from './ask.js';
import { parseSpecification } from './specification.js';

const runtime = nodeRuntime({ threads: 1 });
const model = await probedModel(addition);
const base = { inputs: 20, seed: 1 };
const given = (value: unknown): Ask['source'] => ({
  specification: parseSpecification(value, 'q.json'),
  name: 'q.json',
});
const two = { inputs: ['615+861=1476', '123+456=579'], contrasts: ['215+861=1076', '123+856=979'] };

describe('a named experiment', () => {
  const experiment = experimentNamed('A2-from-F2S2-A1not1', 'addition');

  it('is answered in both orders', async () => {
    const answer = await ask(runtime, model, addition, { ...base, source: { experiment }, contrasts: 3 });
    expect(answer).toMatchObject([{ order: 'forward' }, { order: 'backward' }]);
    expect(answer).toMatchObject([
      { experiment: experiment.name, n: 20, contrasts: 3, seed: 1, metric: 'logit-difference' },
      {},
    ]);
    const [forward, backward] = answer as Extract<typeof answer, readonly unknown[]>;
    expect(forward?.sets.map(({ added }) => added)).toEqual([
      'a0.0@A1',
      'a0.1@A1',
      'a0.2@A1',
      'a0.3@A1',
      'a1.0@A1',
      'a1.1@A1',
      'a1.2@A1',
      'a1.3@A1',
    ]);
    expect(backward?.sets.map(({ added }) => added)).toEqual(
      forward?.sets.map(({ added }) => added).toReversed(),
    );
    expect(forward?.sets[2]?.patched).toEqual(['a0.0@A1', 'a0.1@A1', 'a0.2@A1']);
    // It is data: nothing is lost on the way through JSON.
    expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
  });

  it('gives the same for the same seed, and other inputs for another', async () => {
    const question = { ...base, source: { experiment } };
    const first = await ask(runtime, model, addition, question);
    expect(await ask(runtime, model, addition, question)).toEqual(first);
    expect(await ask(runtime, model, addition, { ...question, seed: 2 })).not.toEqual(first);
  });

  it('may be asked of other sites, positions and metrics', async () => {
    const answer = await ask(runtime, model, addition, {
      ...base,
      source: { experiment },
      sites: ['x0.post', 'hook_embed'],
      positions: ['F2', 'A1'],
      metric: 'kl',
    });
    const added = ['x0.post@F2', 'x0.post@A1', 'hook_embed@F2', 'hook_embed@A1'].map((label) => ({
      added: label,
    }));
    expect(answer).toMatchObject([{ metric: 'kl', unit: 'nats', clean: 0, sets: added }, {}]);
  });

  it('refuses a position that is another place in the contrast', async () => {
    // Third from the end is A2 of a sum of four digits, and A1 of its contrast of three.
    const longer = experimentNamed('A4-from-F1S1', 'addition');
    const asked = ask(runtime, model, addition, { ...base, source: { experiment: longer }, positions: [-4] });
    await expect(asked).rejects.toThrow(InputError);
    await expect(asked).rejects.toThrow(
      /do not align: position -4 is A[12] in one and A[12] in the other\. Name the place\./,
    );
  });

  it('sweeps over all sites and the places that inputs share, up to the one that predicts', async () => {
    const answer = await ask(runtime, model, addition, { ...base, source: { experiment }, sweep: true });
    if (!('effects' in answer)) throw new Error('not a sweep');
    expect(answer.sites).toEqual(sweptSites(model));
    expect(answer.positions).toEqual(['BOS', 'F1', 'F2', 'F3', '+', 'S1', 'S2', 'S3', '=', 'A1']);
    expect(answer.effects).toHaveLength(answer.sites.length);
    const embed = answer.changed[answer.sites.indexOf('hook_embed')];
    // Only what was redrawn has another embedding; A1 follows where it changed with the carry.
    expect(embed?.map((share) => share > 0)).toEqual([
      false,
      false,
      true,
      false,
      false,
      false,
      true,
      false,
      false,
      true,
    ]);
    expect(answer.warnings[0]).toMatch(
      /^Patching changed no logit in any of 80 runs: hook_embed@BOS, .* and \d+ more\.$/,
    );
  });
});

describe('a question from a file', () => {
  it('is patched one target after another', async () => {
    const answer = await ask(runtime, model, addition, {
      ...base,
      source: given({ ...two, sites: ['a0.0', 'm0'], positions: ['='] }),
    });
    expect(answer).toMatchObject([
      {
        experiment: 'q.json',
        n: 2,
        seed: null,
        contrasts: 1,
        sets: [{ added: 'a0.0@=' }, { added: 'm0@=' }],
      },
      { order: 'backward' },
    ]);
  });

  it('has sets, and targets one by one', async () => {
    const targets = [
      { site: 'a0.0', position: '=' },
      { site: 'blocks.0.hook_mlp_out', position: 8 },
    ];
    const sets = [['a0.0@='], ['a0.0@=', 'm0@8'], []].slice(0, 2);
    const answer = await ask(runtime, model, addition, {
      ...base,
      source: given({ ...two, targets, sets, metric: 'probability' }),
    });
    expect(answer).toMatchObject({
      metric: 'probability',
      sets: [{ patched: ['a0.0@='] }, { patched: ['a0.0@=', 'm0@8'] }],
    });
  });

  it('may hold one contrast for all, and the place of the answer', async () => {
    const source = given({
      inputs: ['615+861=1476', '616+861=1477'],
      contrasts: ['215+861=1076'],
      sites: ['a0.0'],
      positions: ['A1'],
      answer: 'A2',
    });
    expect(await ask(runtime, model, addition, { ...base, source })).toMatchObject([{ n: 2 }, {}]);
  });

  it('compares inputs of different lengths by the names of places', async () => {
    const source = given({
      inputs: ['abbc|b:2'],
      contrasts: ['aabbbcc|b:3'],
      sites: ['a0.0'],
      positions: [':', 'query'],
    });
    const answer = await ask(runtime, await probedModel(counting), counting, { ...base, source });
    expect(answer).toMatchObject([{ n: 1, sets: [{ standardError: null }, {}] }, {}]);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['no inputs', { inputs: [] }, /^q\.json is no patching question: inputs: /],
    ['an unknown field', { site: ['a0.0'] }, /^q\.json is no patching question: .*site/],
    ['an unknown metric', { metric: 'logits' }, /^q\.json is no patching question: metric: /],
    [
      'contrasts that do not pair',
      { contrasts: ['215+861=1076', '1+1=2', '2+2=4'] },
      /2 inputs and 3 contrasts/,
    ],
    [
      'both ways to name targets',
      { targets: [{ site: 'a0.0', position: '=' }], sites: ['a0.0'] },
      /either targets, or sites and positions/,
    ],
    ['text the task cannot read', { inputs: ['six+1=7', '1+1=2'] }, /"s"/],
    [
      'a contrast with the same answer',
      { contrasts: ['614+862=1476', '123+856=979'] },
      /^614\+862=1476 does not change the answer of 615\+861=1476/,
    ],
    [
      'a contrast that does not align',
      { contrasts: ['21+861=882', '123+856=979'], positions: [8] },
      /do not align: position 8 is = in one and A1 in the other/,
    ],
    ['an unknown site', { sites: ['a0.4'] }, /^Unknown site "a0\.4"\. Did you mean "a0\.\d"\?/],
    ['an unknown position', { positions: ['F4'] }, /^Unknown position "F4"\. Did you mean "F\d"\?/],
    ['a set of an unknown target', { sets: [['a0.1@=']] }, /^No target "a0\.1@="\. Did you mean "a0\.0@="\?/],
  ])('with %s is refused', async (_, changes, message) => {
    const question = { ...two, sites: ['a0.0'], positions: ['='], ...changes };
    const asked = (async () => ask(runtime, model, addition, { ...base, source: given(question) }))();
    await expect(asked).rejects.toThrow(InputError);
    await expect(asked).rejects.toThrow(message);
  });
});

describe('the check of "+"', () => {
  it('compares the four predictions of the answer', async () => {
    const answer = await askAblation(runtime, model, plusCheck, 30, 1);
    expect(answer).toMatchObject({ experiment: 'plus', n: 30, site: 'x0.post', position: '+' });
    expect(answer.places.map(({ place }) => place)).toEqual(['=', 'A1', 'A2', 'A3']);
    for (const { kl } of answer.places) expect(kl).toBeGreaterThan(0);
  });
});
