/** Binding and closing a server: failures with words, and an end that really comes. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, SidecarError, systemCodeOf } from '../domain/errors.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';

/** Where to listen. Port 0 lets the system choose. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Starts listening and gives the address that was bound. The host is always passed: node's own default is
 * every interface of the machine.
 *
 * @throws SidecarError `address-in-use`, `not-permitted` for a port that needs rights, `config-invalid` for a
 *   host or port that cannot be listened on
 */
export async function listen(server: Server, { host, port }: ListenAddress): Promise<AddressInfo> {
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    throw listenFailure(error, host, port);
  }
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new SidecarError('internal', 'The server listens on no network address');
  }
  return address;
}

function listenFailure(error: unknown, host: string, port: number): SidecarError {
  const place = `${quoteUntrusted(host)} port ${port}`;
  const code = systemCodeOf(error);
  const cause = { cause: error };
  if (code === 'EADDRINUSE') {
    return new SidecarError(
      'address-in-use',
      `Another program, or another provider-sidecar, already listens on ${place}`,
      [
        'Run "provider-sidecar status" to see whether a sidecar is running already',
        'Stop the other program, or choose another port with --port',
      ],
      cause,
    );
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new SidecarError(
      'not-permitted',
      `This user may not listen on ${place}`,
      ['Choose a port above 1023 with --port'],
      cause,
    );
  }
  return new SidecarError(
    'config-invalid',
    `Cannot listen on ${place} (${code ?? messageOf(error)})`,
    ['Give an address of this machine with --host and a port from 0 to 65535 with --port'],
    cause,
  );
}

/**
 * Stops listening, ends idle connections at once and the rest after the grace. Event streams never end by
 * themselves: abort them first, or the grace is always used up.
 *
 * @param graceMs milliseconds that answers in progress get
 */
export async function close(server: Server, graceMs = 2_000): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    // This ends idle connections too. Its only error is that the server does not listen, which was asked for.
    server.close(() => resolve());
  });
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
