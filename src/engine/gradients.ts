/**
 * Reverse-mode differentiation: from a scalar back to whatever it rests on, as more nodes of the same graph.
 * @module
 */
import { type GraphNode, type Value, scalar, sortNodes } from './graph.js';
import { add } from './ops/elementwise.js';
import { GraphError, formatShape, sameShape } from './shape.js';

/**
 * d(loss)/d(value) for each given value, in the shape of that value.
 * @param loss a float32 scalar
 * @throws GraphError when the loss is not a scalar, does not rest on a value, or an operator on the way
 *   has no gradient; the operator is named.
 */
export function gradients(loss: Value, values: readonly Value[]): Value[] {
  if (loss.shape.length !== 0 || loss.dtype !== 'float32') {
    throw new GraphError(
      `gradients: the loss must be a float32 scalar, not ${loss.dtype}${formatShape(loss.shape)}`,
    );
  }
  const nodes = sortNodes([loss]);
  const wanted = new Set(values.map((value) => value.node));
  const onTheWay = new Set<GraphNode>();
  for (const node of nodes) {
    if (wanted.has(node) || node.inputs.some((x) => onTheWay.has(x.node))) onTheWay.add(node);
  }

  const slopes = new Map<GraphNode, (Value | null)[]>();
  const give = (value: Value, slope: Value): void => {
    if (!sameShape(value.shape, slope.shape)) {
      throw new GraphError(
        `gradients: ${value.node.op} of shape ${formatShape(value.shape)} got a gradient of shape ${formatShape(slope.shape)}`,
      );
    }
    const list = slopes.get(value.node) ?? value.node.outputs.map(() => null);
    const earlier = list[value.index];
    list[value.index] = earlier ? add(earlier, slope) : slope;
    slopes.set(value.node, list);
  };
  give(loss, scalar(1));

  for (const node of nodes.reverse()) {
    const upstream = slopes.get(node);
    if (upstream === undefined || !onTheWay.has(node) || node.rule === null) continue;
    if (node.rule.gradient === undefined) throw new GraphError(`gradients: ${node.op} has no gradient`);
    node.rule.gradient(node, upstream).forEach((slope, at) => {
      const x = node.inputs[at];
      // Comparisons and choices of an index are flat almost everywhere: nothing passes, nothing is lost.
      if (slope !== null && x !== undefined && x.dtype === 'float32' && onTheWay.has(x.node)) give(x, slope);
    });
  }

  return values.map((value) => {
    const slope = slopes.get(value.node)?.[value.index];
    if (!slope) {
      const name = value.node.name === '' ? value.node.op : `"${value.node.name}"`;
      throw new GraphError(`gradients: the loss does not rest on ${name} ${formatShape(value.shape)}`);
    }
    return slope;
  });
}
