/** The set-up wizard at a real terminal: what a person sees and types. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeNim, startFakeNim } from '../helpers/fake-nim.ts';
import { startOnTerminal, startOnWatchedTerminal } from '../helpers/piped-cli.ts';

const KEY = 'nvapi-canary-0123456789';

let home: string;
let workspace: string;
let nim: FakeNim;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-wizard-'));
  workspace = join(home, 'work');
  await mkdir(workspace);
  nim = await startFakeNim({ key: KEY });
});

afterEach(async () => {
  await nim.stop();
  await rm(home, { recursive: true, force: true });
});

const start = (...args: readonly string[]) =>
  startOnTerminal(['nim-auth', 'key', ...args], {
    home,
    cwd: workspace,
    env: { JAATO_NIM_BASE_URL: nim.baseUrl },
  });
const envFile = () => readFile(join(workspace, '.env'), 'utf8').catch(() => null);
const settings = () => readFile(join(home, '.clawdbot/sidecar/sidecar.json5'), 'utf8').catch(() => null);
const stored = () => readFile(join(home, '.clawdbot/sidecar/auth-profiles.json'), 'utf8').catch(() => null);

describe('nim-auth key at a terminal', () => {
  it('asks without echo, connects, lets choose a model, and saves to .env', async () => {
    await writeFile(join(workspace, '.env'), '# mine\nA="1"\n');
    const terminal = start();
    await terminal.until('API key of NVIDIA NIM (not shown): ');
    terminal.type(`${KEY.slice(0, 9)}x\u007f${KEY.slice(9)}\r`);
    await terminal.until('Stored as nim:default');
    await terminal.until('Connect to NVIDIA NIM now? [y/n] ');
    terminal.type('maybe\r');
    await terminal.until('Connect to NVIDIA NIM now? [y/n] ');
    terminal.type('y\r');
    await terminal.until('2. nim/meta/llama-3.1-405b-instruct — Llama 3.1 405B, the largest open model');
    await terminal.until('Which model? [1] ');
    terminal.type('9\r');
    await terminal.until('A number from 1 to 4');
    await terminal.until('Which model? [1] ');
    terminal.type('3\r');
    await terminal.until('Default model: nim/deepseek/deepseek-r1');
    await terminal.until('Save provider/model to .env? [y/n] ');
    terminal.type('y\r');
    expect(await terminal.ended()).toBe(0);
    expect(terminal.screen()).not.toContain(KEY);
    expect(terminal.screen()).not.toContain('nvapi-');
    expect(await envFile()).toBe('# mine\nA="1"\nJAATO_PROVIDER=nim\nMODEL_NAME=nim/deepseek/deepseek-r1\n');
    expect(await settings()).toContain("defaultModel: 'nim/deepseek/deepseek-r1'");
    expect(await stored()).toContain(KEY);
  });

  it('offers what a server of one’s own lists, those that are recommended first, and nothing else', async () => {
    nim.models = ['my/own', 'deepseek/deepseek-r1'];
    const terminal = start('--connect');
    await terminal.until('(not shown): ');
    terminal.type(`${KEY}\r`);
    await terminal.until('1. nim/deepseek/deepseek-r1 — DeepSeek-R1, reasoning with chain-of-thought');
    await terminal.until('2. nim/my/own — my/own');
    await terminal.until('Which model? [1] ');
    expect(terminal.screen()).not.toContain('llama');
    terminal.type('2\r');
    await terminal.until('Save provider/model to .env? [y/n] ');
    terminal.type('n\r');
    expect(await terminal.ended()).toBe(0);
    expect(await settings()).toContain("defaultModel: 'nim/my/own'");
  });

  it('offers to switch from the default model that there is; a no changes nothing but the store', async () => {
    await mkdir(join(home, '.clawdbot'), { recursive: true });
    const config = { agents: { defaults: { model: 'openai/gpt-5' } } };
    await writeFile(join(home, '.clawdbot/moltbot.json'), JSON.stringify(config));
    const terminal = start();
    await terminal.until('(not shown): ');
    terminal.type(`${KEY}\r`);
    await terminal.until('Switch from openai/gpt-5 to NVIDIA NIM now? [y/n] ');
    terminal.type('n\r');
    expect(await terminal.ended()).toBe(0);
    expect(await stored()).toContain(KEY);
    expect(await settings()).toBeNull();
    expect(await envFile()).toBeNull();
  });

  it('Ctrl-C at the question for the key stores nothing, and the terminal echoes again', async () => {
    const terminal = start();
    await terminal.until('(not shown): ');
    terminal.type('nvapi-half\u0003');
    expect(await terminal.ended()).toBe(64);
    expect(terminal.screen()).not.toContain('nvapi-half');
    expect(await stored()).toBeNull();
    expect(nim.seen).toEqual([]);
  });

  it('a signal at the hidden question gives the terminal its echo back', async () => {
    for (const signal of ['SIGHUP', 'SIGTERM'] as const) {
      const terminal = startOnWatchedTerminal(['nim-auth', 'key'], { home, cwd: workspace });
      await terminal.until('(not shown): ');
      process.kill(Number(/pid: (\d+)/.exec(terminal.screen())?.[1]), signal);
      await terminal.until('left');
      await terminal.ended();
      const words = terminal.screen().split(/[\s;]+/);
      expect(words, signal).toContain('echo');
      expect(words, signal).toContain('icanon');
    }
  });

  it('key - asks without echo as well, where nothing is piped in', async () => {
    const terminal = start('-', '--no-input');
    await terminal.until('(not shown): ');
    terminal.type(`${KEY}\r`);
    expect(await terminal.ended()).toBe(0);
    expect(terminal.screen()).not.toContain('nvapi-');
    expect(await stored()).toContain(KEY);
  });

  it('--connect alone leaves the choice of the model to the person', async () => {
    const terminal = start('--connect');
    await terminal.until('(not shown): ');
    terminal.type(`${KEY}\r`);
    await terminal.until('Which model? [1] ');
    terminal.type('3\r');
    await terminal.until('Save provider/model to .env? [y/n] ');
    terminal.type('n\r');
    expect(await terminal.ended()).toBe(0);
    expect(terminal.screen()).not.toContain('Connect to');
    expect(await settings()).toContain("defaultModel: 'nim/deepseek/deepseek-r1'");
  });

  it('--no-input asks nothing after the key, --yes answers everything', async () => {
    const quiet = start('--no-input');
    await quiet.until('(not shown): ');
    quiet.type(`${KEY}\r`);
    expect(await quiet.ended()).toBe(0);
    expect(await envFile()).toBeNull();
    const eager = start('--yes');
    await eager.until('(not shown): ');
    eager.type(`${KEY}\r`);
    expect(await eager.ended()).toBe(0);
    expect(await envFile()).toBe('JAATO_PROVIDER=nim\nMODEL_NAME=nim/meta/llama-3.3-70b-instruct\n');
  });
});
