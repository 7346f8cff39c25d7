/**
 * Sentences put to a language model input by input: a local server that answers well, late, with errors, or nonsense.
 */
import { type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type AskOptions } from '../../src/interpret/ask.js';
import { createPrior } from '../../src/interpret/prior.js';
import { type Asking, measureByAsking } from '../../src/interpret/sentences/ask-inputs.js';
import { type Evidence } from '../../src/interpret/sentences/evidence.js';
import { enumeratedSet } from '../../src/interpret/sentences/input-set.js';
import { judgeSentences } from '../../src/interpret/sentences/judge-sentences.js';
import { type SentenceFigures } from '../../src/interpret/sentences/sentence-figures.js';
import { languageModelAt } from '../../src/jobs/language-model.js';
import { fewSums } from '../fixtures/few-sums.js';
import { type Asked, type Behaviour, type Endpoint, behaviours, startEndpoint } from './endpoint.js';

const task = fewSums([111, 122, 222, 311, 422, 511, 533, 644, 711, 755]);
const prior = createPrior(task);
const numbers = Array.from({ length: task.data.size }, (_, at) => at);
const firstIs = (at: number, digit: number): boolean => task.data.instance(at)[1] === digit;
const inside = numbers.filter((at) => firstIs(at, 5));
const evidence: Evidence = {
  kind: 'exact',
  prior,
  ids: task.encode('511+111=622'),
  information: { bits: Math.log2(5), low: Math.log2(5), high: Math.log2(5) },
  inside: enumeratedSet(prior, inside),
  outside: enumeratedSet(
    prior,
    numbers.filter((at) => !firstIs(at, 5)),
  ),
  controls: [
    { activation: 'random', sets: [enumeratedSet(prior, numbers), enumeratedSet(prior, numbers.slice(50))] },
  ],
};

let endpoint: Endpoint | null = null;
afterEach(() => endpoint?.close());

/** Inputs of a request, in their order. */
const inputsOf = ({ body }: Asked): string[] =>
  [...(body.messages?.at(-1)?.content ?? '').matchAll(/^\d+\. (.*)$/gm)].map(([, text = '']) => text);

/** Says of each input whether its first digit is 5. */
const honest: Behaviour = (response: ServerResponse) => {
  const inputs = inputsOf(endpoint?.asked.at(-1) ?? { path: '', authorization: undefined, body: {} });
  const answer = Object.fromEntries(inputs.map((text, at) => [String(at + 1), text.startsWith('5')]));
  behaviours.whole(`Here it is: ${JSON.stringify(answer)}`)(response);
};

async function asked(
  ways: readonly Behaviour[],
  options: Partial<AskOptions> & { readonly inputs?: number } = {},
): Promise<{ readonly figures: SentenceFigures | null; readonly asking: Asking }> {
  endpoint = await startEndpoint(...ways);
  const model = languageModelAt({ url: endpoint.url, model: 'served', key: 'secret' });
  return measureByAsking(model, 'The first number begins with a five.', evidence, {
    inputs: 30,
    seed: 1,
    pause: 1,
    patience: 20_000,
    ...options,
  });
}

