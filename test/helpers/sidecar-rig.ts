/** A whole sidecar in this process: temporary home, mapped default ports, a real socket, everything closed. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { RUNTIME_IDS } from '../../src/domain/provider-id.ts';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/create-logger.ts';
import { type Sidecar, startSidecar, type StartOutcome } from '../../src/sidecar.ts';
import type { SettingsFlags } from '../../src/settings/load.ts';
import { freePort } from './free-port.ts';

export interface RigOptions {
  /** Files below the state directory before the start: path → text or JSON-able object. */
  readonly files?: Readonly<Record<string, string | object>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: SettingsFlags;
  /** Port that is looked at as Ollama's own. @default one that nothing listens on */
  readonly ollamaPort?: number;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** Called with the state directory right before the start. */
  readonly onHome?: (stateDir: string) => void;
  /** Port that is looked at as LM Studio's own. @default one that nothing listens on */
  readonly lmstudioPort?: number;
  /** Ports that are looked at as the runtimes' own, by runtime id. @default none but the two above */
  readonly ports?: Readonly<Record<string, readonly number[]>>;
  /** The folder that it is started in. @default the home */
  readonly cwd?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: unknown;
}

/** A home folder with its sidecar, started or refused. */
export interface Rig {
  readonly home: string;
  readonly stateDir: string;
  /** Ports that are looked at as the runtimes' own. */
  readonly defaultPorts: Readonly<Record<string, readonly number[]>>;
  readonly outcome: StartOutcome;
  /** Lines of the log so far, parsed. */
  readonly logged: readonly Readonly<Record<string, unknown>>[];
  /** The started sidecar; throws when it refused. */
  readonly sidecar: Sidecar;
  readonly token: string;
  /** Asks a route with the token. */
  ask(
    path: string,
    init?: {
      readonly method?: string;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    },
  ): Promise<Answer>;
  write(path: string, content: string | object): Promise<void>;
  readModelsJson(): Promise<unknown>;
  close(): Promise<void>;
}

/** The token of every rig. */
const RIG_TOKEN = 'rig-token-0123456789-abcdefghijklmnop';

/** Makes the home, writes the files, starts the sidecar on a free port. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const home = await mkdtemp(join(tmpdir(), 'sidecar-rig-'));
  const stateDir = join(home, '.clawdbot');
  const write = async (path: string, content: string | object): Promise<void> => {
    const target = join(stateDir, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    await writeFile(target, text, { mode: 0o600 });
  };
  for (const [path, content] of Object.entries(options.files ?? {})) await write(path, content);
  const logged: Record<string, unknown>[] = [];
  const log = createLogger({
    level: 'debug',
    format: 'json',
    write: (line) => logged.push(JSON.parse(line)),
  });
  const defaultPorts = {
    // Nothing else: another program of this machine may listen at a default port.
    ...Object.fromEntries(RUNTIME_IDS.map((id) => [id, []])),
    ollama: [options.ollamaPort ?? (await freePort())],
    lmstudio: [options.lmstudioPort ?? (await freePort())],
    ...options.ports,
  };
  options.onHome?.(stateDir);
  const outcome = await startSidecar({
    // Nothing beyond the loopback is asked, not even the address of instance metadata.
    env: { PROVIDER_SIDECAR_TOKEN: RIG_TOKEN, AWS_EC2_METADATA_DISABLED: 'true', ...options.env },
    home,
    cwd: options.cwd ?? home,
    clock: options.clock ?? systemClock,
    log,
    flags: { port: '0', ...options.flags },
    defaultPorts,
  });
  const started = (): Sidecar => {
    if (outcome.kind === 'started') return outcome.sidecar;
    throw new Error(`The sidecar refused to start: ${outcome.problem.detail}`);
  };
  return {
    home,
    stateDir,
    defaultPorts,
    outcome,
    logged,
    get sidecar() {
      return started();
    },
    token: RIG_TOKEN,
    async ask(path, init = {}) {
      const response = await fetch(`${started().url}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${RIG_TOKEN}`, ...init.headers },
      });
      const text = await response.text();
      const isJson = /json/.test(response.headers.get('content-type') ?? '');
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: isJson ? JSON.parse(text) : null,
      };
    },
    write,
    async readModelsJson() {
      return JSON.parse(await readFile(join(stateDir, 'sidecar/models.json'), 'utf8'));
    },
    async close() {
      if (outcome.kind === 'started') await outcome.sidecar.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
