/**
 * Runs every example in examples/, each in a process of its own and from the built package, as a reader
 * would. `npm run examples`, or `npm run examples -- engine` for those whose name contains "engine".
 * @module
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = 'examples';
const wanted = process.argv[2] ?? '';
const examples = existsSync(folder)
  ? readdirSync(folder)
      .filter((file) => file.endsWith('.ts') && file.includes(wanted))
      .sort()
  : [];

const failed = [];
for (const example of examples) {
  console.log(`\n--- ${example}`);
  const start = performance.now();
  const { status, signal } = spawnSync(process.execPath, ['--import', 'tsx', join(folder, example)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 120_000,
  });
  if (status !== 0) failed.push(`${example} (${signal ?? `exit ${status}`})`);
  console.log(`--- ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

console.log(`\n${examples.length - failed.length} of ${examples.length} examples ran`);
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