describe('measureByAsking', () => {
  it('measures a sentence that is true of the whole preimage, of which all inputs are asked about', async () => {
    const { figures, asking } = await asked([honest]);
    expect(asking).toMatchObject({ model: 'served', failure: null });
    expect(asking.answered).toBe(asking.inputs);
    expect(figures).toMatchObject({
      own: true,
      counted: { true: 20, of: 20 },
      inside: { share: 1, low: null, high: null },
      recall: null,
      outside: null,
    });
    const { share = 0, low, high } = figures?.all ?? {};
    expect(low ?? 1).toBeLessThan(0.2);
    expect(high ?? 0).toBeGreaterThan(0.2);
    expect(figures?.lift?.value).toBeCloseTo(1 / share, 9);
    // What the sentence accounts for is all that this activation tells.
    expect(figures?.bits?.low ?? 9).toBeLessThanOrEqual(Math.log2(5));
    expect(figures?.controls[0]?.inputs.of).toBe(30);
  });

  it('asks of each input once, a few at a time, and shows nothing of where it lies', async () => {
    const { asking } = await asked([honest]);
    const all = (endpoint?.asked ?? []).flatMap(inputsOf);
    expect(new Set(all).size).toBe(all.length);
    expect(all).toHaveLength(asking.inputs);
    for (const request of endpoint?.asked ?? []) {
      expect(inputsOf(request).length).toBeLessThanOrEqual(12);
      expect(JSON.stringify(request.body)).not.toMatch(/inside|outside|control|secret/);
    }
    // Inputs of the preimage do not stand together.
    const places = all.flatMap((text, at) => (text.startsWith('5') ? [at] : []));
    expect((places.at(-1) ?? 0) - (places[0] ?? 0)).toBeGreaterThan(places.length);
  });

  it.each([
    ['a 500', behaviours.refused(500), /^the endpoint refused with status 500/],
    ['half a stream', behaviours.cut('{"1": true'), /^the answer broke off/],
    ['words', behaviours.whole('Yes, all of them.'), /^the answer does not say true or false of each input$/],
    [
      'too few verdicts',
      behaviours.whole('{"1": true}'),
      /^the answer does not say true or false of each input$/,
    ],
    ['verdicts that are none', behaviours.whole('{"1": "yes"}'), /^the answer does not say true or false/],
  ])('asks again after %s, and stores what failed', async (_, way, message) => {
    const { figures, asking } = await asked([way, honest]);
    expect(asking.answered).toBe(asking.inputs);
    expect(asking.batches[0]?.attempts.map(({ failure }) => failure)).toEqual([
      expect.stringMatching(message),
      null,
    ]);
    expect(figures?.inside).toEqual({ share: 1, low: null, high: null });
  });

  it('gives up a request after its attempts, goes on with the next, and measures what was answered', async () => {
    const { figures, asking } = await asked([behaviours.refused(500), behaviours.refused(500), honest], {
      attempts: 2,
    });
    expect(asking.answered).toBe(asking.inputs - 12);
    expect(asking.failure).toMatch(/^the endpoint refused with status 500/);
    expect(asking.batches[0]?.attempts).toHaveLength(2);
    // Not all members were answered for: what is known is an estimate.
    if ((figures?.counted.of ?? 20) < 20) expect(figures?.inside?.low ?? 1).toBeLessThan(1);
    expect(figures?.counted.true).toBe(figures?.counted.of);
  });

  it('stops at a refusal that asking again does not mend', async () => {
    const { figures, asking } = await asked([behaviours.refused(401)]);
    expect(endpoint?.asked).toHaveLength(1);
    expect(figures).toBeNull();
    expect(asking).toMatchObject({
      answered: 0,
      failure: expect.stringMatching(/^the endpoint refused with status 401/),
    });
  });

  it('gives up on silence', async () => {
    const { figures, asking } = await asked([behaviours.silent(''), behaviours.silent('{"1"')], {
      patience: 200,
      attempts: 1,
      inputs: 2,
    });
    expect(figures).toBeNull();
    expect(asking.failure).toBe('nothing came for 0.2 seconds');
  });
});

describe('judgeSentences with an endpoint', () => {
  it('asks only about what no predicate stands for, and loses no sentence', async () => {
    endpoint = await startEndpoint(honest);
    const languageModel = languageModelAt({ url: endpoint.url, model: 'served', key: '' });
    const sentences = ['F1 = 5', 'It begins with a five'].map((label, at) => ({
      id: String(at),
      label,
      source: null,
    }));
    const { judgements } = await judgeSentences(sentences, evidence, {
      languageModel,
      options: { inputs: 10, seed: 1, pause: 1 },
    });
    expect(judgements.map(({ by }) => by)).toEqual(['features', 'language model']);
    expect(judgements[1]?.reason).toBe('"It" is no feature.');
    expect(JSON.stringify(endpoint.asked)).not.toContain('The sentence: F1 = 5');
  });
});
