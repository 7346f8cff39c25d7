import { svelte } from '@sveltejs/vite-plugin-svelte';
import { configDefaults, defineConfig } from 'vitest/config';

// A file to write the results to as JSON, for scripts/test-summary.js.
const report = process.env['TEST_REPORT'];

// What takes minutes: `npm run test:long`. All other tests are for `npm test`.
const long = '**/*.long.test.ts';
const browser = {
  // One browser and one server for all, which does one reading at a time: so one file at a time, after the others.
  globalSetup: ['test/browser/serve.ts'],
  fileParallelism: false,
  hookTimeout: 300_000,
};

export default defineConfig({
  test: {
    environment: 'node',
    // Contract suites: the tests of each implementation run them.
    exclude: [...configDefaults.exclude, '**/*.case.test.ts'],
    globalSetup: ['test/software-vulkan.ts', 'test/first-session.ts', 'test/built-package.ts'],
    // Worker threads start sooner than processes, and ONNX Runtime's native binding is loaded once.
    pool: 'threads',
    // One more than the two cores that a run is reckoned for: tests wait for processes and servers now and then.
    maxWorkers: 3,
    // Waiting for a state ends when it has come: on a busy machine a second is no sign that it will not, and processes,
    // which many tests start, are slow to start there.
    testTimeout: 400_000,
    hookTimeout: 400_000,
    expect: { poll: { timeout: 100_000 } },
    reporters: ['default', './test/skip-reasons.ts', ...(report === undefined ? [] : ['json'])],
    ...(report === undefined ? {} : { outputFile: { json: report } }),
    projects: [
      {
        extends: true,
        // The page's modules, without a browser.
        plugins: [svelte({ configFile: 'web/svelte.config.js' })],
        test: {
          name: 'cpu',
          // A thread runs one file after the other, and what they import is loaded once a thread. A file therefore leaves
          // nothing behind: what it fakes, sets or opens, it puts back.
          isolate: false,
          include: ['{src,test,bench,examples,scripts}/**/*.test.ts'],
          exclude: [...configDefaults.exclude, '**/*.case.test.ts', 'test/browser/**', long],
          provide: { device: 'cpu' },
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: [long],
          exclude: [...configDefaults.exclude, 'test/browser/**'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          ...browser,
          name: 'long-browser',
          include: ['test/browser/*.long.test.ts'],
          testTimeout: 600_000,
          expect: { poll: { timeout: 300_000 } },
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          ...browser,
          name: 'browser',
          include: ['test/browser/*.test.ts'],
          exclude: [...configDefaults.exclude, long],
          testTimeout: 300_000,
          expect: { poll: { timeout: 200_000 } },
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          // What the engine owes, once more on WebGPU. One file at a time: ONNX Runtime has one GPU context for
          // the whole process, and it does not stand two threads at once.
          name: 'long-webgpu',
          include: ['src/engine/{ops,optim,runtime}/*.test.ts'],
          provide: { device: 'webgpu' },
          fileParallelism: false,
          testTimeout: 600_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
