import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { CommandContext } from '../../src/commands/context.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { explain, resolve } from '../../src/commands/resolve.ts';
import { type FakeOllama, startFakeOllama } from '../helpers/fake-ollama.ts';
import { type Rig, startRig } from '../helpers/sidecar-rig.ts';
import { NOW } from '../helpers/snapshot-fixture.ts';
import { partsOf, type World, worlds } from '../resolution/agreement-world.ts';

const answer = z.looseObject({
  digest: z.string().optional(),
  code: z.string().optional(),
  outcome: z.string().optional(),
});

/** The digest of a decision, or the code of the refusal. */
function verdictOf(text: string): string {
  const { digest, code, outcome } = answer.parse(JSON.parse(text));
  return digest ?? code ?? outcome ?? 'nothing';
}

/** A machine with real files, and with a running Ollama where the world has one. */
function rigOf(world: World, ollama: FakeOllama): Promise<Rig> {
  const { modelsJson, config, ownStore, agentStore, env, skipDiscovery } = partsOf(world);
  return startRig({
    files: {
      'moltbot.json': config ?? {},
      'sidecar/models.json': { providers: modelsJson ?? {} },
      'sidecar/auth-profiles.json': ownStore ?? {},
      'agents/main/agent/auth-profiles.json': agentStore ?? {},
    },
    env: { ...env, ...(skipDiscovery === true ? { CLAWDBOT_SKIP_LOCAL_DISCOVERY: 'yes' } : {}) },
    flags: { port: '0', minContextWindow: '0', ...(world.wish === null ? {} : { defaultModel: world.wish }) },
    clock: () => NOW + world.later,
    ...(world.states.ollama === 'up' ? { ollamaPort: ollama.port } : {}),
  });
}

/** What a command prints as JSON, run on the same home. */
async function printed(
  rig: Rig,
  world: World,
  run: (
    context: CommandContext,
    flags: { json: true; defaultModel?: string; minContextWindow: string },
  ) => Promise<number>,
): Promise<string> {
  let stdout = '';
  const { env = {}, skipDiscovery } = partsOf(world);
  const context: CommandContext = {
    env: { ...env, ...(skipDiscovery === true ? { CLAWDBOT_SKIP_LOCAL_DISCOVERY: 'yes' } : {}) },
    home: rig.home,
    clock: () => NOW + world.later,
    print: (text) => {
      stdout += text;
    },
    printError: () => undefined,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    defaultPorts: rig.defaultPorts,
    stopSignal: new AbortController().signal,
  };
  await run(context, {
    json: true,
    minContextWindow: '0',
    ...(world.wish === null ? {} : { defaultModel: world.wish }),
  });
  return stdout;
}

describe('on real files: start-up check, HTTP answer and command line', () => {
  it('give the same digest or the same error code, every time', async () => {
    const ollama = await startFakeOllama({ models: [{ name: 'm' }, { name: 'llama3:latest' }] });
    const seen = new Set<string>();
    try {
      await fc.assert(
        fc.asyncProperty(worlds, async (world) => {
          const rig = await rigOf(world, ollama);
          try {
            const { outcome } = rig;
            const started = outcome.kind === 'started';
            const served = started ? verdictOf((await rig.ask('/v1/resolve')).text) : outcome.problem.code;
            seen.add(served.replace(/^sha256:.*/, 'digest'));
            // The start refuses what a request would be refused, and nothing else.
            expect(started).toBe(served.startsWith('sha256:') || served === 'no-default-model');
            expect(
              verdictOf(await printed(rig, world, (context, flags) => resolve(context, undefined, flags))),
            ).toBe(served);
            expect(
              verdictOf(await printed(rig, world, (context, flags) => explain(context, undefined, flags))),
            ).toBe(served);
            expect(verdictOf(await printed(rig, world, doctor))).toBe(served);
          } finally {
            await rig.close();
          }
        }),
        { numRuns: 80 },
      );
    } finally {
      await ollama.stop();
    }
    expect(seen).toContain('digest');
    expect(seen.size).toBeGreaterThan(4);
  }, 300_000);
});
