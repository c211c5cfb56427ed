/** The built program, serving from a temporary home, and the questions that measures ask it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Agent, get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { freePort } from '../test/helpers/free-port.ts';
import { type Program, startProgram } from './programs.ts';
import type { Scope } from './scope.ts';

/** A server that listens. */
export interface MeasuredSidecar extends Program {
  readonly home: string;
  readonly port: number;
  readonly token: string;
  /** GETs a route with the token; gives status and body as text. */
  ask(target: string): Promise<{ readonly status: number; readonly text: string }>;
}

export interface SidecarOptions {
  /** Files below the home folder: path → JSON-able content. */
  readonly files?: Readonly<Record<string, object>>;
  /** Where Ollama is looked for. @default a port on which nothing listens */
  readonly ollamaPort?: number;
  /** Where LM Studio is looked for. @default a port on which nothing listens */
  readonly lmstudioPort?: number;
}

/** The operator's config, below the home folder. */
export const CONFIG_FILE = '.clawdbot/moltbot.json';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const TOKEN = 'bench-token-0123456789-abcdefghijklmnopqrstu';

/** Starts `serve` on a free port, in a fresh home. */
export async function startSidecar(scope: Scope, options: SidecarOptions = {}): Promise<MeasuredSidecar> {
  const ollamaPort = options.ollamaPort ?? (await freePort());
  const lmstudioPort = options.lmstudioPort ?? (await freePort());
  const home = await makeFolder(scope);
  const files = {
    '.lmstudio/.internal/http-server-config.json': { port: lmstudioPort },
    ...options.files,
  };
  for (const [path, content] of Object.entries(files)) await writeJson(join(home, path), content);
  const program = await startProgram(scope, {
    args: [CLI, 'serve', '--port', '0'],
    cwd: home,
    env: { HOME: home, OLLAMA_HOST: `127.0.0.1:${ollamaPort}`, PROVIDER_SIDECAR_TOKEN: TOKEN },
    ready: /Listening on http:\/\/127\.0\.0\.1:(\d+)/,
  });
  const port = Number(program.ready[0]);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  scope.onClose(() => agent.destroy());
  return { ...program, home, port, token: TOKEN, ask: (target) => ask(agent, port, target) };
}

/** A temporary folder that the scope removes. */
export async function makeFolder(scope: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecar-bench-'));
  scope.onClose(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function writeJson(path: string, content: object): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, JSON.stringify(content), { mode: 0o600 });
}

function ask(agent: Agent, port: number, target: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const request = get({ agent, host: '127.0.0.1', port, path: target, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}
