/** Exchanged keys in this process, with a home of their own, the real API beside them and one clock for both. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  awsVariables,
  IDENTITIES,
  startGpuDevApi,
  type StartedApi,
} from '../../../fixtures/gpu-dev-api/start.ts';
import type { ExchangeSettings } from '../../../src/domain/exchange.ts';
import { createExchangedKeys } from '../../../src/credentials/exchange/create-exchanged-keys.ts';
import type { ExchangedKeys } from '../../../src/credentials/exchange/exchanged-keys.ts';
import { NO_LIVE_CREDENTIALS } from '../../../src/credentials/no-live-credentials.ts';
import type { SidecarEvent } from '../../../src/domain/sidecar-event.ts';
import { createAsk } from '../../../src/login/ask-provider.ts';
import { tempFolder } from '../../platform/temp-folder.ts';

export interface ExchangeRig {
  readonly api: StartedApi;
  /** Unix milliseconds; both sides read it. */
  readonly time: { now: number };
  readonly keyFile: string;
  readonly sidecarDir: string;
  /** John's keys, and the address of the API. */
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: string[];
  readonly events: SidecarEvent[];
  /** As another process would begin. */
  readonly make: (settings?: Readonly<Record<string, ExchangeSettings>>) => ExchangedKeys;
  readonly write: (content: unknown) => Promise<void>;
  readonly read: () => Promise<string>;
  readonly modeOf: (path: string) => Promise<number>;
}

/** Builds it; everything ends with the test. */
export async function exchangeRig(
  options: { keyLife?: number; serverId?: string } = {},
): Promise<ExchangeRig> {
  const home = await tempFolder();
  const time = { now: Date.UTC(2026, 0, 1) };
  const clock = (): number => time.now;
  const api = await startGpuDevApi({ clock, ...options });
  onTestFinished(() => api.close());
  const keyFile = join(home, '.gpu-dev/credentials.json');
  const sidecarDir = join(home, '.clawdbot/sidecar');
  const secrets: string[] = [];
  const events: SidecarEvent[] = [];
  return {
    api,
    time,
    keyFile,
    sidecarDir,
    env: { GPU_DEV_API_URL: api.url, ...awsVariables(IDENTITIES.john) },
    secrets,
    events,
    make: (settings = {}) =>
      createExchangedKeys({
        settings,
        paths: { home, sidecarDir },
        aws: NO_LIVE_CREDENTIALS.aws,
        dial: createAsk({ timeoutMs: 5_000, maxBytes: 64 * 1024 }),
        clock,
        onSecret: (value) => secrets.push(value),
        onEvent: (event) => events.push(event),
      }),
    async write(content) {
      await mkdir(dirname(keyFile), { recursive: true, mode: 0o700 });
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      await writeFile(keyFile, text, { mode: 0o600 });
    },
    read: () => readFile(keyFile, 'utf8'),
    modeOf: async (path) => (await stat(path)).mode & 0o777,
  };
}

/** A key as the file has it. */
export function storedKey(expiresAt: number, more: object = {}): object {
  return {
    api_key: 'stored-key-0123456789',
    username: 'john',
    expires_at: new Date(expiresAt).toISOString(),
    aws_arn: IDENTITIES.john.arn,
    ...more,
  };
}
