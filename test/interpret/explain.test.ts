/**
 * Explanations, asked of a local server that speaks the protocol: well, slowly, in halves, in nonsense, or not at all.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { InputError } from '../../src/input-error.js';
import { type Explanation, explain, parseExplanation, readAnswer } from '../../src/interpret/explain.js';
import { type ExplainedQuery, type ShownSample, explainPrompt } from '../../src/interpret/explain-prompt.js';
import { featureBits } from '../../src/interpret/feature-bits.js';
import { createPrior } from '../../src/interpret/prior.js';
import { exactSample } from '../../src/interpret/sample.js';
import { endpointFrom, languageModelAt } from '../../src/jobs/language-model.js';
import { renderExplanation } from '../../src/report/explanation.js';
import { addition } from '../../src/studies/index.js';
import { fewSums } from '../fixtures/few-sums.js';
import { type Behaviour, type Endpoint, behaviours, startEndpoint } from './endpoint.js';

const task = fewSums([111, 122, 222, 311, 422, 511, 533, 644, 711, 755]);
const prior = createPrior(task);
const shown = (text: string, matchedPosition: number): ShownSample => ({
  tokens: ['B', ...text, 'E'],
  matchedPosition,
});
/** Queries whose activations tell the two hundreds, order lost. */
const queries = ['111+511=622', '222+711=933'].map((input): ExplainedQuery => {
  const ids = task.encode(input);
  const pair = [ids[1], ids[5]].sort().join();
  const members = Array.from({ length: task.data.size }, (_, at) => at).filter((at) => {
    const other = task.data.instance(at);
    return [other[1], other[5]].sort().join() === pair;
  });
  const sample = exactSample(prior, { members: Uint32Array.from(members) });
  return {
    ids,
    position: 8,
    inside: members.slice(0, 3).map((at) => shown(task.decode(task.data.instance(at)), 8)),
    outside: [shown('755+755=1510', 8), shown('755+755=1510', 3), shown('755+111=866', 3)],
    bits: -Math.log2(members.length / task.data.size),
    features: featureBits(prior, sample, ids, 1),
    sample,
  };
});
const about = { site: 'blocks.0.attn.hook_result.0', place: '=' };
const good = JSON.stringify({ explanation: 'It holds the hundreds.', features: ['{F1,S1}', 'C3', 'mood'] });

let endpoint: Endpoint | null = null;
afterEach(() => endpoint?.close());

async function asked(
  ways: readonly Behaviour[],
  options: Parameters<typeof explain>[5] = {},
): Promise<Explanation> {
  endpoint = await startEndpoint(...ways);
  const model = languageModelAt({ url: endpoint.url, model: 'served', key: 'very secret' });
  return explain(model, task, prior, about, queries, { pause: 1, patience: 20_000, ...options });
}

