/** The route whose cost is measured, served by the program and, with the same bytes, by a rival. */
import { fileURLToPath } from 'node:url';
import { driveLoad, type LoadOptions } from './load.ts';
import { type Program, startProgram } from './programs.ts';
import type { Scope } from './scope.ts';
import { CONFIG_FILE, type MeasuredSidecar, startSidecar } from './sidecars.ts';

/** Rivals, each a program of its own that is as small as it can be. */
export type RivalName = 'bare-hono' | 'raw-node';

/** One of two servers that give the same answer. */
export type Contender = Pick<LoadOptions, 'port' | 'target' | 'token'> & { readonly pid: number };

const MODEL = 'acme/kimi-k2.5';
const CONFIG = {
  agents: { defaults: { model: MODEL } },
  models: {
    providers: {
      acme: {
        baseUrl: 'https://api.acme.example/v1',
        api: 'openai-completions',
        apiKey: 'bench-key-0123456789',
        models: [{ id: 'kimi-k2.5', name: 'Kimi K2.5', contextWindow: 256_000, maxTokens: 8_192 }],
      },
    },
  },
};
const TARGET = `/v1/resolve?model=${encodeURIComponent(MODEL)}`;

/** Starts the rival, which answers every GET of the measured path with `body`. */
export async function startRival(scope: Scope, name: RivalName, body: string): Promise<Program> {
  const file = fileURLToPath(new URL(`rivals/${name}.mjs`, import.meta.url));
  return startProgram(scope, { args: [file, body], ready: /^Listening on (\d+)$/m });
}

/** A sidecar that can resolve a model with an API key, with no runtime on the machine. */
export async function startResolvingSidecar(scope: Scope): Promise<MeasuredSidecar> {
  return startSidecar(scope, { files: { [CONFIG_FILE]: CONFIG } });
}

/** Starts both contenders and makes sure that their answers are the same, byte for byte. */
export async function startContenders(
  scope: Scope,
  rivalName: RivalName,
): Promise<{ readonly ours: Contender; readonly rival: Contender }> {
  const sidecar = await startResolvingSidecar(scope);
  const { status, text } = await sidecar.ask(TARGET);
  if (status !== 200) throw new Error(`${TARGET} answers ${status}: ${text.slice(0, 300)}`);
  const program = await startRival(scope, rivalName, text);
  const { pid, port, token } = sidecar;
  const ours = { pid, port, token, target: TARGET };
  const rival = { pid: program.pid, port: Number(program.ready[0]), token, target: TARGET };
  for (const contender of [ours, rival]) {
    const { body } = await driveLoad({ ...contender, connections: 1, stopAfter: { answers: 1 } });
    if (body !== text) throw new Error('The contenders do not give the same answer');
  }
  return { ours, rival };
}
