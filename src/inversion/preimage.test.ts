import { afterAll, describe, expect, it } from 'vitest';
import { activationsOf, distancesOf } from '../../test/fixtures/brute-force.js';
import { wholeLogits } from '../../test/fixtures/decoder-logits.js';
import { at, softmax } from '../../test/fixtures/float64.js';
import { fixedDecoder, probedModel, smallDecoder } from '../../test/fixtures/task-models.js';
import { floatsOf } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { runWithCache } from '../models/hooked-model.js';
import { type Task } from '../tasks/index.js';
import { addition, counting } from '../studies/index.js';
import { sequenceOf } from './decoder.js';
import { type Metric, metrics } from './metrics.js';
import { type Query, type Reader, createReader } from './preimage.js';
import { parseReading } from './reading.js';
import { type Candidate } from './view.js';

const runtime = nodeRuntime({ threads: 1 });
const open: Reader[] = [];
afterAll(async () => {
  for (const reader of open) await reader.dispose();
});

const model = await probedModel(addition);
const decoder = smallDecoder(addition, {}, 4);
function readerFor(own = decoder): Reader {
  const reader = createReader(runtime, model, own, addition);
  open.push(reader);
  return reader;
}
const reader = readerFor();
const ids = addition.encode('615+861=1476');
const rounds = [
  { temperature: 0.5, noise: 0, candidates: 30 },
  { temperature: 2, noise: 0.1, candidates: 300 },
];
const query: Query = { ids, site: 'a1.2', position: 8, seed: 3, rounds };
const site = 'blocks.1.attn.hook_result.2';
const textOf = (candidates: readonly Candidate[]): string[] => candidates.map((one) => one.ids.join(' '));

const idsOf = (tokens: readonly string[]): number[] =>
  tokens.map((token) => addition.tokenizer.vocabulary.indexOf(token));

/** Distances of a candidate by definition, for each metric. */
async function recomputed(candidate: readonly number[], metric: Metric, z: Float32Array): Promise<number[]> {
  const end = candidate.findIndex((id) => id === addition.eos || id === addition.pad);
  return distancesOf(runtime, model, site, candidate, end < 0 ? candidate.length : end, z, metric);
}

