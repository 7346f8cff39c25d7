/**
 * The device that tests of operators and of the runtime run on. They are run twice: on the CPU, and once more
 * on WebGPU where there is an adapter (the project `webgpu` of vitest.config.ts).
 * @module
 */
import { describe, inject } from 'vitest';
import { graph, input } from '../graph.js';
import { neg } from '../ops/elementwise.js';
import { nodeRuntime } from '../runtime/node.js';
import { DeviceError, type Runtime } from '../runtime/runtime.js';

declare module 'vitest' {
  interface ProvidedContext {
    device: 'cpu' | 'webgpu';
  }
}

/** Where this run of the tests takes place. */
export const device = inject('device');

/** One thread, so that what a test finds does not hang on the machine. */
export const runtime: Runtime = nodeRuntime({ device, threads: 1 });

/** How many random cases a property is tried on: compiling shaders takes a software GPU a while. */
export const runs = device === 'cpu' ? 40 : 4;

async function whyMissing(): Promise<string | null> {
  try {
    const tried = await runtime.compile(graph({ y: neg(input('x', 'float32', [1])) }));
    await tried.dispose();
    return null;
  } catch (error) {
    if (error instanceof DeviceError) return error.message;
    throw error;
  }
}
const missing = await whyMissing();

/** Defines tests that need the device; skipped, saying why, where it is missing. */
export function onDevice(define: () => void): void {
  describe.skipIf(missing !== null)(missing === null ? `on ${device}` : `on ${device}: ${missing}`, define);
}
