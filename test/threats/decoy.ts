/** A server that only notes who comes. Nothing may lead the program there. */
import { once } from 'node:events';
import { createServer } from 'node:http';

export interface Decoy {
  readonly port: number;
  readonly url: string;
  /** Connections and request lines, oldest first. */
  readonly asked: readonly string[];
  readonly close: () => Promise<void>;
}

/** Starts it on a free port of the loopback address. */
export async function startDecoy(): Promise<Decoy> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''} ${JSON.stringify(request.rawHeaders)}`);
    response.end('{}');
  }).listen(0, '127.0.0.1');
  server.on('connection', () => asked.push('a connection'));
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the decoy has no port');
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
