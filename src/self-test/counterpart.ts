/**
 * One server on this machine that plays every server that the program may ask: it issues tokens and keys, and what it
 * refuses it answers with all that it was sent, as a careless server does.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { CanaryBook } from './canaries.ts';

export interface Counterpart {
  /** Base address; below `/refusing` everything is refused. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Starts it on a free port of the loopback address. */
export async function startCounterpart(book: CanaryBook): Promise<Counterpart> {
  let url = '';
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const { status, json } = answerTo(request, body, url, book);
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
      response.end(JSON.stringify(json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A server without a port');
  url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

interface PlayedAnswer {
  readonly status: number;
  readonly json: object;
}

function answerTo(request: IncomingMessage, body: string, url: string, book: CanaryBook): PlayedAnswer {
  const path = new URL(request.url ?? '/', url).pathname;
  const refuses = path.includes('/refusing');
  if (path.includes('/.well-known/'))
    return { status: 200, json: metadata(`${url}${refuses ? '/refusing' : ''}`) };
  if (!refuses && path === '/token') {
    return {
      status: 200,
      json: {
        access_token: book.make('oauth: renewed access token'),
        refresh_token: book.make('oauth: renewed refresh token'),
        token_type: 'Bearer',
        expires_in: 3600,
      },
    };
  }
  if (!refuses && path === '/v1/auth/aws-login') {
    const expires = new Date(Date.now() + 30 * 86_400_000).toISOString();
    return {
      status: 200,
      json: {
        api_key: book.make('exchange: issued key'),
        username: 'self-test',
        expires_at: expires,
        aws_arn: null,
      },
    };
  }
  if (path.endsWith('/quiet')) return { status: 200, json: { ok: true } };
  // Servers really do this, and their words end up in messages.
  const said = `refused ${JSON.stringify(request.headers)} ${body}`;
  return {
    status: path.endsWith('/token') ? 400 : 401,
    json: { error: 'invalid_grant', error_description: said, detail: said, message: said },
  };
}

function metadata(issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    device_authorization_endpoint: `${issuer}/device`,
    revocation_endpoint: `${issuer}/revoke`,
    userinfo_endpoint: `${issuer}/userinfo`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    id_token_signing_alg_values_supported: ['RS256'],
    subject_types_supported: ['public'],
    jwks_uri: `${issuer}/jwks`,
  };
}