describe('explain', () => {
  it('asks once, shows queries with their place marked, and scores what is claimed', async () => {
    const pieces: string[] = [];
    const explanation = await asked([behaviours.whole(good)], { onText: (piece) => pieces.push(piece) });
    expect(endpoint?.asked).toHaveLength(1);
    const [request] = endpoint?.asked ?? [];
    expect(request).toMatchObject({ path: '/v1/chat/completions', authorization: 'Bearer very secret' });
    expect(request?.body).toMatchObject({ model: 'served', stream: true, messages: explanation.prompt });
    const prompt = explanation.prompt.map(({ content }) => content).join('\n');
    expect(prompt).toContain('Query 1: B111+511[=]\n');
    expect(prompt).toContain('- {F1,S1}: F1 and S1, order lost');
    expect(prompt).toContain('\n  B755+755[=]\n');
    expect(explanation.queries).toEqual(['B111+511[=]', 'B222+711[=]']);
    expect(pieces.join('')).toBe(good);

    expect(explanation).toMatchObject({
      model: 'served',
      answer: good,
      complete: true,
      explanation: 'It holds the hundreds.',
      unknown: ['mood'],
      attempts: [{ text: good, failure: null }],
    });
    const [pair, carry] = explanation.claims;
    expect(pair).toMatchObject({ feature: '{F1,S1}', consistency: 1 });
    expect(pair?.bits).toBeCloseTo(pair?.of ?? 0, 9);
    expect(carry?.feature).toBe('C3');
    // The hundreds are all that these activations tell, so the claim accounts for all of it.
    expect(explanation.accounted).toBeCloseTo(explanation.bits ?? 0, 6);
  });

  it('is stored without the key, and taken back; the report says what the claims are worth', async () => {
    const explanation = await asked([behaviours.whole(good)]);
    const text = JSON.stringify(explanation);
    expect(text).not.toContain('very secret');
    expect(parseExplanation(JSON.parse(text), 'e.json')).toEqual(explanation);
    expect(() => parseExplanation({ ...explanation, claims: 1 }, 'e.json')).toThrow(
      /^e\.json is not a saved explanation: claims: /,
    );
    const report = renderExplanation(explanation, { width: 80, color: false });
    expect(report).toContain('“It holds the hundreds.”');
    expect(report).toContain('a0.0 at "=", over 2 queries');
    expect(report).toContain('No features: mood.');
  });

  it('keeps half an answer, asks again, and takes the whole one', async () => {
    for (const half of [
      behaviours.cut('{"explanation": "It'),
      behaviours.unfinished('{"explanation": "It'),
    ]) {
      const explanation = await asked([half, behaviours.whole(good)]);
      expect(explanation.complete).toBe(true);
      expect(explanation.attempts.map(({ text }) => text)).toEqual(['{"explanation": "It', good]);
      expect(explanation.attempts[0]?.failure).toMatch(/^the answer broke off/);
      expect(explanation.answer).toBe(good);
      await endpoint?.close();
    }
  });

  it('gives the longest half where no whole answer comes, reads what is in it, and says that it is not whole', async () => {
    const explanation = await asked([
      behaviours.cut(good.slice(0, 9)),
      behaviours.cut(good),
      behaviours.cut('{'),
    ]);
    expect(endpoint?.asked).toHaveLength(3);
    expect(explanation).toMatchObject({
      complete: false,
      answer: good,
      explanation: 'It holds the hundreds.',
    });
    expect(renderExplanation(explanation, { width: 80, color: false })).toContain('The answer is not whole.');
  });

  it('reports nonsense as it came, with nothing claimed', async () => {
    const explanation = await asked([behaviours.whole('I like {trains} and {"explanation": 3}.')], {
      attempts: 2,
    });
    expect(endpoint?.asked).toHaveLength(2);
    expect(explanation).toMatchObject({ complete: false, explanation: null, claims: [], accounted: 0 });
    expect(explanation.attempts[0]).toEqual({
      text: 'I like {trains} and {"explanation": 3}.',
      failure: 'the answer holds no JSON object with an explanation and features',
    });
    expect(renderExplanation(explanation, { width: 80, color: false })).toContain('What came, as it came:');
  });

  it.each([
    ['no JSON in the stream', behaviours.raw('data: {"choices": [\n\n')],
    ['a page', behaviours.raw('<html>', 'text/html')],
    ['nothing', behaviours.raw('')],
    ['an empty answer', behaviours.whole('')],
    ['an answer cut at its limit', behaviours.ended('{"expl', 'length')],
    ['a server that is overloaded', behaviours.refused(503)],
    ['too many requests', behaviours.refused(429)],
  ])('asks again after %s', async (_, way) => {
    const failures: [string, boolean][] = [];
    const explanation = await asked([way, behaviours.whole(good)], {
      onFailure: (failure, again) => failures.push([failure, again]),
    });
    expect(explanation).toMatchObject({ complete: true, answer: good });
    expect(failures).toEqual([[expect.any(String), true]]);
  });

  it.each([
    [behaviours.refused(401), /^the endpoint refused with status 401/],
    [behaviours.refused(404), /^the endpoint refused with status 404/],
    [behaviours.ended('', 'content_filter'), /^the endpoint withheld the answer$/],
  ])('does not ask again where that would be in vain: %#', async (way, message) => {
    const explanation = await asked([way]);
    expect(endpoint?.asked).toHaveLength(1);
    expect(explanation).toMatchObject({ complete: false, answer: null, claims: [] });
    expect(explanation.attempts[0]?.failure).toMatch(message);
    expect(renderExplanation(explanation, { width: 80, color: false })).toContain('Nothing came.');
  });

  it('gives up on silence, and keeps what came before it', async () => {
    const explanation = await asked([behaviours.silent(''), behaviours.silent('{"a')], {
      patience: 300,
      attempts: 2,
    });
    expect(explanation.attempts).toEqual([
      { text: '', failure: 'nothing came for 0.3 seconds' },
      { text: '{"a', failure: 'nothing came for 0.3 seconds' },
    ]);
    expect(explanation).toMatchObject({ complete: false, answer: '{"a' });
  });

  it('says that nobody is there', async () => {
    endpoint = await startEndpoint();
    const { url } = endpoint;
    await endpoint.close();
    const model = languageModelAt({ url, model: 'served', key: '' });
    const explanation = await explain(model, task, prior, about, queries, { pause: 1, attempts: 2 });
    expect(explanation.attempts).toHaveLength(2);
    for (const { failure } of explanation.attempts)
      expect(failure).toMatch(/^the endpoint could not be reached: .*ECONNREFUSED/);
  });

  it('stops when told to', async () => {
    const stop = new AbortController();
    endpoint = await startEndpoint(behaviours.silent('{'));
    const model = languageModelAt({ url: endpoint.url, model: 'served', key: '' });
    const running = explain(model, task, prior, about, queries, {
      signal: stop.signal,
      onText: () => stop.abort(),
    });
    await expect(running).rejects.toThrow(/abort/i);
  });
});

