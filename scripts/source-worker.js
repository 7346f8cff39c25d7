/**
 * A worker thread that runs TypeScript: what a checkout's server starts in place of the built file when it is itself
 * run from the sources, in development and in tests.
 * @module
 */
import { workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
await import(workerData.entry);
