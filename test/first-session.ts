/**
 * Set up once for all tests: ONNX Runtime makes the thread of a process that first compiles count denormals as zero from then
 * on (src/engine/runtime/node.ts). Here that is a thread which then ends, so that the numbers in a test do not depend on
 * what ran before it in its thread.
 * @module
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { encodeOnnx } from '../src/engine/onnx/encode.js';
import { graph, input, mul } from '../src/engine/index.js';

/** Called by vitest before the first test. */
export default async function setup(): Promise<void> {
  const model = encodeOnnx(graph({ y: mul(input('x', 'float32', [1]), 2) }), false);
  const thread = new Worker(join(import.meta.dirname, 'first-session.js'), { workerData: model });
  await once(thread, 'exit');
}
