/** Listening on a Unix socket that only this user can reach. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { messageOf, SidecarError, systemCodeOf } from '../domain/errors.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { takeSocketPath } from '../platform/unix-socket.ts';

/**
 * Starts listening on a path, 0600 in a folder of mode 0700.
 *
 * @throws SidecarError `address-in-use`, `not-permitted`, `cannot-write` or `config-invalid`
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  await takeSocketPath(path, async () => {
    try {
      server.listen({ path });
      await once(server, 'listening');
    } catch (error) {
      const reason = systemCodeOf(error) ?? messageOf(error);
      throw new SidecarError('config-invalid', `Cannot listen on ${quoteUntrusted(path, 200)} (${reason})`, [
        'Give a path of less than 104 bytes with --socket',
      ]);
    }
  });
}
