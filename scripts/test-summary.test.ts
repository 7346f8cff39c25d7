/**
 * The closing lines of a run: what was skipped, and why, in vitest's own output and in that of scripts/test-summary.js.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'inversionview-summary-'));
const report = join(folder, 'report.json');
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const node = (...args: readonly string[]): string[] =>
  spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' }).stdout.trimEnd().split('\n');
const summary = (...paths: readonly string[]): string[] => node('scripts/test-summary.js', ...paths);

describe('a run with skipped tests', () => {
  let printed: string[] = [];
  beforeAll(() => {
    const config = 'test/fixtures/skipping/vitest.config.ts';
    printed = node('node_modules/vitest/vitest.mjs', 'run', '--config', config, '--outputFile', report);
  });

  it('ends with how many were skipped and why', () => {
    const at = printed.indexOf('Skipped 2 tests: needs a file');
    expect(at).toBeGreaterThan(0);
    expect(printed.slice(at)).toEqual([
      'Skipped 2 tests: needs a file',
      'Skipped 1 test: on a machine that is not here',
      'Skipped 1 test: to be written',
      expect.stringContaining('JSON report written'),
    ]);
  });

  it('says so in the summary too, counts last; a test that a failure kept from running has no reason', () => {
    expect(summary(report)).toEqual([
      'skipped 2: needs a file',
      'skipped 1: on a machine that is not here',
      'skipped 1: to be written',
      '1 passed, 1 failed, 5 skipped',
    ]);
  });
});

describe('the summary', () => {
  it('counts a file that did not load as a failure', () => {
    const broken = { status: 'failed', assertionResults: [] };
    const counts = { numPassedTests: 3, numFailedTests: 1, numPendingTests: 0, numTodoTests: 0 };
    writeFileSync(report, JSON.stringify({ ...counts, testResults: [broken] }));
    expect(summary(report)).toEqual(['3 passed, 2 failed, 0 skipped']);
  });

  it('counts a report that is not there as a failure, and adds what several runs report', () => {
    expect(summary(join(folder, 'none.json'))).toEqual(['0 passed, 1 failed, 0 skipped']);
    const counts = { numPassedTests: 5, numFailedTests: 0, numPendingTests: 2, numTodoTests: 0 };
    writeFileSync(report, JSON.stringify({ ...counts, testResults: [] }));
    expect(summary(report, report, join(folder, 'none.json'))).toEqual(['10 passed, 1 failed, 4 skipped']);
  });
});
