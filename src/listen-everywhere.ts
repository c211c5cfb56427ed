/** The places where the server listens: the TCP port, and the Unix socket where one is set. */
import type { Secret } from './domain/secret.ts';
import { AWS_CREDENTIALS_PATH } from './credentials/aws/own-address.ts';
import { createAccessRules } from './http/access.ts';
import { close as closeServer, listen } from './http/listening.ts';
import { createGuardedServer } from './http/node-server.ts';
import { listenOnSocket } from './http/socket-listening.ts';
import type { Logger } from './platform/logger.ts';
import { OPEN_PATHS } from './server.ts';
import type { Settings } from './settings/layers.ts';

type AppFetch = Parameters<typeof createGuardedServer>[0]['fetch'];

/** Listens on the TCP port, and beside it on the Unix socket where one is set. */
export async function listenEverywhere(
  { host, port, socket }: Settings,
  token: Secret,
  fetch: AppFetch,
  log: Logger,
  undo: (() => Promise<void>)[],
): Promise<{ url: string; places: readonly string[] }> {
  const serverFor = (allowedHosts: () => readonly string[]) => {
    let rules: ReturnType<typeof createAccessRules> | undefined;
    return createGuardedServer({
      fetch,
      log,
      rules: () =>
        (rules ??= createAccessRules({
          allowedHosts: allowedHosts(),
          token,
          openPaths: OPEN_PATHS,
          rawTokenPrefixes: [AWS_CREDENTIALS_PATH],
        })),
    });
  };
  let bound = '';
  let boundPort = port;
  const server = serverFor(() => [bound, `localhost:${boundPort}`]);
  const address = await listen(server, { host: host === 'localhost' ? '127.0.0.1' : host, port });
  boundPort = address.port;
  bound = `${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  undo.push(() => closeServer(server));
  const url = `http://${bound}`;
  if (socket === null) return { url, places: [url] };
  const socketServer = serverFor(() => ['localhost']);
  await listenOnSocket(socketServer, socket);
  undo.push(() => closeServer(socketServer));
  return { url, places: [url, socket] };
}
