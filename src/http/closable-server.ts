/** node's HTTP server, whose end does not wait for connections on which nobody ever said anything. */
import { type RequestListener, Server, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import type { GuardedRequest } from './request-body.ts';

/**
 * node counts a new connection as busy until its first request is answered or its deadline is over. A client that
 * connects ahead of need, or never speaks, would hold up a stop for as long.
 */
export class ClosableServer extends Server<typeof GuardedRequest> {
  readonly #connections = new Set<Socket>();

  constructor(
    options: ServerOptions<typeof GuardedRequest>,
    onRequest: RequestListener<typeof GuardedRequest>,
  ) {
    super(options, onRequest);
    this.on('connection', (socket) => {
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
    });
  }

  /** Ends the connections that wait for a request, also for their first one. `close` of node calls it. */
  override closeIdleConnections(): void {
    super.closeIdleConnections();
    for (const socket of this.#connections) if (socket.bytesRead === 0) socket.destroy();
  }
}
