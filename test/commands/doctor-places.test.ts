/** Where `doctor` says that things are. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { doctor } from '../../src/commands/doctor.ts';
import { RUNTIME_IDS } from '../../src/domain/provider-id.ts';

/** What doctor prints in a home of its own, offline. */
async function doctorIn(
  envOf: (home: string) => Record<string, string>,
): Promise<{ home: string; text: string }> {
  const home = await mkdtemp(join(tmpdir(), 'doctor-places-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  await writeFile(join(home, 'there.json'), '{}');
  const printed: string[] = [];
  const context = {
    env: envOf(home),
    home,
    clock: Date.now,
    print: (text: string) => void printed.push(text),
    printError: () => undefined,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    defaultPorts: Object.fromEntries(RUNTIME_IDS.map((id) => [id, []])),
    stopSignal: new AbortController().signal,
  };
  expect(await doctor(context, { offline: true })).toBe(0);
  return { home, text: printed.join('') };
}

describe('"`MOLTBOT_CONFIG_PATH` / `CLAWDBOT_CONFIG_PATH` win"', () => {
  it('the file that a variable names is shown, also where there is none', async () => {
    const there = await doctorIn((home) => ({ CLAWDBOT_CONFIG_PATH: join(home, 'there.json') }));
    expect(there.text).toContain(`Config:          ${join(there.home, 'there.json')}\n`);
    const misspelt = await doctorIn((home) => ({
      MOLTBOT_CONFIG_PATH: join(home, 'their.json'),
      CLAWDBOT_CONFIG_PATH: join(home, 'there.json'),
    }));
    expect(misspelt.text).toContain(`Config:          none at ${join(misspelt.home, 'their.json')}\n`);
    expect((await doctorIn(() => ({}))).text).toContain('Config:          none found\n');
  });
});
