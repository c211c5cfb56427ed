/** The running server as the commands find it: by `endpoint.json`, and only when it proves who it is. */
import type { Problem } from '../domain/errors.ts';
import { connectProven, type ProvenServer } from '../http/proven-server.ts';
import { type EndpointFile, readEndpointFile } from '../platform/endpoint-file.ts';
import { findPaths } from '../platform/paths.ts';
import type { CommandContext } from './context.ts';

/** The server, or why there is none to talk to. */
export type FoundServer =
  | { readonly kind: 'found'; readonly endpoint: EndpointFile; readonly server: ProvenServer }
  | { readonly kind: 'absent'; readonly problem: Problem };

/** Finds the server. The caller closes it. */
export async function findServer(context: Pick<CommandContext, 'env' | 'home'>): Promise<FoundServer> {
  const { endpoint: path } = findPaths(context.env, context.home);
  const endpoint = await readEndpointFile(path);
  if (endpoint === undefined) return absent('No server is running here');
  // The port of a dead server may be somebody else's by now, and the token is not for them.
  const server = await connectProven(endpoint);
  if (server !== undefined) return { kind: 'found', endpoint, server };
  return absent(`The server that ${path} names (process ${endpoint.pid}, ${endpoint.url}) does not answer`);
}

/** There is no server, in the words of every command that needs one. */
export function absent(detail: string): Extract<FoundServer, { kind: 'absent' }> {
  return {
    kind: 'absent',
    problem: { code: 'not-running', detail, hints: ['Start it: provider-sidecar serve'] },
  };
}
