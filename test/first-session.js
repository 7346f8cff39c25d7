/**
 * The thread of first-session.ts: compiles a graph and ends.
 * @module
 */
import { workerData } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';

const session = await ort.InferenceSession.create(workerData, {
  extra: { session: { set_denormal_as_zero: '1' } },
});
await session.release();
