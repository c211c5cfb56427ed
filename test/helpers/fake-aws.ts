/**
 * The servers that AWS credentials come from, as one HTTP server on the loopback: a container's credential
 * server, instance metadata, SSO and STS. Each key is new and counted, and lives as long as the test says.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeAws {
  readonly url: string;
  /** Requests so far, as `GET /path`. */
  readonly requests: string[];
  /** Life of the next keys, in milliseconds. */
  lifeMs: number;
  /** True: refuses everything, as each service does. */
  refuses: boolean;
  /** True: answers 503, as a service in trouble does. */
  isDown: boolean;
  /** True: takes connections and never answers. */
  isSilent: boolean;
  /** Number of the last key. */
  readonly issued: () => number;
  close(): Promise<void>;
}

/** @param now the time that expiries are counted from, in Unix milliseconds */
export async function startFakeAws(now: () => number = Date.now): Promise<FakeAws> {
  let issued = 0;
  const makeKeys = () => {
    issued += 1;
    return {
      AccessKeyId: `AKIAFAKE${String(issued).padStart(4, '0')}`,
      SecretAccessKey: `canary-secret-${issued}`,
      Token: `canary-session-${issued}`,
      Expiration: new Date(now() + fake.lifeMs).toISOString(),
    };
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { method = '', url = '' } = request;
    const path = url.split('?', 1)[0] ?? '';
    fake.requests.push(`${method} ${path}`);
    if (fake.isSilent) return;
    if (fake.isDown) {
      response.writeHead(503).end();
      return;
    }
    const send = (status: number, type: string, text: string): void => {
      response.writeHead(status, { 'content-type': type }).end(text);
    };
    const sendJson = (value: unknown): void => send(200, 'application/json', JSON.stringify(value));
    if (path === '/' && method === 'POST') {
      const action = new URLSearchParams(body).get('Action') ?? '';
      if (fake.refuses) send(403, 'text/xml', ACCESS_DENIED);
      else send(200, 'text/xml', assumedRole(action, makeKeys()));
    } else if (fake.refuses) {
      send(403, 'application/json', JSON.stringify({ Code: 'Denied', Message: 'not you' }));
    } else if (path === '/container') {
      sendJson(makeKeys());
    } else if (path === '/latest/api/token') {
      send(200, 'text/plain', 'metadata-token');
    } else if (path === '/latest/meta-data/iam/security-credentials/') {
      send(200, 'text/plain', 'instance-role');
    } else if (path === '/latest/meta-data/iam/security-credentials/instance-role') {
      sendJson({ Code: 'Success', Type: 'AWS-HMAC', ...makeKeys() });
    } else if (path === '/federation/credentials') {
      const { AccessKeyId, SecretAccessKey, Token, Expiration } = makeKeys();
      sendJson({
        roleCredentials: {
          accessKeyId: AccessKeyId,
          secretAccessKey: SecretAccessKey,
          sessionToken: Token,
          expiration: Date.parse(Expiration),
        },
      });
    } else {
      send(404, 'text/plain', 'not here');
    }
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() satisfies AddressInfo | string | null;
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const fake: FakeAws = {
    url: `http://127.0.0.1:${port}`,
    requests: [],
    lifeMs: 3_600_000,
    refuses: false,
    isDown: false,
    isSilent: false,
    issued: () => issued,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return fake;
}

const ACCESS_DENIED = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>User is not authorized to perform: sts:AssumeRole</Message></Error>
<RequestId>1</RequestId></ErrorResponse>`;

function assumedRole(
  action: string,
  keys: { AccessKeyId: string; SecretAccessKey: string; Token: string; Expiration: string },
): string {
  return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>
<AccessKeyId>${keys.AccessKeyId}</AccessKeyId><SecretAccessKey>${keys.SecretAccessKey}</SecretAccessKey>
<SessionToken>${keys.Token}</SessionToken><Expiration>${keys.Expiration}</Expiration></Credentials>
<AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/fake/session</Arn><AssumedRoleId>A:session</AssumedRoleId>
</AssumedRoleUser></${action}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></${action}Response>`;
}
