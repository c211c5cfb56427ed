// Prints each failed test of vitest's JSON reports with the beginning of what it said, so that the end of a long run
// tells what to look at. A report that is not there or cannot be read was counted as a failure before.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const LINES = 25;

for (const path of process.argv.slice(2)) {
  for (const { name, status, message, assertionResults } of resultsOf(path)) {
    const file = relative(process.cwd(), name);
    if (status === 'failed' && assertionResults.length === 0) print(file, 'it did not load', [message]);
    for (const { status: verdict, fullName, failureMessages } of assertionResults) {
      if (verdict !== 'passed') print(file, `${fullName} (${verdict})`, failureMessages ?? []);
    }
  }
}

function resultsOf(path) {
  if (!existsSync(path)) return [];
  try {
    return JSON.parse(readFileSync(path, 'utf8')).testResults;
  } catch {
    return [];
  }
}

function print(file, what, messages) {
  console.log(`- ${file}: ${what}`);
  const said = stripVTControlCharacters(messages.join('\n')).split('\n');
  const telling = said.filter((line) => line.trim() !== '' && !line.includes('node_modules'));
  for (const line of telling.slice(0, LINES)) console.log(`    ${line}`);
}
