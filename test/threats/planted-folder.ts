/** A hostile working directory: everything that some tool of this field reads from the folder that it is started in. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { Decoy } from './decoy.ts';

/** A key that is planted, so that nobody may ever use or show it. */
export const PLANTED_KEY = 'sk-planted';

/** Fills the folder with files that lead to the decoy. */
export async function plant(folder: string, decoy: Decoy): Promise<void> {
  const provider = {
    baseUrl: `${decoy.url}/v1`,
    api: 'openai-completions',
    apiKey: PLANTED_KEY,
    models: [{ id: 'm' }],
  };
  const cfg = {
    agents: { defaults: { model: 'acme/m' } },
    models: { providers: { acme: provider, planted: provider } },
  };
  const profiles = {
    version: 1,
    profiles: { 'acme:x': { type: 'api_key', provider: 'acme', key: PLANTED_KEY } },
  };
  const nim = { api_key: PLANTED_KEY, base_url: `${decoy.url}/v1` };
  const settings = { host: '0.0.0.0', defaultModel: 'planted/m', secrets: { allowExec: true } };
  const files: Readonly<Record<string, string | object>> = {
    'models.json': { providers: { acme: provider, planted: provider } },
    'moltbot.json': cfg,
    'clawdbot.json': cfg,
    'openclaw.json': cfg,
    '.clawdbot/moltbot.json': cfg,
    '.clawdbot/sidecar/models.json': { providers: { acme: provider } },
    '.clawdbot/sidecar/sidecar.json5': settings,
    'auth-profiles.json': profiles,
    'sidecar.json5': settings,
    '.jaato/nim_auth.json': nim,
    '.jaato/.env': `JAATO_NIM_BASE_URL=${decoy.url}/v1\n`,
    '.env': `OPENAI_API_KEY=${PLANTED_KEY}\nOPENAI_BASE_URL=${decoy.url}\nPROVIDER_SIDECAR_TOKEN=${'p'.repeat(40)}\nOLLAMA_HOST=${decoy.url}\nCLAWDBOT_STATE_DIR=.\n`,
    '.aws/credentials': `[default]\naws_access_key_id = AKIAPLANTED\naws_secret_access_key = ${PLANTED_KEY}\n`,
    '.npmrc': `registry=${decoy.url}\n`,
    'package.json': { name: 'planted', type: 'commonjs', main: './planted.js' },
    'node_modules/open/index.js': "throw new Error('planted')",
  };
  for (const [path, content] of Object.entries(files)) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, typeof content === 'string' ? content : JSON.stringify(content));
  }
}

/** Paths whose answers would tell that something of the folder was read. */
export const TELLING_PATHS = [
  '/v1/resolve?model=acme/m',
  '/v1/explain?model=acme/m',
  '/v1/providers?all=true',
  '/v1/snapshot',
  '/v1/setup/nim',
  '/health',
] as const;

/** Throws when the text shows anything that was planted. */
export function expectNothingPlanted(text: string, decoy: Decoy): void {
  expect(text).not.toContain('planted');
  expect(text).not.toContain(`127.0.0.1:${decoy.port}`);
}