describe('readAnswer', () => {
  const answer = { explanation: 'x', features: ['F1'] };
  it('finds the object in whatever stands around it', () => {
    const json = JSON.stringify(answer);
    for (const text of [
      json,
      `Sure!\n\`\`\`json\n${json}\n\`\`\``,
      `{"a": 1} ${json} {`,
      `{ {${json}`,
      `${json}}}`,
    ])
      expect(readAnswer(text)).toEqual(answer);
  });
  it('gives null for all else, soon', () => {
    for (const text of [
      '',
      '{}',
      '[]',
      '{"explanation": "x"}',
      '{"explanation": "x", "features": "F1"}',
      '{'.repeat(50_000),
      '{}'.repeat(50_000),
    ])
      expect(readAnswer(text)).toBeNull();
  });
});

describe('endpointFrom', () => {
  it('takes what the environment says', () => {
    expect(endpointFrom({ OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', OPENAI_MODEL: 'm' })).toEqual({
      url: 'http://127.0.0.1:1/v1',
      model: 'm',
      key: '',
    });
  });
  it.each([
    [{}, /^No language model is configured: set OPENAI_BASE_URL and OPENAI_MODEL \(and/],
    [{ OPENAI_BASE_URL: 'http://x' }, /: set OPENAI_MODEL \(and/],
    [{ OPENAI_BASE_URL: 'x', OPENAI_MODEL: 'm' }, /^OPENAI_BASE_URL is not an address of the web: "x"/],
    [{ OPENAI_BASE_URL: 'file:///etc', OPENAI_MODEL: 'm' }, /is not an address of the web/],
  ])('says what is missing: %j', (environment, message) => {
    expect(() => endpointFrom(environment)).toThrow(message);
    expect(() => endpointFrom(environment)).toThrow(InputError);
  });
});

describe('explainPrompt', () => {
  const prompt = (own: readonly ExplainedQuery[]): string =>
    explainPrompt(task, prior, own)
      .map(({ content }) => content)
      .join('\n');

  it('shows of every input what the activation can have seen, and inputs that are one to it once', () => {
    const text = prompt(queries);
    // No answer stands in it, and nothing but a line's end or a sentence after a marked token.
    for (const answer of ['622', '933', '1510', '866']) expect(text).not.toContain(answer);
    for (const line of text.split('\n').filter((one) => /^( {2}|Query )/.test(one)))
      expect(line).toMatch(/^( {2}|Query \d+: )B[\d+=]*\[[\d+=]\]$/);
    expect(text.split('\n  B75[5]\n')).toHaveLength(3);
  });

  it('hangs on nothing after the matched position', () => {
    const cut = queries.map((query): ExplainedQuery => {
      const early = ({ tokens, matchedPosition }: ShownSample): ShownSample => ({
        tokens: [...tokens.slice(0, matchedPosition + 1), '0', '0', 'E'],
        matchedPosition,
      });
      return {
        ...query,
        ids: [...query.ids.slice(0, query.position + 1), 0],
        inside: query.inside.map(early),
        outside: query.outside.map(early),
      };
    });
    expect(prompt(cut)).toBe(prompt(queries));
  });

  it('names every feature once, a person’s own among them', () => {
    const own = createPrior(task, [...addition.features, { name: 'mine', of: () => 1 }]);
    const text = explainPrompt(task, own, queries)
      .map(({ content }) => content)
      .join('\n');
    for (const { feature } of own.tables) expect(text.split(`- ${feature.name}`).length).toBeGreaterThan(1);
  });
});
