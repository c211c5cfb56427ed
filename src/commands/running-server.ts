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

/**
 * What the running server answers, for a command that does without it too. Undefined when no server runs here, none
 * that proves to be ours, or one that ends just now.
 */
export async function askServer(
  context: Pick<CommandContext, 'env' | 'home'>,
  path: string,
): Promise<unknown> {
  const found = await findServer(context);
  if (found.kind === 'absent') return undefined;
  try {
    return (await found.server.ask({ path })).body;
  } catch {
    return undefined;
  } finally {
    found.server.close();
  }
}

/** There is no server, in the words of every command that needs one. */
export function absent(detail: string): Extract<FoundServer, { kind: 'absent' }> {
  return {
    kind: 'absent',
    problem: { code: 'not-running', detail, hints: ['Start it: provider-sidecar serve'] },
  };
}
