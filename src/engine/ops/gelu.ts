/**
 * GELU in its tanh form, as GPT-2 has it (`gelu_new`), and in its exact form, as GPT-NeoX has it (`gelu`); and SiLU.
 * @module
 */
import { type OpRule, type Value, apply1 } from '../graph.js';
import { add, erf, mul, sigmoid, sub } from './elementwise.js';
import { single } from './operands.js';
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
export const gelu = (x: Value): Value => ofScalarsToo(x, (value) => apply1(geluRule, [value]));

/** ONNX Runtime's kernels take no scalars. */
const ofScalarsToo = (x: Value, of: (value: Value) => Value): Value =>
  x.shape.length === 0 ? reshape(of(reshape(x, [1])), []) : of(x);

/** `x/2 · (1 + erf(x/√2))`; ONNX Runtime fuses it into one operator. */
export const erfGelu = (x: Value): Value => mul(mul(x, add(erf(mul(x, Math.SQRT1_2)), 1)), 0.5);

const siluRule: OpRule = {
  // x · σ(alpha x) with alpha 1.
  op: 'QuickGelu',
  domain: 'com.microsoft',
  floats: ['alpha'],
  infer(inputs) {
    const x = single('QuickGelu', inputs);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient(node, [dy]) {
    const x = single('QuickGelu', node.inputs);
    const y = node.outputs[0];
    if (!dy || !y) return [null];
    const s = sigmoid(x);
    return [mul(dy, add(s, mul(y, sub(1, s))))];
  },
};

/** `x · σ(x)`, as Llama has it. */
export const silu = (x: Value): Value => ofScalarsToo(x, (value) => apply1(siluRule, [value], { alpha: 1 }));
