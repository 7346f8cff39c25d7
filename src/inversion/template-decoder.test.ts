/** Decoders that say symbols of their own: patterns and fillers, or the few tokens that a template's texts use. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { smallDecoderWeights } from '../../test/fixtures/small-decoder.js';
import { smallDecoderConfig } from '../../test/fixtures/task-models.js';
import { everyInput, meetingsTask, modelFor } from '../../test/fixtures/template-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { type HookedModel } from '../models/hooked-model.js';
import { tokenCount } from '../tasks/tokens.js';
import { type TemplateTask } from '../tasks/template/template-task.js';
import {
  type Decoder,
  drawnTokens,
  inputOf,
  makeDecoder,
  originsOf,
  sequenceOf,
  symbolsOf,
} from './decoder.js';
import { createReader } from './preimage.js';

const runtime = nodeRuntime({ threads: 1 });

describe.each(['plain', 'completion'] as const)('a decoder of a template in the form %s', (form) => {
  let task: TemplateTask;
  let model: HookedModel;
  let decoder: Decoder;
  beforeAll(async () => {
    task = await meetingsTask();
    model = await modelFor(task);
    const config = smallDecoderConfig(
      { ...task, model: { layers: 2, heads: 3, width: 12 } },
      {
        form,
        vocabulary: symbolsOf(task, form).size,
      },
    );
    decoder = makeDecoder('a small decoder', config, smallDecoderWeights(config));
  });

  it('has as many symbols as are said, fewer than the model has tokens', () => {
    const { size, begin, pad } = symbolsOf(task, form);
    expect(size).toBeLessThan(tokenCount(task));
    // Two patterns, six names and three towns, and what stands before them; or the tokens of all texts.
    const tokens = new Set(everyInput(task).flat());
    expect(size).toBe(form === 'completion' ? 1 + 2 + 6 + 3 : tokens.size);
    expect([begin, pad].every((symbol) => symbol >= 0 && symbol < size)).toBe(true);
  });

  it('says every input in symbols from which it comes back', () => {
    const { size, begin } = symbolsOf(task, form);
    const drawn = drawnTokens(task, form);
    for (const ids of everyInput(task)) {
      const said = sequenceOf(task, form, ids);
      expect(said[0]).toBe(begin);
      expect(said.length - 1).toBeLessThanOrEqual(drawn);
      expect(said.every((symbol) => Number.isInteger(symbol) && symbol >= 0 && symbol < size)).toBe(true);
      expect(inputOf(task, form, said.slice(1))).toEqual(ids);
      const steps = (originsOf(task, form, ids) ?? []).flatMap((origin) =>
        origin.kind === 'said' ? origin.steps : [],
      );
      expect(steps.map(({ at }) => at).sort((a, b) => a - b)).toEqual(said.slice(1).map((_, at) => at + 1));
      expect(steps.every(({ at, among }) => among.length === 1 && among[0] === said[at])).toBe(true);
    }
  });

  it('makes inputs, BOS alone or sequences of used tokens of whatever it draws', () => {
    const { size } = symbolsOf(task, form);
    const length = drawnTokens(task, form);
    const used = new Set(task.usedTokens?.());
    fc.assert(
      fc.property(fc.array(fc.nat(size - 1), { minLength: length, maxLength: length }), (drawn) => {
        const ids = inputOf(task, form, drawn);
        expect(ids[0]).toBe(task.bos);
        expect(ids.length).toBeLessThanOrEqual(task.maxLength);
        expect(ids.every((id) => used.has(id))).toBe(true);
        if (form === 'completion' && ids.length > 1) expect(task.check(ids)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it('does not say a token that no text uses', () => {
    const ids = [task.bos, tokenCount(task) - 1, ...task.tokenizer.encode('~'), task.eos];
    expect(originsOf(task, form, ids)).toBeNull();
    if (form === 'plain')
      expect(() => sequenceOf(task, form, ids)).toThrow(
        / has a token that texts of meetings were not found to use: take a decoder of completed inputs\.$/,
      );
  });

  it('is read: candidates are judged and coloured', async () => {
    const reader = createReader(runtime, model, decoder, task);
    const ids = task.encode('Ann and Bo in Oslo. Ann met Bo');
    const own = [task.encode('Cleo saw Bo in Rome. Bo met Cleo'), task.encode('Ann and Ann')];
    const query = {
      ids,
      site: 'x1.post',
      position: 4,
      rounds: [{ temperature: 3, noise: 0, candidates: 128 }],
      seed: 1,
      shown: 30,
      epsilon: 10,
      own,
    };
    const { candidates, reading } = await reader.read(query);
    expect(candidates).toHaveLength(128);
    for (const candidate of candidates) {
      expect(candidate.valid).toBe(task.check(candidate.ids) === null);
      if (form === 'completion')
        expect(candidate.valid || candidate.ids.join() === String(task.bos)).toBe(true);
    }
    for (const { tokens, tokenDelta, valid, follows } of [...reading.samples, ...(reading.own ?? [])]) {
      expect(tokenDelta).toHaveLength(tokens.length);
      expect(tokenDelta.every((delta) => delta === null || Math.abs(delta) <= 1)).toBe(true);
      if (valid) expect(tokenDelta.some((delta) => delta !== null)).toBe(true);
      expect((follows ?? []).every((at) => at > 0 && at < tokens.length)).toBe(true);
    }
    expect(reading.own?.map(({ valid }) => valid)).toEqual([true, false]);
    const again = await reader.read(query);
    expect(again.reading).toEqual(reading);
    await reader.dispose();
  });
});
