/** The places where the server listens: the TCP port, the Unix socket, or both. */
import { AWS_CREDENTIALS_PATH } from '../credentials/aws/own-address.ts';
import { SidecarError } from '../domain/errors.ts';
import { socketUrl } from '../domain/server-url.ts';
import { type AccessRules, createAccessRules } from '../http/access.ts';
import { close as closeServer, listen } from '../http/listening.ts';
import { createGuardedServer } from '../http/node-server.ts';
import { listenOnSocket } from '../http/socket-listening.ts';
import type { Logger } from '../platform/logger.ts';
import { OPEN_PATHS } from '../server.ts';
import type { Settings } from '../settings/layers.ts';

type App = Pick<Parameters<typeof createGuardedServer>[0], 'fetch' | 'ready' | 'onRefused'>;

/**
 * Listens on the TCP port and on the Unix socket, where each is wanted.
 *
 * @returns the URL under which clients find the server, and the places as people know them
 * @throws SidecarError `config-invalid` when neither is wanted, or as the listeners do
 */
export async function listenEverywhere(
  { host, port, socket }: Settings,
  access: Pick<AccessRules, 'callers' | 'mayRequest'>,
  app: App,
  log: Logger,
  undo: (() => Promise<void>)[],
): Promise<{ url: string; places: readonly string[] }> {
  const serverFor = (allowedHosts: () => readonly string[]) => {
    let rules: AccessRules | undefined;
    return createGuardedServer({
      ...app,
      log,
      rules: () =>
        (rules ??= createAccessRules({
          ...access,
          allowedHosts: allowedHosts(),
          openPaths: OPEN_PATHS,
          rawTokenPrefixes: [AWS_CREDENTIALS_PATH],
        })),
    });
  };
  const places: string[] = [];
  let url: string | undefined;
  if (port !== null) {
    /** As a URL writes it, without the port. */
    let bound = '';
    let boundPort = port;
    const server = serverFor(() => hostsOf(bound, boundPort));
    const address = await listen(server, { host: host === 'localhost' ? '127.0.0.1' : host, port });
    boundPort = address.port;
    bound = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    undo.push(() => closeServer(server));
    url = `http://${bound}:${boundPort}`;
    places.push(url);
  }
  if (socket !== null) {
    const server = serverFor(() => ['localhost']);
    // Closed also where it listens and cannot be kept from others.
    undo.push(() => closeServer(server));
    await listenOnSocket(server, socket);
    url ??= socketUrl(socket);
    places.push(socket);
  }
  if (url === undefined) {
    throw new SidecarError('config-invalid', 'The port is switched off and no Unix socket is set', [
      'Name a socket: provider-sidecar serve --port none --socket ~/.clawdbot/sidecar/sidecar.sock',
    ]);
  }
  return { url, places };
}

/** What clients send as Host for an address and its port: they leave out the one that HTTP has by itself. */
export function hostsOf(address: string, port: number): readonly string[] {
  const names = [address, 'localhost'];
  const withPort = names.map((name) => `${name}:${port}`);
  return port === 80 ? [...withPort, ...names] : withPort;
}
