/**
 * A graph as text, one line a node, for people who want to see what will run.
 * @module
 */
import type { Graph, GraphNode, Value } from './graph.js';
import { formatShape, sizeOf } from './shape.js';

const typeOf = (value: Value): string => `${value.dtype}${formatShape(value.shape)}`;

function literal(node: GraphNode, value: Value): string {
  const { data } = node;
  if (data === null) return '';
  const shown = Array.from(data.subarray(0, 4) as Iterable<number | bigint>, String).join(', ');
  return sizeOf(value.shape) > 4 ? `[${shown}, …]` : `[${shown}]`;
}

/**
 * Prints inputs, every node with its type and attributes, and outputs.
 * @example
 * ```
 * input x: float32[2, 3]
 * %0: float32[2, 3] = Relu(x)
 * output y = %0
 * ```
 */
export function printGraph(graph: Graph): string {
  const names = new Map<Value, string>();
  const lines: string[] = [];
  let count = 0;
  for (const node of graph.nodes) {
    if (node.op === 'Input') {
      for (const value of node.outputs) {
        names.set(value, node.name);
        lines.push(`input ${node.name}: ${typeOf(value)}`);
      }
      continue;
    }
    for (const value of node.outputs) names.set(value, `%${count++}`);
    const left = node.outputs.map((value) => `${names.get(value) ?? ''}: ${typeOf(value)}`).join(', ');
    const attributes = Object.entries(node.attributes).map(
      ([name, value]) => `${name}=${Array.isArray(value) ? formatShape(value) : String(value)}`,
    );
    const [value] = node.outputs;
    const inside =
      node.op === 'Constant' && value !== undefined
        ? literal(node, value)
        : [...node.inputs.map((x) => names.get(x) ?? '?'), ...attributes].join(', ');
    lines.push(`${left} = ${node.op}(${inside})`);
  }
  for (const [name, value] of Object.entries(graph.outputs)) {
    lines.push(`output ${name} = ${names.get(value) ?? '?'}`);
  }
  return lines.join('\n');
}
