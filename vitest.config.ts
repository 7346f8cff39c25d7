import { configDefaults, defineConfig } from 'vitest/config';

// A file to write the results to as JSON, for scripts/test-summary.js.
const report = process.env['TEST_REPORT'];

export default defineConfig({
  test: {
    environment: 'node',
    // Contract suites: the tests of each implementation run them.
    exclude: [...configDefaults.exclude, '**/*.case.test.ts'],
    globalSetup: ['test/software-vulkan.ts'],
    // Worker threads start sooner than processes, and ONNX Runtime's native binding is loaded once.
    pool: 'threads',
    // Each worker runs graphs on threads of its own: more workers only take turns.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/skip-reasons.ts', ...(report === undefined ? [] : ['json'])],
    ...(report === undefined ? {} : { outputFile: { json: report } }),
    projects: [
      {
        extends: true,
        test: {
          name: 'cpu',
          include: ['{src,test,bench,examples,scripts}/**/*.test.ts'],
          exclude: [...configDefaults.exclude, '**/*.case.test.ts', 'test/browser/**'],
          provide: { device: 'cpu' },
        },
      },
      {
        extends: true,
        test: {
          // One server for all, which does one reading at a time: so one file at a time, after the others.
          name: 'browser',
          include: ['test/browser/*.test.ts'],
          globalSetup: ['test/browser/serve.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          // What the engine owes, once more on WebGPU. One file at a time: ONNX Runtime has one GPU context for
          // the whole process, and it does not stand two threads at once.
          name: 'webgpu',
          include: ['src/engine/{ops,optim,runtime}/*.test.ts'],
          provide: { device: 'webgpu' },
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
