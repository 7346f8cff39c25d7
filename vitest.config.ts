import { defineConfig } from 'vitest/config';

// A file to write the results to as JSON, for scripts/test-summary.js.
const report = process.env['TEST_REPORT'];

export default defineConfig({
  test: {
    environment: 'node',
    include: ['{src,test,bench,examples,scripts}/**/*.test.ts'],
    // Worker threads start sooner than processes, and ONNX Runtime's native binding is loaded once.
    pool: 'threads',
    // Each worker runs graphs on threads of its own: more workers only take turns.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: report === undefined ? ['default'] : ['default', 'json'],
    ...(report === undefined ? {} : { outputFile: { json: report } }),
  },
});
