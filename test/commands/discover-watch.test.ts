import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { discover } from '../../src/commands/discover.ts';
import { RUNTIME_IDS } from '../../src/domain/provider-id.ts';
import { startFakeOllama } from '../helpers/fake-ollama.ts';

const PATIENCE = { timeout: 15_000, interval: 10 };

/** `discover --watch` in this process, over one fake Ollama at a mapped default port. */
async function watch({ terminal = false, json = false } = {}) {
  const home = await mkdtemp(join(tmpdir(), 'discover-watch-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const fake = await startFakeOllama({ models: [{ name: 'llama3:chat', contextLength: 32_768 }] });
  onTestFinished(() => fake.stop());
  const stop = new AbortController();
  const printed: string[] = [];
  const errors: string[] = [];
  const ended = discover(
    {
      env: {},
      home,
      clock: Date.now,
      print: (text) => void printed.push(text),
      printError: (text) => void errors.push(text),
      stdoutIsTerminal: terminal,
      stderrIsTerminal: false,
      defaultPorts: { ...Object.fromEntries(RUNTIME_IDS.map((id) => [id, []])), ollama: [fake.port] },
      stopSignal: stop.signal,
    },
    { watch: true, json },
  );
  const until = (pattern: RegExp) => vi.waitFor(() => expect(printed.join('')).toMatch(pattern), PATIENCE);
  return { fake, home, printed, errors, until, end: () => (stop.abort(), ended) };
}

describe('discover --watch', () => {
  it('"prints appended lines when not a terminal": one for what is there, one for each change', async () => {
    const { fake, printed, until, end, home } = await watch();
    await until(/ {2}ollama \S+ {2}up, 1 model: llama3:chat context 32768 \(trained-max\)\n/);
    await fake.stop();
    await until(/down \(was up\).*ollama serve\n$/);
    await fake.restart();
    await until(/up \(was down\), 1 model: .*\n$/);
    expect(printed.join('')).not.toContain('\u001b');
    expect(printed.join('').trimEnd().split('\n')).toHaveLength(3);
    expect(await end()).toBe(0);
    expect(await readFile(join(home, '.clawdbot/sidecar/models.json'), 'utf8')).toContain('llama3:chat');
  });

  it('"--json prints one JSON line per change"', async () => {
    const { fake, printed, end } = await watch({ json: true });
    await vi.waitFor(() => expect(printed).toHaveLength(1), PATIENCE);
    await fake.stop();
    await vi.waitFor(() => expect(printed).toHaveLength(2), PATIENCE);
    expect(await end()).toBe(0);
    const reports: unknown[] = printed.map((line) => JSON.parse(line));
    expect(printed.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
    expect(reports).toMatchObject([
      {
        revision: 1,
        endpoints: [{ state: 'up', models: [{ contextWindowSource: 'trained-max' }] }],
        candidates: [],
      },
      { revision: 2, endpoints: [{ state: 'down' }] },
    ]);
  });

  it('"redraws on change on a terminal", and gives the screen back at the end with the last table', async () => {
    const { fake, printed, until, end } = await watch({ terminal: true });
    await until(/STATE.*LAST CHANGE[^]*up[^]*llama3:chat context 32768/);
    await fake.stop();
    await until(/down/);
    expect(await end()).toBe(0);
    const screen = printed.join('');
    expect(screen.startsWith('\u001b[?1049h')).toBe(true);
    expect(screen.match(/\u001b\[H/g)?.length).toBe(2);
    const [, after = ''] = screen.split('\u001b[?1049l');
    expect(after).toMatch(/^ENDPOINT/);
    expect(after).toContain('down');
    expect(after).not.toMatch(/\u001b|Ctrl-C/);
  });

  it('"ends cleanly on Ctrl-C", also when it came during the first scan, and asks nothing afterwards', async () => {
    const { fake, end, errors } = await watch();
    expect(await end()).toBe(0);
    fake.clearRequests();
    await fake.stop();
    await fake.restart();
    expect(fake.requests).toEqual([]);
    expect(errors).toEqual([]);
  });
});
