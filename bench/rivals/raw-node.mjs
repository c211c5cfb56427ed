/** Rival: the same answer from node's own HTTP server, which looks at nothing at all. */
import { createServer } from 'node:http';

const body = process.argv[2] ?? '';
const headers = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'content-length': Buffer.byteLength(body),
};
const server = createServer((_request, response) => {
  response.writeHead(200, headers);
  response.end(body);
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`Listening on ${server.address().port}\n`);
});
// Ends with the process that measures, however that one ends.
process.stdin.on('end', () => process.exit(0)).resume();
