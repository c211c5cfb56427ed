/** The blocks that need a provider are run too, with a real server standing in for the one that the page names. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeNim, startFakeNim } from '../helpers/fake-nim.ts';
import { runPiped } from '../helpers/piped-cli.ts';
import { matches, withoutVolatile } from './output.ts';
import { type Block, blocksOf, readPage } from './pages.ts';

let home: string;
let service: FakeNim | undefined;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-doc-logins-'));
  await mkdir(join(home, '.clawdbot'));
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  await rm(home, { recursive: true, force: true });
});

async function standIn(key: string): Promise<FakeNim> {
  service = await startFakeNim({ key });
  return service;
}

const only = (blocks: readonly Block[]): Block => {
  const [block] = blocks;
  if (block === undefined || blocks.length > 1)
    throw new Error(`There are ${blocks.length} such blocks, not one`);
  return block;
};

/** Runs every command of a block; each is `printf TEXT | provider-sidecar …` or `provider-sidecar …`. */
async function runBlock(
  { body, place }: Block,
  env: Readonly<Record<string, string>>,
  toPage: (text: string) => string,
): Promise<void> {
  const [, ...parts] = `\n${body}`.split('\n$ ');
  expect(parts.length).toBeGreaterThan(2);
  for (const part of parts) {
    const [command = '', ...expected] = part.split('\n');
    const found = /^(?:printf (\S+) \| )?provider-sidecar (.*)$/.exec(command);
    if (found === null) throw new Error(`${place}: the test cannot run ${command}`);
    const { stdout, stderr } = await runPiped((found[2] ?? '').split(' '), found[1] ?? '', { home, env });
    const shown = toPage(`${stdout}${stderr}`);
    if (matches(expected.join('\n'), shown)) continue;
    expect(withoutVolatile(shown).trimEnd(), `${place}: ${command}`).toBe(expected.join('\n'));
  }
}

describe('docs/authentication.md', () => {
  it('nim-auth does what the page shows', async () => {
    const nim = await standIn('nvapi-example');
    const block = only(blocksOf(readPage('docs/authentication.md'), 'sh-session'));
    await runBlock(block, { JAATO_NIM_BASE_URL: nim.baseUrl }, (text) =>
      text.replaceAll(nim.baseUrl, 'https://integrate.api.nvidia.com/v1').replaceAll(' (self-hosted)', ''),
    );
  });
});

describe('docs/adding-a-provider.md', () => {
  const page = readPage('docs/adding-a-provider.md');

  it('is under a page', () => {
    expect(page.text.split('\n').length).toBeLessThan(80);
  });

  it('adding a hosted provider works as it says', async () => {
    const acme = await standIn('acme-key');
    const hosted = 'https://api.acme.example/v1';
    const config = only(blocksOf(page, 'json5').filter(({ about }) => about === 'hosted/moltbot.json'));
    expect(config.body).toContain(hosted);
    await writeFile(join(home, '.clawdbot/moltbot.json'), config.body.replace(hosted, acme.baseUrl));
    await runBlock(only(blocksOf(page, 'sh-session')), { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' }, (text) =>
      text.replaceAll(acme.baseUrl, hosted),
    );
  });

  it('adding a local provider works as it says, and a request to it carries nothing', async () => {
    const local = only(blocksOf(page, 'json5').filter(({ about }) => about.startsWith('~/')));
    await writeFile(join(home, '.clawdbot/moltbot.json'), local.body);
    const args = ['resolve', 'workshop/house-model', '--offline', '--json'];
    const { stdout, code } = await runPiped(args, '', { home, env: { WORKSHOP_API_KEY: 'not-wanted' } });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      provider: { baseUrl: 'http://127.0.0.1:9191/v1', origin: 'cfg' },
      auth: { mode: 'none', source: 'provider-policy' },
      request: { headers: {} },
    });
  });
});
