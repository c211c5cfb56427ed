// Loaded into the program under test with --import: leads its connections to a runtime's default port to the
// port that a fake has, so that the pages can show real ports and nobody's real runtime is asked.
import { Socket } from 'node:net';

const ports = new Map(Object.entries(JSON.parse(process.env['TEST_PORT_MAP'] ?? '{}')));
const connect = Reflect.get(Socket.prototype, 'connect');

Socket.prototype.connect = function connectMapped(...args) {
  const [first] = args;
  const options = Array.isArray(first) ? first[0] : first;
  const mapped = ports.get(String(options?.port));
  if (mapped !== undefined) options.port = mapped;
  return connect.apply(this, args);
};
