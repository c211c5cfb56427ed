/**
 * One server on this machine that plays every server that the program may ask: it issues tokens and keys, and what it
 * refuses it answers with all that it was sent, as a careless server does.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../http/listening.ts';
import type { CanaryBook } from './canaries.ts';
import { answerAws } from './counterpart-aws.ts';
import type { PlayedAnswer, PlayedRequest } from './played-request.ts';

export interface Counterpart {
  /** Base address; below `/refusing` everything is refused. */
  readonly url: string;
  /** From now on everything below `/aws/<name>` is refused. */
  readonly refuse: (name: string) => void;
  readonly close: () => Promise<void>;
}

/**
 * Starts it on a free port of the loopback address.
 *
 * @throws SidecarError where this machine lets nobody listen there
 */
export async function startCounterpart(book: CanaryBook): Promise<Counterpart> {
  const refused = new Set<string>();
  let answered = 0;
  let url = '';
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const { headers, method = 'GET' } = request;
    const { pathname: path } = new URL(request.url ?? '/', url);
    const said = `refused ${headers.authorization ?? ''} ${body} ${JSON.stringify(headers)}`;
    const asked = { method, path, body, said };
    const { status, content } =
      answerAws(asked, refused, book) ?? answerService(asked, url, book, (answered += 1)) ?? refusal(asked);
    const isText = typeof content === 'string';
    response.writeHead(status, {
      'content-type': isText ? 'text/xml' : 'application/json',
      connection: 'close',
    });
    response.end(isText ? content : JSON.stringify(content));
  };
  const server = createServer((request, response) => {
    // Whoever went away in the middle, or asked for no path, gets no answer.
    answer(request, response).catch(() => response.destroy());
  });
  const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${port}`;
  return {
    url,
    refuse: (name) => void refused.add(name),
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

/** Servers really do this, and their words end up in messages. */
function refusal({ path, said }: PlayedRequest): PlayedAnswer {
  return {
    status: path.endsWith('/token') ? 400 : 401,
    content: { error: 'invalid_grant', error_description: said, detail: said, message: said },
  };
}

/** @param count makes what is issued different each time */
function answerService(
  { path, body }: PlayedRequest,
  url: string,
  book: CanaryBook,
  count: number,
): PlayedAnswer | undefined {
  learnProof(body, book);
  const refuses = path.includes('/refusing');
  if (path.includes('/.well-known/'))
    return { status: 200, content: metadata(`${url}${refuses ? '/refusing' : ''}`) };
  if (path.endsWith('/quiet')) return { status: 200, content: { ok: true } };
  if (refuses) return undefined;
  if (path === '/token') {
    const content = {
      access_token: book.make(`oauth: renewed access token, ${count}`),
      refresh_token: book.make(`oauth: renewed refresh token, ${count}`),
      token_type: 'Bearer',
      expires_in: 3600,
    };
    return { status: 200, content };
  }
  if (path === '/device') {
    const content = {
      device_code: book.make(`oauth: device code, ${count}`),
      user_code: 'SELF-TEST',
      verification_uri: `${url}/go`,
      expires_in: 600,
      interval: 60,
    };
    return { status: 200, content };
  }
  if (path === '/v1/auth/aws-login') {
    const content = {
      api_key: book.make(`exchange: issued key, ${count}`),
      username: 'self-test',
      expires_at: new Date(Date.now() + 30 * 86_400_000).toISOString(),
      aws_arn: null,
    };
    return { status: 200, content };
  }
  return undefined;
}

/** The program makes a proof of an AWS identity by itself: its text, and the signature within it, are for this server alone. */
function learnProof(body: string, book: CanaryBook): void {
  const proof = /"aws_identity_proof":"([^"]+)"/.exec(body)?.[1];
  if (proof === undefined) return;
  book.learn('exchange: presigned proof', proof);
  const signed = Buffer.from(proof.split('.')[1] ?? '', 'base64url').toString('utf8');
  const signature = /X-Amz-Signature=([0-9a-f]+)/.exec(signed)?.[1];
  if (signature !== undefined) book.learn('exchange: signature of a presigned proof', signature);
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
