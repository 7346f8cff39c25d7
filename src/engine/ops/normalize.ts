/**
 * Layer normalisation, softmax and its logarithm. The forward pass is one ONNX operator each;
 * ONNX Runtime ships no gradients for them, so backward is composed from plain ones.
 * @module
 */
import { type OpRule, type Value, apply, apply1 } from '../graph.js';
import { GraphError, axisOf, formatShape, sameShape } from '../shape.js';
import { exp, mul, single, sub } from './elementwise.js';
import { reduceMean, reduceSum, sumTo } from './reduce.js';

const layerNormRule: OpRule = {
  op: 'LayerNormalization',
  floats: ['epsilon'],
  infer([x, scale, bias]) {
    const width = x?.shape.at(-1);
    if (!x || !scale || width === undefined) throw new GraphError('LayerNormalization: takes 2 or 3 inputs');
    for (const parameter of bias === undefined ? [scale] : [scale, bias]) {
      if (!sameShape(parameter.shape, [width])) {
        throw new GraphError(
          `LayerNormalization: parameter ${formatShape(parameter.shape)} does not fit input ${formatShape(x.shape)}`,
        );
      }
    }
    const moments = [...x.shape.slice(0, -1), 1];
    return [
      { dtype: 'float32', shape: x.shape },
      { dtype: 'float32', shape: moments },
      { dtype: 'float32', shape: moments },
    ];
  },
  gradient(node, [dy]) {
    const [x, scale, bias] = node.inputs;
    const [, mean, inverse] = node.outputs;
    if (!dy || !x || !scale || !mean || !inverse) return [null, null, null];
    const normal = mul(sub(x, mean), inverse);
    const dNormal = mul(dy, scale);
    const along = reduceMean(mul(dNormal, normal), [-1], true);
    const level = reduceMean(dNormal, [-1], true);
    const dx = mul(sub(sub(dNormal, level), mul(normal, along)), inverse);
    const dScale = sumTo(mul(dy, normal), scale.shape);
    return bias === undefined ? [dx, dScale] : [dx, dScale, sumTo(dy, bias.shape)];
  },
};

/** What layer normalisation gives: the output and the moments it used. */
export interface LayerNorm {
  /** `(x − mean) · inverse · scale + bias`, the shape of x. */
  readonly output: Value;
  /** Mean over the last axis, kept as length 1. */
  readonly mean: Value;
  /** `1 / √(variance + epsilon)` over the last axis, kept as length 1. */
  readonly inverse: Value;
}

/** Layer normalisation over the last axis. Gradients pass through `output` alone. */
export function layerNorm(x: Value, scale: Value, bias: Value | null, epsilon: number): LayerNorm {
  const outputs = apply(layerNormRule, bias === null ? [x, scale] : [x, scale, bias], { axis: -1, epsilon });
  const [output, mean, inverse] = outputs;
  if (!output || !mean || !inverse) throw new GraphError('LayerNormalization: missing outputs');
  return { output, mean, inverse };
}

const sameType: (op: string) => OpRule['infer'] = (op) => (inputs, attributes) => {
  const x = single(op, inputs);
  axisOf(x.shape, Number(attributes['axis']), op);
  return [{ dtype: x.dtype, shape: x.shape }];
};

const softmaxRule: OpRule = {
  op: 'Softmax',
  infer: sameType('Softmax'),
  gradient(node, [dy]) {
    const [y] = node.outputs;
    if (!dy || !y) return [null];
    const axis = Number(node.attributes['axis']);
    return [mul(y, sub(dy, reduceSum(mul(dy, y), [axis], true)))];
  },
};
/** Softmax along an axis. */
export const softmax = (x: Value, axis = -1): Value => apply1(softmaxRule, [x], { axis });

const logSoftmaxRule: OpRule = {
  op: 'LogSoftmax',
  infer: sameType('LogSoftmax'),
  gradient(node, [dy]) {
    const [y] = node.outputs;
    if (!dy || !y) return [null];
    const axis = Number(node.attributes['axis']);
    return [sub(dy, mul(exp(y), reduceSum(dy, [axis], true)))];
  },
};
/** Logarithm of the softmax along an axis. */
export const logSoftmax = (x: Value, axis = -1): Value => apply1(logSoftmaxRule, [x], { axis });
