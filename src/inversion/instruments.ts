/**
 * What reading a model takes: the decoder's sampler and the model's judge of each site, made when they are first asked for.
 * Who reads a preimage and who interprets it work with the same ones, so that nothing is compiled twice.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { type HookedModel, isLarge } from '../models/hooked-model.js';
import { type Task } from '../tasks/task.js';
import { type Decoder, drawnTokens, symbolsOf } from './decoder.js';
import { createJudge, judgeBatch } from './judge.js';
import { type Sampler, createSampler, sampleBatch } from './sampler.js';
import { type Judge } from './verdict.js';

/** Samplers and judges of one model, decoder and task. */
export interface Instruments {
  /** @param batch rows of its graph. @throws InputError where there is no decoder */
  sampler(batch?: number): Sampler;
  /** @param batch rows of its graph; a large model has one judge a site, whose runs have sizes of their own */
  judge(site: string, batch?: number): Judge;
  dispose(): Promise<void>;
}

/** A sampler of a decoder's sequences for a task. @param batch rows of its graph */
export function decoderSampler(runtime: Runtime, decoder: Decoder, task: Task, batch = sampleBatch): Sampler {
  const { config } = decoder;
  const { begin } = symbolsOf(task, config.form);
  const tokens = drawnTokens(task, config.form);
  return createSampler(runtime, config, (name) => decoder.parameter(name), begin, tokens, batch);
}

/** @param decoder null where inputs are searched for or enumerated */
export function createInstruments(
  runtime: Runtime,
  model: HookedModel,
  decoder: Decoder | null,
  task: Task,
): Instruments {
  const samplers = new Map<number, Sampler>();
  const judges = new Map<string, Judge>();
  return {
    sampler(batch = sampleBatch) {
      if (decoder === null) throw new InputError('This needs a decoder: give one with --decoder, or search.');
      const made = samplers.get(batch) ?? decoderSampler(runtime, decoder, task, batch);
      samplers.set(batch, made);
      return made;
    },
    judge(site, batch = judgeBatch) {
      const key = isLarge(model) ? site : `${site} ${batch}`;
      const made = judges.get(key) ?? createJudge(runtime, model, task, site, batch);
      judges.set(key, made);
      return made;
    },
    async dispose() {
      for (const one of [...samplers.values(), ...judges.values()]) await one.dispose();
    },
  };
}
