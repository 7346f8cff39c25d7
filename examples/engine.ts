/**
 * A graph is built, printed, differentiated and trained: a line is fitted to noisy points.
 * @module
 */
import {
  type Tensor,
  add,
  createTrainer,
  graph,
  initialState,
  input,
  mul,
  printGraph,
  reduceMean,
  sub,
} from 'inversionview/engine';
import { nodeRuntime } from 'inversionview/engine/node';

const x = input('x', 'float32', [64]);
const y = input('y', 'float32', [64]);

const spec = {
  optimizer: {
    schedule: { kind: 'cosine', peak: 0.1, warmup: 10, steps: 200, floor: 0 },
    weightDecay: 0,
  },
  loss(parameter: (name: string) => ReturnType<typeof input>) {
    const error = sub(add(mul(x, parameter('slope')), parameter('offset')), y);
    return { loss: reduceMean(mul(error, error)) };
  },
} as const;

console.log(printGraph(graph({ squared: mul(sub(x, y), sub(x, y)) })));

const scalar = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });
const vector = (data: Float32Array): Tensor => ({ dtype: 'float32', shape: [64], data });
const points = Float32Array.from({ length: 64 }, (_, i) => i / 32 - 1);
const heights = points.map((at, i) => 3 * at - 0.5 + 0.05 * Math.sin(37 * i));

const start = initialState(
  new Map([
    ['slope', scalar(0)],
    ['offset', scalar(0)],
  ]),
  spec.optimizer,
);
const trainer = createTrainer(nodeRuntime({ threads: 1 }), spec, start);
let loss = Infinity;
for (let step = 0; step < 200; step++) {
  ({ loss } = await trainer.step({ x: vector(points), y: vector(heights) }));
}
const { parameters } = trainer.state();
const [slope, offset] = ['slope', 'offset'].map((name) => Number(parameters.get(name)?.data[0]));
console.log(`\ny = ${slope?.toFixed(2)} x + ${offset?.toFixed(2)}, loss ${loss.toFixed(4)}`);
await trainer.dispose();