describe('reading', () => {
  it('is decided by the seed', async () => {
    const first = await reader.read(query);
    expect(first).toEqual(await readerFor().read(query));
    const again = await reader.read({ ...query, seed: 4 });
    expect(textOf(again.candidates)).not.toEqual(textOf(first.candidates));
    expect(await reader.read(query)).toEqual(first);
  });

  it('takes the activation and that of BOS from the query itself', async () => {
    const { z, bos } = await reader.read(query);
    const own = await activationsOf(runtime, model, site, ids);
    z.forEach((value, i) => expect(value).toBeCloseTo(at(own[8] ?? [], i), 3));
    bos.forEach((value, i) => expect(value).toBeCloseTo(at(own[0] ?? [], i), 3));
  });

  it('has a verdict of every candidate, as the probed model gives it', async () => {
    const { candidates, z } = await reader.read(query);
    expect(candidates.map(({ round }) => round)).toEqual([
      ...Array<number>(30).fill(0),
      ...Array<number>(300).fill(1),
    ]);
    for (const candidate of candidates.filter((_, row) => row % 7 === 0)) {
      expect(candidate.valid).toBe(addition.check(candidate.ids) === null);
      for (const metric of metrics) {
        const wanted = await recomputed(candidate.ids, metric, z);
        const { distances, distance, position } = candidate.verdicts[metric];
        expect(distances).toHaveLength(wanted.length);
        wanted.forEach((value, place) => expect(at(distances, place)).toBeCloseTo(value, 4));
        expect(distance).toBe(Math.min(...distances));
        expect(position).toBe(distances.indexOf(distance));
      }
    }
  });

  it('counts all candidates and shows some, sorted by distance', async () => {
    const { candidates } = await reader.read(query);
    for (const metric of metrics) {
      const all = candidates.map(({ verdicts }) => verdicts[metric].distance).toSorted((a, b) => a - b);
      const epsilon = all[Math.floor(all.length / 2)] ?? 0;
      const { reading } = await reader.read({ ...query, metric, epsilon, shown: 40 });
      expect(reading).toMatchObject({ metric, epsilon, candidates: 330, seed: 3, task: 'addition' });
      expect(reading.inside).toBe(all.filter((distance) => distance <= epsilon).length);
      expect(reading.invalid).toBe(candidates.filter(({ valid }) => !valid).length);
      expect(reading.distinct).toBe(new Set(textOf(candidates)).size);
      expect(reading.invalid).toBeGreaterThan(0);

      const { samples } = reading;
      expect(samples).toHaveLength(40);
      const shown = samples.map(({ distance }) => distance);
      expect(shown).toEqual(shown.toSorted((a, b) => a - b));
      expect(samples.filter(({ inside }) => inside)).toHaveLength(28);
      for (const sample of samples) {
        const candidate = candidates.find((one) => textOf([one])[0] === idsOf(sample.tokens).join(' '));
        expect(candidate).toBeDefined();
        const verdict = candidate?.verdicts[metric];
        expect(sample).toMatchObject({
          valid: candidate?.valid,
          round: candidate?.round,
          distance: verdict?.distance,
          matchedPosition: verdict?.position,
          inside: sample.distance <= epsilon,
          distances: [...(verdict?.distances ?? [])],
          text: addition.decode(candidate?.ids ?? []),
        });
      }
    }
  });

  it('colours tokens by what the activation adds to their probability', async () => {
    const { reading, z, bos } = await reader.read({ ...query, shown: 25 });
    const { vocabulary } = decoder.config;
    const number = decoder.config.sites.indexOf(site);
    for (const { tokens, tokenDelta, follows = [] } of reading.samples) {
      const own = idsOf(tokens);
      const said = sequenceOf(addition, 'completion', own);
      const likely = async (activation: Float32Array): Promise<number[]> => {
        const fed = Int32Array.from(said.slice(0, -1));
        const logits = await wholeLogits(runtime, decoder, activation, Int32Array.of(number), fed);
        const all = softmax(Float64Array.from(logits), vocabulary);
        return said.slice(1).map((token, place) => at(all, place * vocabulary + token));
      };
      const [given, without] = [await likely(z), await likely(bos)];
      const wanted = said.slice(1).map((_, place) => at(given, place) - at(without, place));
      // Digits before "=", or all of a draw that could not be completed: the rest was not said.
      const places = own.flatMap((id, place) =>
        place > 0 && (said.length === own.length || (place < 8 && id !== 11)) ? [place] : [],
      );
      expect(places).toHaveLength(wanted.length);
      places.forEach((place, i) => expect(tokenDelta[place]).toBeCloseTo(at(wanted, i), 5));
      // The answer follows; what is left is in every input.
      expect(follows).toEqual(
        said.length === own.length ? [] : own.flatMap((id, place) => (place > 8 && id <= 9 ? [place] : [])),
      );
      tokenDelta.forEach((value, place) => {
        expect(value === null).toBe(!places.includes(place) && !follows.includes(place));
        expect(Math.abs(value ?? 0)).toBeLessThanOrEqual(1);
      });
    }
  });

  it('says the temperature of each sample', async () => {
    const { reading } = await reader.read({ ...query, shown: 25 });
    for (const { round, temperature } of reading.samples) expect(temperature).toBe(round === 0 ? 0.5 : 2);
  });

  it('gives distances at a place of the same name beside the nearest', async () => {
    const all = await reader.read(query);
    for (const alsoAt of ['=', 8, 'A1', -2]) {
      const { alsoAt: figures, samples } = await reader.view(all, { alsoAt, epsilon: 0.9 });
      const name = { '=': '=', 8: '=', A1: 'A1', '-2': 'A4' }[alsoAt] ?? '';
      const placed = all.candidates.map((candidate) => {
        const index = addition.places(candidate.ids).find((place) => place.name === name)?.index;
        return index === undefined ? undefined : candidate.verdicts.euclidean.distances[index];
      });
      expect(figures).toEqual({
        place: name,
        inside: placed.filter((distance) => (distance ?? Infinity) <= 0.9).length,
        absent: placed.filter((distance) => distance === undefined).length,
      });
      for (const { tokens, distances, distance, alsoAt: own } of samples) {
        const index = addition.places(idsOf(tokens)).find((place) => place.name === name)?.index;
        const there = index === undefined ? undefined : distances[index];
        expect(own).toEqual(there === undefined ? null : { position: index, distance: there });
        if (own) expect(own.distance).toBeGreaterThanOrEqual(distance);
      }
    }
    // All else is as without it.
    const { alsoAt: _figures, samples, ...rest } = await reader.view(all, { alsoAt: '=' });
    const { samples: plain, ...without } = await reader.view(all, {});
    expect(rest).toEqual(without);
    expect(samples.map(({ alsoAt: _own, ...sample }) => sample)).toEqual(plain);
  });

  it("judges a person's own inputs and counts them nowhere", async () => {
    const texts = ['615+861=1476', '861+615=1476', '615+861=1477', '12+3', '615+861=1476'];
    const { reading, z } = await reader.read({
      ...query,
      own: texts.map((text) => addition.encode(text)),
      alsoAt: '=',
    });
    const { own = [], alsoAt, ...rest } = reading;
    expect(own.map(({ text }) => text)).toEqual(texts.slice(0, 4));
    expect(own.map(({ valid }) => valid)).toEqual([true, true, false, false]);
    // The query itself is at no distance, at its own position.
    expect(own[0]).toMatchObject({ matchedPosition: 8, inside: true, drawn: 0, alsoAt: { position: 8 } });
    expect(own[0]?.distance).toBeLessThan(1e-6);
    expect(own[3]?.alsoAt).toBeNull();
    for (const one of own) {
      const wanted = await recomputed(addition.encode(one.text), 'euclidean', z);
      wanted.forEach((value, place) => expect(at(one.distances, place)).toBeCloseTo(value, 4));
      expect(one.inside).toBe(one.distance <= reading.epsilon);
      expect(one).not.toHaveProperty('round');
    }
    expect(own[3]?.tokenDelta.every((delta) => delta === null)).toBe(true);
    const { alsoAt: _at, ...without } = (await reader.read({ ...query, alsoAt: '=' })).reading;
    expect(rest).toEqual(without);
    // One that was drawn says how often.
    const [drawn] = reading.samples;
    const again = await reader.read({ ...query, own: [idsOf(drawn?.tokens ?? [])] });
    const times = again.candidates.filter(
      ({ ids: one }) => one.join() === idsOf(drawn?.tokens ?? []).join(),
    ).length;
    expect(again.reading.own?.[0]?.drawn).toBe(times);
    expect(times).toBeGreaterThan(0);
    expect(alsoAt?.place).toBe('=');
  });

  it.each([
    [{ alsoAt: 'A9' }, /^Unknown position "A9"/],
    [{ alsoAt: 14 }, /^Position 14 is out of range/],
    [{ alsoAt: 'E' }, /^No distance is taken at the end of an input/],
    [{ alsoAt: -1 }, /^No distance is taken at the end of an input/],
    [{ own: [Array<number>(15).fill(1)] }, /has 15 tokens with its ends: addition takes 14 at most\.$/],
  ])('refuses %j before it draws', async (change, message) => {
    let drawn = false;
    const asked = reader.read({ ...query, ...change, onCandidates: () => (drawn = true) });
    await expect(asked).rejects.toThrow(InputError);
    await expect(asked).rejects.toThrow(message);
    expect(drawn).toBe(false);
  });

  it('adds nothing at BOS', async () => {
    const { reading } = await reader.read({ ...query, position: 0, shown: 10 });
    const deltas = reading.samples.flatMap(({ tokenDelta }) => tokenDelta);
    expect(deltas.every((value) => value === null || value === 0)).toBe(true);
    // Every input has the BOS activation.
    expect(reading.inside).toBe(reading.candidates);
    expect(new Set(reading.samples.map(({ matchedPosition }) => matchedPosition))).toEqual(new Set([0]));
    expect(reading.query).toMatchObject({ position: 0, place: 'BOS' });
  });

  it("has a head's attention row and no other site's", async () => {
    const { reading } = await reader.read({ ...query, rounds: [] });
    const pattern = floatsOf(
      await runWithCache(runtime, model, [ids], { names: ['blocks.1.attn.hook_pattern'] }),
      'blocks.1.attn.hook_pattern',
    );
    const row = [...pattern.subarray((2 * ids.length + 8) * ids.length, (2 * ids.length + 9) * ids.length)];
    expect(reading.attention).toHaveLength(ids.length);
    row.forEach((weight, key) => expect(at(reading.attention ?? [], key)).toBeCloseTo(weight, 5));
    expect(reading.attention?.slice(9).every((weight) => weight === 0)).toBe(true);
    expect(reading.attention?.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
    const short = addition.encode('115+161=276');
    const last = await reader.read({ ...query, ids: short, position: 12, rounds: [] });
    expect(last.reading.attention).toHaveLength(13);
    expect(last.reading.attention?.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
    expect((await reader.read({ ...query, site: 'x0.mid', rounds: [] })).reading.attention).toBeNull();
  });

  it('says who was asked what, and can be saved and parsed', async () => {
    const { reading } = await reader.read({ ...query, shown: 5 });
    expect(reading.query).toEqual({
      input: '615+861=1476',
      tokens: [...'B615+861=1476E'],
      position: 8,
      place: '=',
      site,
    });
    expect(reading.model).toBe(`a small model ${model.hash.slice(0, 12)} (transformerlens weights)`);
    expect(reading.decoder).toBe(decoder.name);
    expect(reading.warnings).toEqual([]);
    expect(parseReading(JSON.parse(JSON.stringify(reading)), 'x')).toEqual(
      JSON.parse(JSON.stringify(reading)),
    );
  });

  it('reads a malformed input and says what is wrong with it', async () => {
    for (const [text, warning] of [
      ['615+861=1477', /does not hold: 615\+861 is 1476, not 1477\.$/],
      ['=+1', /not of the form a\+b=c/],
    ] as const) {
      const { reading } = await reader.read({ ...query, ids: addition.encode(text), position: 2, shown: 5 });
      expect(reading.warnings).toHaveLength(1);
      expect(reading.warnings[0]).toMatch(warning);
      expect(reading.samples).toHaveLength(5);
    }
  });

  it('takes no rounds for no candidates', async () => {
    const { reading, candidates } = await reader.read({ ...query, rounds: [] });
    expect(candidates).toEqual([]);
    expect(reading).toMatchObject({ candidates: 0, inside: 0, invalid: 0, distinct: 0, samples: [] });
  });

  it("draws the task's 1,024 candidates unless told otherwise, 100 of them shown", async () => {
    const auto: Query = { ids, site: 'x1.post', position: 8, seed: 1 };
    const { reading, candidates } = await reader.read(auto);
    expect(reading).toMatchObject({ candidates: 1024, epsilon: 0.1, metric: 'euclidean' });
    expect(candidates).toHaveLength(1024);
    expect(reading.samples).toHaveLength(100);
  });
});

describe('another look at the same candidates', () => {
  it('gives what reading anew under that metric and threshold gives', async () => {
    const read = await reader.read(query);
    for (const [metric, epsilon] of [
      ['cosine', 0.3],
      ['euclidean', 0.9],
      ['cosine', 2],
    ] as const) {
      const anew = await reader.read({ ...query, metric, epsilon, shown: 20 });
      expect(await reader.view(read, { metric, epsilon, shown: 20 })).toEqual(anew.reading);
      expect(anew.candidates).toEqual(read.candidates);
    }
    expect(await reader.view(read, {})).toEqual(read.reading);
  });
});

describe('streaming', () => {
  it('sends on the same candidates, the first of them early', async () => {
    const whole = await reader.read(query);
    const parts: Candidate[][] = [];
    const streamed = await reader.read({ ...query, onCandidates: (judged) => parts.push([...judged]) });
    expect(parts.map((part) => part.length)).toEqual([64, 64, 64, 64, 74]);
    expect(parts.flat()).toEqual(streamed.candidates);
    expect(textOf(streamed.candidates)).toEqual(textOf(whole.candidates));
    streamed.candidates.forEach(({ verdicts, ...rest }, row) => {
      const { verdicts: other, ...same } = whole.candidates[row] ?? streamed.candidates[0] ?? { verdicts };
      expect(rest).toEqual(same);
      for (const metric of metrics) {
        expect(verdicts[metric].distance).toBeCloseTo(other[metric].distance, 5);
        expect(verdicts[metric].position).toBe(other[metric].position);
      }
    });
  });

  it('stops when told to, and the reader goes on to serve', async () => {
    const before = new AbortController();
    before.abort();
    await expect(reader.read({ ...query, signal: before.signal })).rejects.toThrow(
      expect.objectContaining({ name: 'AbortError' }),
    );
    const during = new AbortController();
    const seen: Candidate[] = [];
    const reading = reader.read({
      ...query,
      signal: during.signal,
      onCandidates(judged) {
        seen.push(...judged);
        if (seen.length === 128) during.abort();
      },
    });
    await expect(reading).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    expect(seen).toHaveLength(128);
    expect((await reader.read(query)).candidates).toHaveLength(330);
  });

  it('answers questions that are asked at once', async () => {
    const queries = [query, { ...query, seed: 9 }, { ...query, site: 'x0.pre', position: 3 }];
    const fresh = readerFor();
    const together = await Promise.all(queries.map((one) => fresh.read(one)));
    for (const [i, one] of queries.entries()) expect(together[i]).toEqual(await reader.read(one));
  });
});

describe('whole sequences', () => {
  const last = (text: string) => [...idsOf([...text]).slice(1)];

  it('that do not hold count by their distance, and are said to be invalid', async () => {
    const own = readerFor(fixedDecoder(addition, last('B615+861=1477E'), { form: 'plain' }));
    const { reading } = await own.read({ ...query, epsilon: 1e-3 });
    // The wrong digit comes after "=": the activation there is the query's own.
    expect(reading).toMatchObject({ candidates: 330, inside: 330, invalid: 330, distinct: 1 });
    const [sample] = reading.samples;
    expect(reading.samples).toHaveLength(1);
    expect(sample).toMatchObject({
      text: '615+861=1477',
      valid: false,
      inside: true,
      matchedPosition: 8,
      round: 0,
    });
    expect(sample?.tokens.join('')).toBe('B615+861=1477E');
    expect(sample?.distances).toHaveLength(13);
    expect(sample?.tokenDelta).toHaveLength(14);
  });

  it('of the query itself lie inside at its own position, at every site', async () => {
    const own = readerFor(fixedDecoder(addition, last('B615+861=1476E'), { form: 'plain' }));
    for (const name of addition.sites) {
      const few = { ...query, rounds: [{ temperature: 1, noise: 0, candidates: 2 }] };
      const { reading } = await own.read({ ...few, site: name, position: 10, epsilon: 1e-3 });
      expect(reading).toMatchObject({ inside: 2, invalid: 0 });
      expect(reading.samples[0]?.matchedPosition).toBe(10);
    }
  });

  it('that never end are judged to their last token', async () => {
    const own = readerFor(fixedDecoder(addition, last('B6666666666666'), { form: 'plain' }));
    const { reading } = await own.read({ ...query, rounds: [{ temperature: 1, noise: 0, candidates: 1 }] });
    expect(reading.samples[0]?.tokens).toHaveLength(14);
    expect(reading.samples[0]?.distances).toHaveLength(14);
    expect(reading.invalid).toBe(1);
  });
});

describe('what cannot be read', () => {
  const refused = async (changes: Partial<Query>, message: RegExp): Promise<void> => {
    const reading = reader.read({ ...query, ...changes });
    await expect(reading).rejects.toThrow(InputError);
    await expect(reading).rejects.toThrow(message);
  };

  it('is an unknown site, with a suggestion', async () => {
    await refused({ site: 'a1.7' }, /^Unknown site "a1\.7"\. Did you mean "a1\.\d"\? Sites: x0\.pre, a0\.0,/);
    await refused({ site: 'blocks.0.hook_resid_mit' }, /Did you mean "blocks\.0\.hook_resid_mid"\?/);
    // The model has it; the decoder was not trained on it.
    await refused({ site: 'm0' }, /^Unknown site "m0"/);
  });

  it('is a position outside the input', async () => {
    for (const position of [-1, 14, 2.5, NaN])
      await refused({ position }, new RegExp(`^Position ${position} is outside the input's 0 … 13`));
  });
});

describe('counting', () => {
  it('is read alike', async () => {
    const task: Task = counting;
    const probed = await probedModel(task);
    const own = createReader(runtime, probed, smallDecoder(task, {}, 2), task);
    open.push(own);
    const input = task.encode('vvzccvczvvvzvcvc|v:8');
    const position = input.indexOf(36);
    const { reading, candidates, z } = await own.read({
      ids: input,
      site: 'x1.post',
      position,
      seed: 1,
      rounds: [{ temperature: 1, noise: 0, candidates: 40 }],
      epsilon: 1,
    });
    expect(reading.query).toMatchObject({ place: ':', position });
    expect(reading.invalid).toBe(candidates.filter((one) => task.check(one.ids) !== null).length);
    for (const candidate of candidates.slice(0, 5)) {
      const end = candidate.ids.findIndex((id) => id === task.eos || id === task.pad);
      const counted = end < 0 ? candidate.ids.length : end;
      const wanted = await distancesOf(
        runtime,
        probed,
        'blocks.1.hook_resid_post',
        candidate.ids,
        counted,
        z,
        'euclidean',
      );
      expect(candidate.verdicts.euclidean.distance).toBeCloseTo(Math.min(...wanted), 4);
    }
  });
});
