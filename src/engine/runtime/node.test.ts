import { describe, expect, it } from 'vitest';
import { graph, input } from '../graph.js';
import { mul } from '../ops/elementwise.js';
import { gemm } from '../ops/matmul.js';
import { device, onDevice, runtime } from '../testing/device.js';
import { random, toTensor } from '../testing/float64.js';
import { nodeRuntime } from './node.js';
import { floats, runtimeContract } from './runtime.case.test.js';
import { floatsOf } from './runtime.js';

onDevice(() => {
  runtimeContract(runtime);

  it('names library, version and device', () => {
    expect(runtime.name).toMatch(new RegExp(`^onnxruntime-node \\d+\\.\\d+\\.\\d+ ${device}$`));
  });
});

describe.runIf(device === 'cpu')('nodeRuntime', () => {
  it('runs on the CPU unless told otherwise', () => {
    expect(nodeRuntime().name).toMatch(/ cpu$/);
  });

  it('gives the same on any number of threads', async () => {
    const [x, w] = [random([129, 257], 1), random([257, 65], 2)];
    const results = await Promise.all(
      [1, 2, 3].map(async (threads) => {
        const y = gemm(input('x', 'float32', x.shape), input('w', 'float32', w.shape));
        const executable = await nodeRuntime({ threads }).compile(graph({ y }));
        return floatsOf(await executable.run({ x: toTensor(x), w: toTensor(w) }), 'y');
      }),
    );
    for (const result of results) {
      result.forEach((value, i) => expect(Math.abs(value - (results[0]?.[i] ?? NaN))).toBeLessThan(1e-4));
    }
  });

  it('takes numbers too small for float32\u2019s full precision for zero', async () => {
    const executable = await nodeRuntime({ threads: 1 }).compile(
      graph({ y: mul(input('x', 'float32', [2]), 0.5) }),
    );
    const smallest = 2 ** -126;
    const y = floatsOf(await executable.run({ x: floats(smallest, 2 * smallest) }), 'y');
    expect([...y]).toEqual([0, smallest]);
  });
});
