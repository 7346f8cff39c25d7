/**
 * Single samples of a decoder at temperature 1, one for each activation, judged by that activation: what in-preimage rates
 * and controls are made of.
 * @module
 */
import { type Task } from '../tasks/task.js';
import { type Decoder, inputOf, orderWord } from './decoder.js';
import { type Metric } from './metrics.js';
import { type Sampler, openUniforms } from './sampler.js';
import { type Judge, type Verdict } from './verdict.js';

/** A sample. */
export interface SingleSample {
  readonly ids: number[];
  /** Whether it is an input of the task. */
  readonly valid: boolean;
  readonly verdict: Verdict;
}

/**
 * Draws and judges one sample an activation.
 * @param site hook name, one of the decoder's
 * @param z activations `[rows · width]`
 * @param uniforms in [0, 1), `[rows · tokens]`; moved off 0
 */
export async function singleSamples(
  task: Task,
  { config }: Pick<Decoder, 'config'>,
  sampler: Sampler,
  judge: Judge,
  { site, metric }: { readonly site: string; readonly metric: Metric },
  z: Float32Array,
  uniforms: Float32Array,
): Promise<SingleSample[]> {
  const { tokens } = sampler;
  const rows = z.length / config.activation_width;
  openUniforms(uniforms);
  const drawn = await sampler.sample({
    z,
    sites: new Int32Array(rows).fill(config.sites.indexOf(site)),
    temperatures: new Float32Array(rows).fill(1),
    uniforms,
  });
  const inputs = Array.from({ length: rows }, (_, row) => {
    const [from, to] = [row * tokens, (row + 1) * tokens];
    return inputOf(task, config.form, drawn.subarray(from, to), orderWord(uniforms.subarray(from, to)));
  });
  const verdicts = (await judge.judge(inputs, z))[metric];
  return inputs.flatMap((ids, row): SingleSample[] => {
    const verdict = verdicts[row];
    return verdict === undefined ? [] : [{ ids, valid: task.check(ids) === null, verdict }];
  });
}
