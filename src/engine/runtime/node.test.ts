import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { graph, input } from '../graph.js';
import { gemm } from '../ops/matmul.js';
import { device, onDevice, runtime } from '../testing/device.js';
import { random, toTensor } from '../testing/float64.js';
import { nodeRuntime } from './node.js';
import { runtimeContract } from './runtime.case.test.js';
import { floatsOf } from './runtime.js';

/** What a script prints that runs in a process of its own, for what ONNX Runtime does once in the life of a process. */
function inOwnProcess(script: string, environment: Record<string, string> = {}): string {
  const imports = `
    import { graph, input, mul } from './src/engine/index.ts';
    import { nodeRuntime } from './src/engine/runtime/node.ts';
  `;
  const { stdout } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', imports + script],
    {
      cwd: fileURLToPath(new URL('../../..', import.meta.url)),
      env: { ...process.env, ...environment },
      encoding: 'utf8',
    },
  );
  return stdout;
}

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

  it('takes numbers too small for float32\u2019s full precision for zero, in the thread that compiles first', () => {
    expect(
      inOwnProcess(`
        const executable = await nodeRuntime({ threads: 1 }).compile(graph({ y: mul(input('x', 'float32', [2]), 0.5) }));
        const data = Float32Array.of(2 ** -126, 2 ** -125);
        const { y } = await executable.run({ x: { dtype: 'float32', shape: [2], data } });
        console.log(...y.data.map(Math.log2));
      `),
    ).toBe('-Infinity -126\n');
  });

  it.runIf(process.platform === 'linux')('says what WebGPU takes, where there is no adapter', () => {
    const stdout = inOwnProcess(
      `
        const compiled = nodeRuntime({ device: 'webgpu' }).compile(graph({ y: mul(input('x', 'float32', [1]), 2) }));
        await compiled.catch((error) => console.log(error.name, error.message));
      `,
      { VK_ICD_FILENAMES: '/dev/null' },
    );
    expect(stdout).toMatch(
      /^DeviceError There is no WebGPU adapter here: it takes a GPU .* VK_ICD_FILENAMES\n$/,
    );
  });
});
