import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { familyFixtures, familyModel } from '../../test/fixtures/families.js';
import { furthest } from '../../test/fixtures/float64.js';
import { GraphError, floatsOf, input } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { seededRandom } from '../random.js';
import { distinctSites } from './hooks.js';
import { runWithCache } from './hooked-model.js';
import { createPackedRuns } from './packed-runs.js';
import { byBeginning, packedRows } from './packing.js';
import { transformer } from './transformer.js';

const runtime = nodeRuntime({ threads: 1 });

/** Few tokens, so that beginnings are shared, texts are alike and one is another's beginning. */
const textLists = fc.array(fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 6 }), { maxLength: 30 });

describe('packedRows', () => {
  it('has every text in its order, token by token on its way, in rows that are not too wide', () => {
    fc.assert(
      fc.property(textLists, fc.integer({ min: 6, max: 20 }), (texts, width) => {
        const rows = [...packedRows(texts, width)];
        expect(rows.flatMap((row) => row.texts.map(({ text }) => text))).toEqual(texts.map((_, at) => at));
        for (const { ids, depths, parents, texts: own } of rows) {
          expect(ids.length).toBeLessThanOrEqual(width);
          for (const { text, tokens } of own) {
            expect(tokens.map((token) => ids[token])).toEqual(texts[text]);
            expect(tokens.map((token) => depths[token])).toEqual(tokens.map((_, depth) => depth));
            expect(tokens.map((token) => parents[token])).toEqual([-1, ...tokens].slice(0, tokens.length));
          }
        }
      }),
    );
  });

  it('has a beginning once in a row where those that begin alike follow one another', () => {
    fc.assert(
      fc.property(textLists, (texts) => {
        const order = byBeginning(texts);
        expect([...order].sort((a, b) => a - b)).toEqual(texts.map((_, at) => at));
        const sorted = order.map((at) => texts[at] ?? []);
        const beginnings = new Set(
          texts.flatMap((text) => text.map((_, at) => text.slice(0, at + 1).join())),
        );
        const tokens = [...packedRows(sorted, 1000)].reduce((sum, { ids }) => sum + ids.length, 0);
        expect(tokens).toBe(beginnings.size);
      }),
    );
  });

  it('refuses a text that is longer than a row', () => {
    expect(() => [...packedRows([[1, 2, 3]], 2)]).toThrow(
      new GraphError('packing: a text of 3 tokens in rows of 2'),
    );
  });
});

describe.each(familyFixtures)('packed runs of %s', (name) => {
  it('give the activations of plain runs at every site, with windows, whatever is shared', async () => {
    const model = await familyModel(name);
    const { vocabulary, positions } = model.architecture;
    const names = distinctSites(model.architecture);
    const random = seededRandom(7);
    const text = (): number[] =>
      Array.from({ length: 1 + random.int(positions) }, () => random.int(vocabulary));
    const texts = [text()];
    // Each begins as one before it does: with all of it, with some, or with nothing; some are alike.
    while (texts.length < 40) {
      const old = texts[random.int(texts.length)] ?? [];
      texts.push([...old.slice(0, random.int(old.length + 1)), ...text()].slice(0, positions));
    }
    texts.push(texts[3] ?? [], (texts[5] ?? []).slice(0, 2), [4]);
    const runs = createPackedRuns(runtime, model, names, positions);
    const order = byBeginning(texts);
    const seen: number[] = [];
    const wanted = new Map<number, Awaited<ReturnType<typeof runWithCache>>>();
    for await (const { texts: some, outputs } of runs.run(order.map((at) => texts[at] ?? []))) {
      for (const { text: at, tokens } of some) {
        const number = order[at] ?? 0;
        seen.push(number);
        // A dozen of them alone: the rest is there to be packed beside.
        if (number % 4 > 0 && number < 40) continue;
        const alone = await runWithCache(runtime, model, [texts[number] ?? []], { names });
        wanted.set(number, alone);
        for (const site of names) {
          const [all, own] = [floatsOf(outputs, site), floatsOf(alone, site)];
          const width = own.length / tokens.length;
          const packed = tokens.flatMap((token) => [...all.subarray(token * width, (token + 1) * width)]);
          expect(furthest(packed, own), `${site} of text ${number}`).toBeLessThan(2e-5);
        }
      }
    }
    expect(seen.sort((a, b) => a - b)).toEqual(texts.map((_, at) => at));
    expect(wanted.size).toBeGreaterThan(10);
    await runs.dispose();
  });
});

describe('a tree', () => {
  it('of another shape than the ids, and texts longer than the model takes, are refused', async () => {
    const { architecture, parameter } = await familyModel('llama');
    const build = (tokens: number, longest: number): unknown =>
      transformer(architecture, parameter, input('ids', 'int32', [2, 40]), {
        tree: {
          depths: input('depths', 'int32', [2, tokens]),
          mask: input('mask', 'float32', [2, tokens, tokens]),
          longest,
        },
      });
    expect(() => build(40, 16)).not.toThrow();
    expect(() => build(40, 17)).toThrow(/at most 16 places/);
    expect(() => build(8, 16)).toThrow('tree: depths [2, 8] where [2, 40] is needed');
  });

  it('at a site that the model lacks is refused by its name', async () => {
    const runs = createPackedRuns(runtime, await familyModel('llama'), ['blocks.9.hook_z'], 4);
    await expect(runs.run([[1]]).next()).rejects.toThrow('the model has no site blocks.9.hook_z');
    await runs.dispose();
  });
});
