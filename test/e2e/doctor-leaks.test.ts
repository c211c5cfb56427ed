/**
 * "doctor --leaks: seeds canaries into a scratch copy of every source, drives every route and error path, scans logs,
 * files, events, metrics, and reports": the real run of the built program, in full.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { type CliResult, runCli, startCli } from '../helpers/cli.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

/** What a user has: none of it may be read, changed or added to. */
const OWN = {
  '.profile': 'export SYNTHETIC_API_KEY=own-profile-key-0123456789\n',
  '.env': 'OPENAI_API_KEY=own-dotenv-key-0123456789\n',
  '.aws/credentials': '[default]\naws_access_key_id = OWNID\naws_secret_access_key = own-aws-key\n',
  '.clawdbot/moltbot.json': '{"models": {"providers": {}}}\n',
  '.clawdbot/sidecar/auth-profiles.json': '{"version": 1, "profiles": {}}\n',
};

interface Machine {
  readonly home: string;
  readonly temporary: string;
  readonly env: Readonly<Record<string, string>>;
}

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function machine(): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'doctor-leaks-'));
  folders.push(folder);
  const [home, temporary] = [join(folder, 'home'), join(folder, 'temporary')];
  await mkdir(temporary);
  for (const [path, text] of Object.entries(OWN)) {
    await mkdir(join(home, path, '..'), { recursive: true, mode: 0o700 });
    await writeFile(join(home, path), text, { mode: 0o600 });
  }
  return { home, temporary, env: { TMPDIR: temporary, GROQ_API_KEY: 'own-key-of-the-user-0123456789' } };
}

async function filesOf(home: string): Promise<Record<string, string>> {
  const entries = await readdir(home, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = paths.map(
    async (path) => [path.slice(home.length + 1), await readFile(path, 'utf8')] as const,
  );
  return Object.fromEntries(await Promise.all(read));
}

const reportSchema = z.object({
  clean: z.boolean(),
  places: z.array(z.object({ place: z.string(), texts: z.number(), leaks: z.array(z.unknown()) })),
  sources: z.array(z.object({ name: z.string(), secrets: z.number(), handedOut: z.number() })),
  canaries: z.number(),
  inUse: z.number(),
  servers: z.number(),
  requests: z.number(),
  commands: z.number(),
  answers: z.array(z.string()),
  notDone: z.array(z.string()),
});

describe('the whole run', () => {
  let here: Machine;
  let ended: CliResult;
  let report: z.output<typeof reportSchema>;
  beforeAll(async () => {
    here = await machine();
    ended = await runCli(['doctor', '--leaks', '--json'], here);
    report = reportSchema.parse(JSON.parse(ended.stdout));
  });

  it('finds no leak in this program: exit code 0', () => {
    expect(report.places.flatMap(({ leaks }) => leaks)).toEqual([]);
    expect(report.notDone).toEqual([]);
    expect(report.clean).toBe(true);
    expect(ended.code).toBe(0);
  });

  it('--json counts what was seeded, asked and looked at', () => {
    expect(report.canaries).toBeGreaterThan(220);
    expect(report.inUse).toBeGreaterThan(40);
    expect(report.servers).toBe(5);
    expect(report.requests).toBeGreaterThan(1_200);
    expect(report.commands).toBeGreaterThan(35);
    const hasProc = existsSync('/proc/self/environ');
    const empty = report.places.filter(({ texts }) => texts === 0).map(({ place }) => place);
    expect(empty).toEqual(hasProc ? [] : expect.arrayContaining(['arguments of processes']));
  });

  it.each([
    'environment',
    '.env files',
    'login shell',
    'own store',
    "the agent's store",
    'stores from before profiles',
    'cfg',
    'references',
    'exchange',
    'nim',
  ])('secrets of a source really were in the hands of the program: %s', (name) => {
    expect(report.sources).toContainEqual({
      name,
      secrets: expect.any(Number),
      handedOut: expect.toSatisfy((count: number) => count > 0),
    });
  });

  it('a credential that was handed out was reported as refused: renewed, and set aside', () => {
    const route = 'POST /v1/resolve/:resolutionId/rejected';
    expect(report.answers).toEqual(expect.arrayContaining([`${route} 200`, `${route} 424`]));
  });

  it('every route gave a good answer, and its refusals', () => {
    expect(report.answers).toEqual(
      expect.arrayContaining([
        'GET /v1/resolve 200',
        'GET /v1/resolve 401',
        'GET /v1/resolve 403',
        'GET /v1/resolve 424',
        'GET /v1/logins/:id 200',
        'GET /v1/aws/credentials/:provider 200',
        'POST /v1/setup/:provider 200',
      ]),
    );
  });

  it('touches nothing of the user: not the home folder, not the variables; and leaves nothing behind', async () => {
    expect(await filesOf(here.home)).toEqual(OWN);
    expect(await readdir(here.temporary)).toEqual([]);
    expect(ended.stdout + ended.stderr).not.toMatch(/own-(?:profile|dotenv|aws|key)/);
    expect(ended.stdout + ended.stderr).not.toMatch(/canary[a-z0-9]{12}/);
  });

  it('says on standard error how far it is', () => {
    expect(ended.stderr).toContain('A server with what works …\n');
  });
});

describe('an end before the end', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s: exit code %i, programs ended, scratch machines removed, and it is said',
    async (signal, exitCode) => {
      const here = await machine();
      const running = startCli(['doctor', '--leaks'], here);
      await running.until(/A server with what works/);
      await vi.waitFor(async () => expect(await readdir(here.temporary)).not.toEqual([]), {
        timeout: 30_000,
      });
      const { code, stdout } = await running.stop(signal);
      expect(code).toBe(exitCode);
      expect(stdout).toContain('Not done: It was interrupted');
      expect(stdout).not.toContain('No leak was found\n');
      expect(await readdir(here.temporary)).toEqual([]);
      expect(await filesOf(here.home)).toEqual(OWN);
    },
  );

  it('no room for scratch machines: exit code 73, and what to do', async () => {
    const here = await machine();
    const env = { ...here.env, TMPDIR: join(here.temporary, 'nowhere') };
    const { code, stderr } = await runCli(['doctor', '--leaks'], { home: here.home, env });
    expect(code).toBe(73);
    expect(stderr).toContain('cannot-write: No scratch machine can be made');
    expect(stderr).toContain('set TMPDIR to another one');
  });
});
