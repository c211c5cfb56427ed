/** That a refused start shows no secret is said of refusals alone, and not of programs that end for another reason. */
import { expect, it } from 'vitest';
import { createCanaryBook } from '../../src/self-test/canaries.ts';
import { createFindings } from '../../src/self-test/findings.ts';
import { refuseStart } from '../../src/self-test/test-machine.ts';

it.each([
  ['refuses', 'process.exit(78)', []],
  ['fails', 'process.exit(1)', ['The start with a defect ended otherwise than by a refusal']],
  ['is killed', "process.kill(process.pid, 'SIGKILL')", [expect.stringContaining('otherwise than')]],
  [
    'starts',
    "console.log('Listening on '); setInterval(() => {}, 1000)",
    ['The start with a defect was not refused'],
  ],
])('a program that %s', async (_what, script, notDone) => {
  const book = createCanaryBook((length) => 'x'.repeat(length));
  const said: string[] = [];
  const run = {
    program: [process.execPath, '-e', script, '--'] as const,
    env: { PATH: process.env['PATH'] },
    node: process.execPath,
    now: 0,
    randomText: (length: number) => 'x'.repeat(length),
    onProgress: () => undefined,
    signal: new AbortController().signal,
    book,
    findings: createFindings(book),
    counts: { servers: 0, requests: 0, commands: 0 },
    answers: new Set<string>(),
    notDone: said,
  };
  await refuseStart(run, 'a defect', {});
  expect(said).toEqual(notDone);
});
