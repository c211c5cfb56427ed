/** "Twenty processes resolving with an expired key cause one login at the API." */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import * as z from 'zod';
import {
  awsVariables,
  IDENTITIES,
  startGpuDevApi,
  type StartedApi,
} from '../../fixtures/gpu-dev-api/start.ts';
import { runCli } from '../helpers/cli.ts';

let home: string;
let api: StartedApi;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-exchange-processes-'));
  api = await startGpuDevApi();
});
afterEach(async () => {
  await api.close();
  await rm(home, { recursive: true, force: true });
});

const answer = z.object({ auth: z.object({ apiKey: z.string(), source: z.literal('exchange:gpu-dev') }) });

it(
  '"Twenty processes resolving with an expired key cause one login at the API"',
  { timeout: 120_000 },
  async () => {
    await mkdir(join(home, '.gpu-dev'), { mode: 0o700 });
    const expired = {
      api_key: 'expired-key-0123456789',
      username: 'john',
      expires_at: '2026-01-01T00:00:00Z',
      aws_arn: IDENTITIES.john.arn,
    };
    await writeFile(join(home, '.gpu-dev/credentials.json'), JSON.stringify(expired), { mode: 0o600 });
    const env = {
      CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1',
      GPU_DEV_API_URL: api.url,
      ...awsVariables(IDENTITIES.john),
    };
    const runs = await Promise.all(
      Array.from({ length: 20 }, () =>
        runCli(['resolve', '--provider', 'gpu-dev', '--offline', '--json'], { home, env }),
      ),
    );
    expect(runs.map(({ code }) => code)).toEqual(runs.map(() => 0));
    const keys = runs.map(({ stdout }) => answer.parse(JSON.parse(stdout)).auth.apiKey);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).not.toBe(expired.api_key);
    expect(api.counts).toMatchObject({ asked: 1, issued: 1 });
    expect(await readdir(join(home, '.gpu-dev'))).toEqual(['credentials.json']);
  },
);
