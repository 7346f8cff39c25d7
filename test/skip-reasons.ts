/**
 * Vitest reporter: says at the end of a run how many tests were skipped, and why. Each reason also goes into the JSON
 * report, for scripts/test-summary.js.
 * @module
 */
import { type Reporter, type TestCase, type TestModule, type TestSuite, type Vitest } from 'vitest/node';

declare module 'vitest' {
  interface TaskMeta {
    /** Why the test was skipped. */
    skipReason?: string;
  }
}

/**
 * What `skip` was given; else the title of the outermost suite that is skipped, which says what is missing. None where a
 * test did not run because something before it failed.
 */
function reasonOf(test: TestCase): string | undefined {
  const result = test.result();
  let reason = result.state === 'skipped' ? result.note : undefined;
  if (reason !== undefined) return reason;
  for (let at: TestCase | TestSuite | TestModule = test; at.type !== 'module'; at = at.parent)
    if (at.options.mode === 'skip' || at.options.mode === 'todo') reason = at.name;
  return reason;
}

export default class SkipReasons implements Reporter {
  private vitest: Vitest | undefined;
  private counts = new Map<string, number>();

  onInit(vitest: Vitest): void {
    this.vitest = vitest;
  }

  onTestRunStart(): void {
    this.counts = new Map();
  }

  onTestModuleEnd(module: TestModule): void {
    // Tests that a pattern leaves out were not meant to run.
    if (this.vitest?.config.testNamePattern !== undefined) return;
    for (const test of module.children.allTests('skipped')) {
      const reason = reasonOf(test);
      if (reason === undefined) continue;
      test.meta().skipReason = reason;
      this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    }
  }

  onTestRunEnd(): void {
    for (const [reason, count] of this.counts)
      this.vitest?.logger.log(`Skipped ${count} ${count === 1 ? 'test' : 'tests'}: ${reason}`);
  }
}
