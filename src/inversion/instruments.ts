/**
 * What reading a model takes: the decoder's sampler and the model's judge of each site, made when they are first asked for.
 * Who reads a preimage and who interprets it work with the same ones, so that nothing is compiled twice.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { type HookedModel } from '../models/hooked-model.js';
import { type Task } from '../tasks/task.js';
import { type Decoder, drawnTokens, symbolsOf } from './decoder.js';
import { type Judge, createJudge, rowsFor } from './judge.js';
import { type Sampler, createSampler, sampleBatch } from './sampler.js';

/** Samplers and judges of one model, decoder and task. */
export interface Instruments {
  /** @param batch rows of its graph. @throws InputError where there is no decoder */
  sampler(batch?: number): Sampler;
  /** @param batch most rows of its graph; of a large model fewer */
  judge(site: string, batch?: number): Judge;
  dispose(): Promise<void>;
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
      const { form } = decoder.config;
      const made =
        samplers.get(batch) ??
        createSampler(
          runtime,
          decoder.config,
          (name) => decoder.parameter(name),
          symbolsOf(task, form).begin,
          drawnTokens(task, form),
          batch,
        );
      samplers.set(batch, made);
      return made;
    },
    judge(site, batch = rowsFor(model, Infinity)) {
      const rows = Math.min(batch, rowsFor(model, batch));
      const key = `${site} ${rows}`;
      const made = judges.get(key) ?? createJudge(runtime, model, task, site, rows);
      judges.set(key, made);
      return made;
    },
    async dispose() {
      for (const one of [...samplers.values(), ...judges.values()]) await one.dispose();
    },
  };
}
