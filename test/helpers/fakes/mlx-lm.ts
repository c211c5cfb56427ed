/** A fake server of MLX-LM that follows its source: Python's plain HTTP server with three routes. */
import { startFakeRuntime, type FakeRuntime, type ListenOptions } from '../fake-runtime.ts';

/** State of the fake; what is set otherwise than the real one has it makes a decoy of it. */
export interface FakeMlxLmOptions extends ListenOptions {
  /** @default one chat model */
  readonly models?: readonly string[];
  /** @default Python's own */
  readonly server?: string;
  /** @default none */
  readonly ownedBy?: string;
  /** @default `{"status": "ok"}` */
  readonly health?: string;
}

/** Starts a fake server of MLX-LM on 127.0.0.1, by default on a free port. */
export async function startFakeMlxLm({
  models = ['mlx-community/Qwen3-4B-4bit'],
  server = 'BaseHTTP/0.6 Python/3.12.4',
  ownedBy,
  health = '{"status": "ok"}',
  ...listen
}: FakeMlxLmOptions = {}): Promise<FakeRuntime> {
  const headers = { server, 'content-type': 'application/json' };
  return startFakeRuntime(({ route }) => {
    if (route === 'GET /health') return { headers, body: health };
    if (route !== 'GET /v1/models') return { status: 404, headers: { server }, body: 'Not Found' };
    const data = models.map((id) => ({
      id,
      object: 'model',
      created: 1_795_341_555,
      ...(ownedBy === undefined ? {} : { owned_by: ownedBy }),
    }));
    return { headers, body: JSON.stringify({ object: 'list', data }) };
  }, listen);
}
