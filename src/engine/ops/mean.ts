/**
 * Means over axes. Their gradient divides, which sums do not.
 * @module
 */
import { type OpRule } from '../graph.js';
import { sizeOf } from '../shape.js';
import { div } from './elementwise.js';
import { pair } from './operands.js';
import { inferReduce, reduction, unreduce } from './reduce.js';

const meanRule: OpRule = {
  op: 'ReduceMean',
  infer: inferReduce('ReduceMean'),
  gradient(node, [dy]) {
    const [x] = pair('ReduceMean', node.inputs);
    const y = node.outputs[0];
    if (!dy || y === undefined) return [null, null];
    return [div(unreduce(node, dy, 'ReduceMean'), sizeOf(x.shape) / sizeOf(y.shape)), null];
  },
};

/** Mean over axes (all by default). */
export const reduceMean = reduction(meanRule);
