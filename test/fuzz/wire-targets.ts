/** Targets of the fuzzing over the wire: raw requests to a whole server, which must answer everybody and stay alive. */
import * as fc from 'fast-check';
import { head, openSocket } from '../helpers/raw-http.ts';
import { type Rig, startRig } from '../helpers/sidecar-rig.ts';
import { query } from './arbitraries.ts';
import { type FuzzTarget, HANG_MS } from './fuzz-target.ts';

/** Codes that a request may be answered with although they are 5xx: what is asked for cannot be had now. */
const MAY_FAIL =
  /"code":"(?:no-default-model|runtime-down|config-invalid|too-many-readers|no-auth|auth-expired)"/;

async function startServer(): Promise<Rig> {
  const acme = {
    baseUrl: 'https://api.acme.example/v1',
    apiKey: 'sk-acme-0123456789',
    models: [{ id: 'm1' }],
  };
  return startRig({
    files: { 'moltbot.json': { models: { providers: { acme } } } },
    env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' },
    flags: { defaultModel: 'acme/m1' },
  });
}

/** Sends the bytes and reads until the server closes or has sent its first bytes; a stream never ends. */
async function send(port: number, bytes: string): Promise<string> {
  const socket = await openSocket(port);
  try {
    return await new Promise<string>((resolve, reject) => {
      let text = '';
      const timer = setTimeout(() => reject(new Error('no answer')), HANG_MS);
      const done = (): void => {
        clearTimeout(timer);
        resolve(text);
      };
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        if (/^content-type: text\/event-stream/im.test(text)) done();
      });
      socket.once('close', done);
      socket.write(Buffer.from(bytes, 'latin1'));
    });
  } finally {
    socket.destroy();
  }
}

function wireTarget(name: string, bytes: (host: string, token: string) => fc.Arbitrary<string>): FuzzTarget {
  return {
    name,
    async open() {
      const rig = await startServer();
      const { host, port } = new URL(rig.sidecar.url);
      const property = fc.asyncProperty(bytes(host, rig.token), async (text) => {
        const answer = await send(Number(port), text);
        if (answer.startsWith('HTTP/1.1 5') && !MAY_FAIL.test(answer)) throw new Error(answer);
        // A server that died or hangs gives no answer here.
        if (!(await send(Number(port), livez(host))).includes('200')) throw new Error('not alive');
      });
      return { property, close: () => rig.close() };
    },
  };
}

const livez = (host: string): string => head('GET /livez HTTP/1.1', `Host: ${host}`, 'Connection: close');

const PATHS = [
  '/v1/resolve',
  '/v1/explain',
  '/v1/providers',
  '/v1/providers/acme',
  '/v1/models',
  '/v1/discovery',
  '/health',
  '/livez',
  '/metrics',
  '/openapi.json',
  '/v1/aws/credentials/amazon-bedrock',
  '/v1/setup/acme',
  '/v1/tokens',
  '/v1/logins/x',
  '/',
  '//',
  '/v1//resolve',
  '/v1/../health',
  '*',
  'http://x/',
  '/%2e%2e/x',
];
const path = fc.oneof(fc.constantFrom(...PATHS), fc.webPath());
const line = fc.string({ unit: 'binary-ascii', maxLength: 40 });
const latin = (text: string): string => text.replaceAll(/[^\0-\xff]/g, '?');

export const wireTargets: readonly FuzzTarget[] = [
  wireTarget('request targets', (host, token) =>
    fc
      .tuple(fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'X'), path, query)
      .map(([method, target, text]) =>
        latin(
          head(
            `${method} ${target}?${text} HTTP/1.1`,
            `Host: ${host}`,
            `Authorization: Bearer ${token}`,
            'Content-Length: 0',
            'Connection: close',
          ),
        ),
      ),
  ),
  wireTarget('request headers', (host, token) =>
    fc
      .array(
        fc.oneof(
          fc.tuple(
            fc.constantFrom(
              'Host',
              'Authorization',
              'Content-Length',
              'Transfer-Encoding',
              'Expect',
              'Origin',
            ),
            fc.oneof(fc.constantFrom(host, `Bearer ${token}`, 'chunked', '0', '-1', '100-continue'), line),
          ),
          fc.tuple(line, line),
        ),
        { maxLength: 6 },
      )
      .map((pairs) =>
        // The end of the sending side is what a half request needs to be ended soon.
        head(
          'GET /v1/resolve HTTP/1.1',
          `Host: ${host}`,
          ...pairs.map(([name, value]) => `${name}: ${value}`),
          'Connection: close',
        ),
      ),
  ),
  wireTarget('ids of the event stream', (host, token) =>
    fc
      .tuple(
        fc.constantFrom('/v1/events', '/v1/snapshot'),
        fc.oneof(
          fc.bigInt().map(String),
          fc.constantFrom('0', '-1', '1e9', '9'.repeat(400), '٣', ' 1', '1 2', 'NaN', ''),
          line.map((text) => text.replaceAll(/[\r\n]/g, '')),
        ),
      )
      .map(([target, id]) =>
        latin(
          head(
            `GET ${target}${target === '/v1/snapshot' ? `?since=${encodeURIComponent(id)}` : ''} HTTP/1.1`,
            `Host: ${host}`,
            `Authorization: Bearer ${token}`,
            `Last-Event-ID: ${id}`,
            'Connection: close',
          ),
        ),
      ),
  ),
];
