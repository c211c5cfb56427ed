/** The demo of the OAuth login, as `npm run demo:oauth` runs it, on ports that nobody uses. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { freePort } from '../helpers/free-port.ts';

const ROOT = resolve(import.meta.dirname, '../..');

it('Demo: registers, logs in, and "Who am I logged in as?" is answered by whoami and by a process with the token', async () => {
  const ports = [`--port=${await freePort()}`, `--redirect-port=${await freePort()}`];
  const child = spawn(process.execPath, ['--import', 'tsx', 'demo/oauth.ts', ...ports], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  await once(child, 'close');
  expect(child.exitCode, output).toBe(0);
  expect(output).toContain('you are logged in as "Person ada" (id "ada")');
  expect(output.match(/"Who am I logged in as\?" – ada/g)).toHaveLength(2);
});
