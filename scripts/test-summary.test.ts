import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'inversionview-summary-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const summary = (...reports: string[]): string =>
  spawnSync(process.execPath, [fileURLToPath(new URL('test-summary.js', import.meta.url)), ...reports], {
    cwd: folder,
    encoding: 'utf8',
  }).stdout;

it('adds what several runs report; a file that did not load and a report that is missing are failures', () => {
  const passed = { status: 'passed', assertionResults: [{ status: 'passed' }] };
  const broken = { status: 'failed', assertionResults: [] };
  const write = (name: string, counts: object, testResults: object[]): void =>
    writeFileSync(join(folder, name), JSON.stringify({ numTodoTests: 0, ...counts, testResults }));
  write('one.json', { numPassedTests: 5, numFailedTests: 0, numPendingTests: 2 }, [passed]);
  write('two.json', { numPassedTests: 3, numFailedTests: 1, numPendingTests: 0 }, [
    { status: 'failed', assertionResults: [{ status: 'failed' }] },
    broken,
  ]);
  expect(summary('one.json')).toBe('5 passed, 0 failed, 2 skipped\n');
  expect(summary('one.json', 'two.json')).toBe('8 passed, 2 failed, 2 skipped\n');
  expect(summary('one.json', 'none.json')).toBe('5 passed, 1 failed, 2 skipped\n');
});
