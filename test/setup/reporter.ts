import { readFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Ends the run with each skipped test and its reason, and one line `N passed, N failed, N skipped`. In CI a skip that
 * test/skips.json does not name counts as a failure: a test must not go missing unseen.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const broken = modules.filter(
      (module) => module.state() === 'failed' && module.errors().length > 0,
    ).length;
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    const allowed = readAllowed();
    const listed = (test: TestCase) => allowed.find((entry) => nameOf(test).startsWith(entry.test));
    const unforeseen = process.env.PERENNIAL_CI ? skipped.filter((test) => !listed(test)) : [];
    if (unforeseen.length > 0) process.exitCode = 1;
    const failed = count('failed') + broken + errors.length + unforeseen.length;
    const lines = [
      ...skipped.map((test) => `skipped: ${nameOf(test)}: ${reasonOf(test, listed(test)?.reason)}`),
      ...unforeseen.map((test) => `not in test/skips.json: ${nameOf(test)}`),
      `${count('passed')} passed, ${failed} failed, ${skipped.length} skipped`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}

/** The kept list: the start of a test's name, and why it may be skipped. */
function readAllowed(): { test: string; reason: string }[] {
  const text = readFileSync(new URL('../skips.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { allowed: { test: string; reason: string }[] }).allowed;
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName}`;
}

/** As the test says it; where it was skipped by a condition on its outside, as the list does. */
function reasonOf(test: TestCase, listed: string | undefined): string {
  const result = test.result();
  return (result.state === 'skipped' && result.note) || listed || 'no reason given';
}
