// Prints "PASSED FAILED" of a vitest JSON report. Skipped tests and suites that did not load count as failed:
// what did not run has not passed.
import { readFileSync } from 'node:fs';

const [path] = process.argv.slice(2);
const report = JSON.parse(readFileSync(path, 'utf8'));
const passed = report.numPassedTests;
const brokenSuites = report.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
).length;
const failed = report.numTotalTests - passed + brokenSuites;
if (passed === 0) {
  console.error('no test was run');
  process.exit(1);
}
console.log(`${passed} ${failed}`);
