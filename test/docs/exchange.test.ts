/** docs/exchange.md: its commands do what the page shows, and its tables are complete. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { awsVariables, IDENTITIES, startGpuDevApi } from '../../fixtures/gpu-dev-api/start.ts';
import { exchangeFields } from '../../src/settings/exchange-settings.ts';
import { runPiped } from '../helpers/piped-cli.ts';
import { matches, withoutVolatile } from './output.ts';
import { blocksOf, codesIn, readPage, tableOf } from './pages.ts';

const page = readPage('docs/exchange.md');

describe('docs/exchange.md', () => {
  it('gpu-dev does what the page shows', { timeout: 120_000 }, async () => {
    const home = await mkdtemp(join(tmpdir(), 'sidecar-doc-exchange-'));
    onTestFinished(() => rm(home, { recursive: true, force: true }));
    const api = await startGpuDevApi();
    onTestFinished(() => api.close());
    const blocks = blocksOf(page, 'sh-session');
    expect(blocks).toHaveLength(1);
    const [, variable = '', ...parts] = `\n${blocks[0]?.body}`.split('\n$ ');
    const address = /^export GPU_DEV_API_URL=(\S+)$/.exec(variable)?.[1] ?? '';
    expect(address).not.toBe('');
    expect(parts.length).toBeGreaterThan(5);
    for (const part of parts) {
      const [command = '', ...expected] = part.split('\n');
      // The only quoted argument is the data, which holds no space.
      const args = command
        .replace(/^provider-sidecar /, '')
        .replaceAll("'", '')
        .split(' ');
      const env = {
        CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1',
        GPU_DEV_API_URL: api.url,
        ...awsVariables(IDENTITIES.john),
      };
      const { stdout, stderr } = await runPiped(args, '', { home, env });
      const shown = `${stdout}${stderr}`.replaceAll(home, '/home/you').replaceAll(api.url, address);
      if (matches(expected.join('\n'), shown)) continue;
      expect(withoutVolatile(shown).trimEnd(), command).toBe(withoutVolatile(expected.join('\n')));
    }
  });

  it('every key of an entry is in the table', () => {
    const rows = tableOf(page, 'key of an entry', 'default', 'meaning');
    expect(rows.map(([key = '']) => codesIn(key)[0])).toEqual(Object.keys(exchangeFields.shape));
  });
});
