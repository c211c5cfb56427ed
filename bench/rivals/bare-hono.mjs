/** Rival: the same answer from Hono on its node server, with no guard, no query check and no resolution. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const body = process.argv[2] ?? '';
const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
const app = new Hono();
app.get('/v1/resolve', () => new Response(body, { headers }));
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
  process.stdout.write(`Listening on ${port}\n`);
});
// Ends with the process that measures, however that one ends.
process.stdin.on('end', () => process.exit(0)).resume();
