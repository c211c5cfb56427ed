/** "The automatic default model is sticky while its runtime is away": for the server and for the commands beside it. */
import { expect, it, onTestFinished, vi } from 'vitest';
import * as z from 'zod';
import type { CommandContext } from '../../src/commands/context.ts';
import { explain, resolve } from '../../src/commands/resolve.ts';
import { startFakeLmStudio } from '../helpers/fake-lmstudio.ts';
import { startFakeOllama } from '../helpers/fake-ollama.ts';
import { type Rig, startRig } from '../helpers/sidecar-rig.ts';

const verdict = z.looseObject({
  code: z.string().optional(),
  outcome: z.string().optional(),
  model: z.looseObject({ ref: z.string() }).optional(),
});

async function printed(rig: Rig, command: typeof resolve | typeof explain) {
  let stdout = '';
  const context: CommandContext = {
    env: {},
    home: rig.home,
    clock: Date.now,
    print: (text) => {
      stdout += text;
    },
    printError: () => undefined,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    defaultPorts: rig.defaultPorts,
    stopSignal: new AbortController().signal,
  };
  await command(context, undefined, { json: true });
  return verdict.parse(JSON.parse(stdout));
}

it('a command says of the default model what the running server says, also while its runtime is away', async () => {
  const ollama = await startFakeOllama({ models: [{ name: 'llama3:chat' }] });
  const other = await startFakeLmStudio({
    models: [{ key: 'qwen/qwen3-4b', loadedContextLengths: [32_768] }],
  });
  onTestFinished(() => other.stop());
  const rig = await startRig({ ollamaPort: ollama.port, lmstudioPort: other.port });
  onTestFinished(() => rig.close());
  const first = verdict.parse((await rig.ask('/v1/resolve')).body).model?.ref;
  expect(first).toBe('ollama/llama3:chat');
  expect((await printed(rig, resolve)).model?.ref).toBe(first);

  await ollama.stop();
  await vi.waitFor(
    async () => {
      await rig.ask('/v1/discovery/scan', { method: 'POST' });
      expect((await rig.ask('/v1/resolve')).body).toMatchObject({ code: 'runtime-down' });
    },
    { timeout: 15_000 },
  );
  expect(await printed(rig, resolve)).toMatchObject({ code: 'runtime-down' });
  expect(await printed(rig, explain)).toMatchObject({ outcome: 'runtime-down' });
});
