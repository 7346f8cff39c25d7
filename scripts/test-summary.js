/**
 * Prints `N passed, N failed, N skipped` as its last line, from the JSON report of a vitest run; above it, why tests were
 * skipped. A test file that did not load counts as one failure, and so does a report that is not there.
 *
 *     node scripts/test-summary.js report.json
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

const { passed, failed, skipped, reasons } = count(process.argv[2]);
for (const [reason, tests] of reasons) console.log(`skipped ${tests}: ${reason}`);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
