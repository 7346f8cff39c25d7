import { afterAll, describe, expect, it } from 'vitest';
import { probedModel, smallDecoder } from '../../test/fixtures/task-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { addition } from '../studies/index.js';
import { type SamplingRound, type Task } from '../tasks/index.js';
import { countDrawn, stagesOf } from './bars.js';
import { createReader } from './preimage.js';
import { type Candidate } from './view.js';

const runtime = nodeRuntime({ threads: 1 });
const model = await probedModel(addition);
const decoder = smallDecoder(addition, { form: 'plain' }, 4);
const digits = 10;
/** Addition, whose digits from 3 on count as rare. */
const task: Task = { ...addition, isRare: (token) => token >= 3 && token < digits };
const reader = createReader(runtime, model, decoder, task);
afterAll(() => reader.dispose());

const rounds: readonly SamplingRound[] = [0, 1, 2, 3].map(() => ({
  temperature: 2,
  noise: 0.2,
  noiseKind: 'turn',
  candidates: 80,
  repeats: 4,
}));
const query = { ids: addition.encode('615+861=1476'), site: 'a1.2', position: 8, seed: 3 };
const draw = async (own: readonly SamplingRound[]): Promise<readonly Candidate[]> =>
  (await reader.read({ ...query, rounds: own })).candidates;

describe('rounds with repeats', () => {
  it('draw no rare token at a place where earlier rounds drew it more often, and common ones as ever', async () => {
    const candidates = await draw(rounds);
    expect(candidates).toHaveLength(320);
    const counts = new Map<string, number>();
    let [barred, common] = [0, 0];
    for (const round of rounds.keys()) {
      const own = candidates.filter((one) => one.round === round);
      for (const { ids } of own) {
        ids.forEach((token, place) => {
          if (place === 0 || (counts.get(`${place} ${token}`) ?? 0) <= 4) return;
          if (task.isRare?.(token) === true) barred += 1;
          else common += 1;
        });
      }
      for (const { ids } of own)
        ids.forEach((token, place) =>
          counts.set(`${place} ${token}`, (counts.get(`${place} ${token}`) ?? 0) + 1),
        );
    }
    expect(barred).toBe(0);
    expect(common).toBeGreaterThan(100);
    // Without repeats the same rounds do draw such tokens, and the first round is the same in both.
    const free = await draw(rounds.map(({ repeats: _, ...round }) => round));
    const texts = (own: readonly Candidate[], round: number): string[] =>
      own.filter((one) => one.round === round).map(({ ids }) => ids.join(' '));
    expect(texts(free, 0)).toEqual(texts(candidates, 0));
    expect(texts(free, 3)).not.toEqual(texts(candidates, 3));
  });

  it('give the same candidates whether they come at once, soon, or position by position', async () => {
    const whole = (await draw(rounds)).map(({ ids }) => ids.join(' '));
    const run = await reader.runQuery(query);
    const soon: string[] = [];
    for await (const some of reader.draw(run, { rounds }, true))
      soon.push(...some.map(({ ids }) => ids.join(' ')));
    expect(soon).toEqual(whole);
    const { position, ...question } = query;
    for await (const found of reader.survey({ ...question, positions: [position, 3], rounds }))
      if (found.position === position)
        expect(found.candidates.map(({ ids }) => ids.join(' '))).toEqual(whole);
  });

  it('need a task that says what is rare, and a decoder that says tokens', async () => {
    const plain = createReader(runtime, model, decoder, addition);
    await expect(plain.read({ ...query, rounds })).rejects.toThrow(
      /A round with repeats needs a task that says which tokens are rare; addition does not\./,
    );
    await plain.dispose();
    const alphabet = { size: 9, begin: 0, name: String };
    const completion = { ...addition.completion, alphabet };
    expect(() => countDrawn({ ...task, completion }, 'completion', 4)).toThrow(
      /needs a decoder of the plain/,
    );
  });
});

describe('stages', () => {
  const round = { temperature: 1, noise: 0, candidates: 8 };
  it('wait only for what they must', () => {
    const some = (...repeats: (number | undefined)[]) =>
      stagesOf(repeats.map((one) => (one === undefined ? round : { ...round, repeats: one })));
    expect(some(undefined, undefined)).toEqual([{ start: 0, end: 16, repeats: null }]);
    // The first has nothing before it.
    expect(some(5, undefined, 3)).toEqual([
      { start: 0, end: 16, repeats: null },
      { start: 16, end: 24, repeats: 3 },
    ]);
    expect(some(undefined, 2, 2)).toEqual([
      { start: 0, end: 8, repeats: null },
      { start: 8, end: 16, repeats: 2 },
      { start: 16, end: 24, repeats: 2 },
    ]);
    expect(stagesOf([])).toEqual([]);
  });
});
