/**
 * Prints `N passed, N failed, N skipped` as its last line, the sum over the JSON reports of vitest runs; above it, why
 * tests were skipped. A test file that did not load counts as one failure, and so does a report that is not there.
 *
 *     node scripts/test-summary.js test.json long.json
 * @module
 */
import { readFileSync } from 'node:fs';

/** The report's counts, and how many tests were skipped for each reason that test/skip-reasons.ts found. */
function count(path) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0, reasons: new Map() };
  }
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const reasons = new Map();
  for (const { meta } of report.testResults.flatMap(({ assertionResults }) => assertionResults))
    if (meta?.skipReason !== undefined) reasons.set(meta.skipReason, (reasons.get(meta.skipReason) ?? 0) + 1);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles,
    skipped: report.numPendingTests + report.numTodoTests,
    reasons,
  };
}

const counts = process.argv.slice(2).map(count);
const sum = (name) => counts.reduce((all, one) => all + one[name], 0);
const reasons = new Map();
for (const [reason, tests] of counts.flatMap((one) => [...one.reasons]))
  reasons.set(reason, (reasons.get(reason) ?? 0) + tests);
for (const [reason, tests] of reasons) console.log(`skipped ${tests}: ${reason}`);
console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
