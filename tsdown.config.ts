import { existsSync } from 'node:fs';
import { defineConfig } from 'tsdown';

/** What the package exposes: output name -> source. A layer that has no index yet is left out. */
const entries: Record<string, string> = {
  'engine/index': 'src/engine/index.ts',
  'engine/node': 'src/engine/runtime/node.ts',
  'models/index': 'src/models/index.ts',
  'tasks/index': 'src/tasks/index.ts',
  'studies/index': 'src/studies/index.ts',
  'training/index': 'src/training/index.ts',
  'inversion/index': 'src/inversion/index.ts',
  'report/index': 'src/report/index.ts',
  'report/plots/index': 'src/report/plots/index.ts',
  'causal/index': 'src/causal/index.ts',
  'interpret/index': 'src/interpret/index.ts',
  'jobs/index': 'src/jobs/index.ts',
  'cli/main': 'src/cli/main.ts',
  'server/worker': 'src/server/worker.ts',
};

export default defineConfig({
  entry: Object.fromEntries(Object.entries(entries).filter(([, source]) => existsSync(source))),
  platform: 'node',
  target: 'node20',
  format: 'esm',
  dts: true,
  fixedExtension: false,
  inputOptions: { checks: { pluginTimings: false } },
});
