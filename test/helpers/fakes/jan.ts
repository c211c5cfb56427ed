/**
 * A fake Jan that follows its source (`fixtures/jan`): the public description of its API, the key on everything
 * else, the check of the Host header, and plain text for every refusal.
 */
import {
  startFakeRuntime,
  type FakeAnswer,
  type FakeRuntime,
  type ListenOptions,
  type RecordedRequest,
} from '../fake-runtime.ts';

/** State of the fake. */
export interface FakeJanOptions extends ListenOptions {
  /** Demanded as bearer token; null plays a build that has no gate. @default 'jan-key' */
  readonly apiKey?: string | null;
  /** Running models. @default one */
  readonly models?: readonly string[];
  /** Models of hosted providers that this build lists as well, by provider. */
  readonly hosted?: Readonly<Record<string, string>>;
  /** True: no Host header is trusted. */
  readonly refusesHost?: boolean;
}

const PUBLIC = new Set(['/', '/openapi.json', '/favicon.ico']);

/** Starts a fake Jan on 127.0.0.1, by default on a free port and with a key. */
export function startFakeJan(options: FakeJanOptions = {}): Promise<FakeRuntime> {
  return startFakeRuntime((request) => answer(request, options), options);
}

function answer({ route, path, headers }: RecordedRequest, options: FakeJanOptions): FakeAnswer {
  const { apiKey = 'jan-key', models = ['qwen3-4b'], hosted = {}, refusesHost = false } = options;
  if (!PUBLIC.has(path)) {
    if (refusesHost) return text(403, 'Invalid host header');
    if (apiKey !== null && headers.authorization === undefined) {
      return text(401, 'Missing authorization header');
    }
    if (apiKey !== null && headers.authorization !== `Bearer ${apiKey}`) {
      return text(401, 'Invalid or missing authorization token');
    }
  }
  switch (route) {
    case 'GET /':
      return { headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Jan</title>' };
    case 'GET /openapi.json':
      return {
        body: {
          openapi: '3.0.0',
          info: { title: 'Jan API Server Endpoints', version: '1.0' },
          servers: [{ url: 'http://localhost:1337/v1' }],
          paths: { '/models': { get: {} }, '/chat/completions': { post: {} } },
        },
      };
    case 'GET /v1/models': {
      const own = models.map((id) => row(id, 'user'));
      const others = Object.entries(hosted).map(([provider, id]) => row(id, provider));
      return { body: { object: 'list', data: [...own, ...others] } };
    }
    default:
      return text(404, 'Not Found');
  }
}

function row(id: string, owner: string): object {
  return { id, object: 'model', created: 1, owned_by: owner };
}

function text(status: number, body: string): FakeAnswer {
  return { status, headers: { 'content-type': 'text/plain' }, body };
}
