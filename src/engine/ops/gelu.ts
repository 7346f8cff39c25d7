/**
 * GELU in its tanh form, as GPT-2 has it (`gelu_new`), and in its exact form, as GPT-NeoX has it (`gelu`).
 * @module
 */
import { type OpRule, type Value, apply1 } from '../graph.js';
import { add, erf, mul, sigmoid, single, sub } from './elementwise.js';
import { reshape } from './reduce.js';

const slope = 2 * Math.sqrt(2 / Math.PI);
const cubic = slope * 0.044715;

const geluRule: OpRule = {
  op: 'FastGelu',
  domain: 'com.microsoft',
  infer(inputs) {
    const x = single('FastGelu', inputs);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient(node, [dy]) {
    const x = single('FastGelu', node.inputs);
    const y = node.outputs[0];
    if (!dy || !y) return [null];
    // gelu(x) = x·s with s = σ(u), u = slope·x + cubic·x³, hence gelu' = s + y·(1 − s)·u'.
    const bend = mul(mul(x, x), cubic);
    const s = sigmoid(mul(x, add(bend, slope)));
    const rise = add(mul(bend, 3), slope);
    return [mul(dy, add(s, mul(mul(y, sub(1, s)), rise)))];
  },
};

/** `x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³)))`. */
export function gelu(x: Value): Value {
  // ONNX Runtime's kernel takes no scalars.
  return x.shape.length === 0 ? reshape(apply1(geluRule, [reshape(x, [1])]), []) : apply1(geluRule, [x]);
}

/** `x/2 · (1 + erf(x/√2))`; ONNX Runtime fuses it into one operator. */
export const erfGelu = (x: Value): Value => mul(mul(x, add(erf(mul(x, Math.SQRT1_2)), 1)), 0.5);
