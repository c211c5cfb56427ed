/**
 * Where the server is: named by the program or by variables, else by `endpoint.json`. The file is read at each
 * call, so a server that was started again on another port is found without being told of.
 */
import { isLoopbackHost } from '../domain/loopback.ts';
import { Secret } from '../domain/secret.ts';
import { socketPathOf } from '../domain/server-url.ts';
import { connectProven, type ProvenServer, type ServerAddress } from '../http/proven-server.ts';
import { readEndpointFile } from '../platform/endpoint-file.ts';
import { type Environment, findPaths, variable } from '../platform/paths.ts';
import { notRunning, SidecarClientError } from './client-error.ts';

/** What tells where the server is. */
export interface ServerPlace {
  /** `http://127.0.0.1:18780`; wins over `PROVIDER_SIDECAR_URL`, which wins over `endpoint.json`. */
  readonly url?: string;
  /** Wins over `PROVIDER_SIDECAR_TOKEN`, which wins over `endpoint.json`. */
  readonly token?: string;
  readonly env: Environment;
  readonly home: string;
}

/**
 * Opens a connection to the server, over which it has proved that it knows the token.
 *
 * @throws SidecarClientError `not-running` when there is none, `config-invalid` for a URL that leads elsewhere
 */
export async function connectToServer(place: ServerPlace): Promise<ProvenServer> {
  const address = await findServer(place);
  const server = await connectProven(address);
  if (server !== undefined) return server;
  throw notRunning(
    `Nothing answers at ${address.url}, or another program does: it did not prove that it knows the token`,
  );
}

async function findServer({ url, token, env, home }: ServerPlace): Promise<ServerAddress> {
  const namedUrl = url ?? variable(env, 'PROVIDER_SIDECAR_URL');
  const namedToken = token ?? variable(env, 'PROVIDER_SIDECAR_TOKEN');
  if (namedUrl !== undefined) assertHere(namedUrl);
  if (namedUrl !== undefined && namedToken !== undefined) {
    return { url: trimmed(namedUrl), token: new Secret(namedToken) };
  }
  const path = findPaths(env, home).endpoint;
  const endpoint = await readEndpointFile(path);
  if (endpoint === undefined) {
    throw notRunning(`There is no ${path}, or it cannot be trusted: no server is running here`);
  }
  return {
    url: trimmed(namedUrl ?? endpoint.url),
    token: namedToken === undefined ? endpoint.token : new Secret(namedToken),
  };
}

/** The token goes to this machine only: the server listens nowhere else. */
function assertHere(url: string): void {
  if (socketPathOf(url) !== undefined) return;
  if (URL.canParse(url)) {
    const { protocol, hostname, username, password } = new URL(url);
    if (protocol === 'http:' && isLoopbackHost(hostname) && username === '' && password === '') return;
  }
  const problem = {
    code: 'config-invalid',
    detail: 'The URL of the server is not one of this machine (http://127.0.0.1:<port>)',
    hints: ['Leave PROVIDER_SIDECAR_URL unset: endpoint.json names the running server'],
  };
  throw new SidecarClientError(problem, null);
}

/** Without what follows the port. */
function trimmed(url: string): string {
  return socketPathOf(url) === undefined ? new URL(url).origin : url;
}
