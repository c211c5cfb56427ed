/** `discover --watch` as a process of its own: nothing but the command keeps it alive. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startCli } from '../helpers/cli.ts';
import { startFakeOllama } from '../helpers/fake-ollama.ts';

it('"keeps looking until Ctrl-C": sees the end of a runtime, and ends with 0', async () => {
  const home = await mkdtemp(join(tmpdir(), 'sidecar-watch-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const ollama = await startFakeOllama({ models: [{ name: 'llama3:chat' }] });
  onTestFinished(() => ollama.stop());
  const watch = startCli(['discover', '--watch'], { home, env: { OLLAMA_HOST: ollama.url } });
  onTestFinished(() => void watch.child.kill('SIGKILL'));
  await watch.until(/ollama .*up, 1 model/);
  await ollama.stop();
  await watch.until(/ollama .*down/);
  expect(await watch.stop('SIGINT')).toMatchObject({ code: 0, stderr: '' });
});
