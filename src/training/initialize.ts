/**
 * Parameters at the start of a training, from a seed.
 * @module
 */
import type { Tensor } from '../engine/index.js';
import { type ParameterPlan } from '../models/decoder-config.js';
import { type Architecture, parameterShapes } from '../models/architecture.js';
import { type Random } from '../random.js';

/** Fills parameters as planned; `statistics` must be given. */
export function initializeParameters(
  plans: ReadonlyMap<string, ParameterPlan>,
  random: Random,
  statistics: ReadonlyMap<string, Float32Array> = new Map(),
): Map<string, Tensor> {
  const out = new Map<string, Tensor>();
  for (const [name, { shape, initial }] of plans) {
    const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
    if (initial === 'ones') data.fill(1);
    else if (initial === 'statistics') {
      const given = statistics.get(name);
      if (given?.length !== data.length) throw new Error(`no statistics for parameter "${name}"`);
      data.set(given);
    } else if (initial !== 'zeros') {
      for (let i = 0; i < data.length; i++) {
        data[i] =
          'normal' in initial
            ? random.gaussian() * initial.normal
            : (2 * random.next() - 1) * initial.uniform;
      }
    }
    out.set(name, { dtype: 'float32', shape, data });
  }
  return out;
}

/** GPT-2's start: normal, with less deviation for what writes to the residual stream. GPT-2 itself has 0.02. */
export function gpt2Plans(architecture: Architecture, deviation: number): Map<string, ParameterPlan> {
  const residual = deviation / Math.sqrt(2 * architecture.layers);
  const plans = new Map<string, ParameterPlan>();
  for (const [name, shape] of parameterShapes(architecture)) {
    let initial: ParameterPlan['initial'] = { normal: name.endsWith('c_proj.weight') ? residual : deviation };
    if (name.endsWith('.bias')) initial = 'zeros';
    else if (/ln_\w+\.weight$/.test(name)) initial = 'ones';
    plans.set(name, { shape, initial });
  }
  return plans;
}
