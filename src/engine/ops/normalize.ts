/**
 * Layer normalisation, that by the root mean square, softmax and its logarithm. The forward pass is one ONNX operator each;
 * ONNX Runtime ships no gradients for them, so backward is composed from plain ones.
 * @module
 */
import { type OpRule, type Value, apply, apply1 } from '../graph.js';
import { GraphError, axisOf, expectType, formatShape, sameShape } from '../shape.js';
import { add, div, exp, mul, sqrt, sub } from './elementwise.js';
import { single } from './operands.js';
import { expand, reduceSum, sumTo } from './reduce.js';
import { reduceMean } from './mean.js';

const layerNormRule: OpRule = {
  op: 'LayerNormalization',
  floats: ['epsilon'],
  infer([x, scale, bias]) {
    const width = x?.shape.at(-1);
    if (!x || !scale || width === undefined) throw new GraphError('LayerNormalization: takes 2 or 3 inputs');
    expectType('LayerNormalization', x, ['float32']);
    for (const parameter of bias === undefined ? [scale] : [scale, bias]) {
      expectType('LayerNormalization', parameter, ['float32']);
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
  gradient(node, [dy, dMean, dInverse]) {
    const [x, scale, bias] = node.inputs;
    const [, mean, inverse] = node.outputs;
    if (!x || !scale || !mean || !inverse) return [null, null, null];
    const normal = mul(sub(x, mean), inverse);
    const parts: Value[] = [];
    if (dy) {
      const dNormal = mul(dy, scale);
      const along = reduceMean(mul(dNormal, normal), [-1], true);
      const level = reduceMean(dNormal, [-1], true);
      parts.push(mul(sub(sub(dNormal, level), mul(normal, along)), inverse));
    }
    const width = x.shape.at(-1) ?? 1;
    if (dMean) parts.push(expand(div(dMean, width), x.shape));
    // d(inverse)/dx = −inverse³ · (x − mean) / width.
    if (dInverse) parts.push(mul(mul(normal, mul(inverse, inverse)), div(dInverse, -width)));
    const dx = parts.length === 0 ? null : parts.reduce((sum, part) => add(sum, part));
    const dScale = dy ? sumTo(mul(dy, normal), scale.shape) : null;
    return [dx, dScale, dy && bias ? sumTo(dy, bias.shape) : null];
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

/** Layer normalisation over the last axis. */
export function layerNorm(x: Value, scale: Value, bias: Value | null, epsilon: number): LayerNorm {
  const outputs = apply(layerNormRule, bias === null ? [x, scale] : [x, scale, bias], { axis: -1, epsilon });
  const [output, mean, inverse] = outputs;
  if (!output || !mean || !inverse) throw new GraphError('LayerNormalization: missing outputs');
  return { output, mean, inverse };
}

const rmsNormRule: OpRule = {
  // ONNX Runtime's own, in ONNX's domain; ONNX has it as RMSNormalization from opset 23 on.
  op: 'SimplifiedLayerNormalization',
  floats: ['epsilon'],
  infer([x, scale]) {
    const width = x?.shape.at(-1);
    if (!x || !scale || width === undefined)
      throw new GraphError('SimplifiedLayerNormalization: takes 2 inputs');
    for (const value of [x, scale]) expectType('SimplifiedLayerNormalization', value, ['float32']);
    if (!sameShape(scale.shape, [width])) {
      throw new GraphError(
        `SimplifiedLayerNormalization: parameter ${formatShape(scale.shape)} does not fit input ${formatShape(x.shape)}`,
      );
    }
    return [{ dtype: 'float32', shape: x.shape }];
  },
  gradient(node, [dy]) {
    const [x, scale] = node.inputs;
    if (!dy || !x || !scale) return [null, null];
    const inverse = div(1, rootMeanSquare(x, Number(node.attributes['epsilon'])));
    const normal = mul(x, inverse);
    const dNormal = mul(dy, scale);
    const along = reduceMean(mul(dNormal, normal), [-1], true);
    const dx = mul(sub(dNormal, mul(normal, along)), inverse);
    return [dx, sumTo(mul(dy, normal), scale.shape)];
  },
};

/** `√(mean of x² + epsilon)` over the last axis, kept as length 1. */
export const rootMeanSquare = (x: Value, epsilon: number): Value =>
  sqrt(add(reduceMean(mul(x, x), [-1], true), epsilon));

/**
 * `x / √(mean of x² + epsilon) · scale` over the last axis, as Llama has it. ONNX Runtime's operator could give the
 * divisor too, but gives something else in its place on WebGPU: {@link rootMeanSquare}.
 */
export const rmsNorm = (x: Value, scale: Value, epsilon: number): Value =>
  apply1(rmsNormRule, [x, scale], { axis: -1, epsilon });

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
