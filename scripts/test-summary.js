/**
 * Prints one line, `N passed, N failed, N skipped`, the sum over the JSON reports of vitest runs. A test file
 * that did not load counts as one failure, and so does a report that is not there.
 *
 *     node scripts/test-summary.js test.json long.json
 * @module
 */
import { readFileSync } from 'node:fs';

function count(path) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

const counts = process.argv.slice(2).map(count);
const sum = (name) => counts.reduce((all, one) => all + one[name], 0);
console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
