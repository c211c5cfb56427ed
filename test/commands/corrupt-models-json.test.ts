/** What the commands that scan say of a models.json that they found corrupt. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CommandContext } from '../../src/commands/context.ts';
import { discover } from '../../src/commands/discover.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { RUNTIME_IDS } from '../../src/domain/provider-id.ts';

/** Runs a command in this process, with no place to look at and this text in models.json. */
async function run(
  command: (context: CommandContext, flags: { json?: boolean }) => Promise<number>,
  text: string,
  json = false,
) {
  const home = await mkdtemp(join(tmpdir(), 'broken-models-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const folder = join(home, '.clawdbot/sidecar');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, 'models.json'), text, { mode: 0o600 });
  const printed: string[] = [];
  const errors: string[] = [];
  const exitCode = await command(
    {
      env: {},
      home,
      clock: Date.now,
      print: (line) => void printed.push(line),
      printError: (line) => void errors.push(line),
      stdoutIsTerminal: false,
      stderrIsTerminal: false,
      defaultPorts: Object.fromEntries(RUNTIME_IDS.map((id) => [id, []])),
      stopSignal: new AbortController().signal,
    },
    { json },
  );
  return { folder, printed: printed.join(''), errors: errors.join(''), exitCode };
}

describe('"A corrupt file is moved aside (`models.json.corrupt-<time>`), reported, and rebuilt"', () => {
  it.each([
    ['discover', discover],
    ['doctor', doctor],
  ])('%s reports it on standard error, with the place of the old text', async (_name, command) => {
    const { folder, printed, errors, exitCode } = await run(command, '{"providers": {');
    const aside = (await readdir(folder)).find((name) => name.startsWith('models.json.corrupt-')) ?? 'none';
    expect(errors).toBe(
      `${join(folder, 'models.json')} was corrupt and has been rebuilt. What it held: ${join(folder, aside)}\n`,
    );
    expect(printed).not.toContain('corrupt');
    expect(exitCode).toBe(0);
  });

  it('standard output stays one JSON document', async () => {
    const { printed, errors } = await run(discover, 'no json', true);
    expect(JSON.parse(printed)).toMatchObject({ endpoints: [] });
    expect(errors).toContain('was corrupt');
  });

  it('nothing is said of a file that is in order', async () => {
    expect((await run(discover, '{"providers":{}}')).errors).toBe('');
  });
});
