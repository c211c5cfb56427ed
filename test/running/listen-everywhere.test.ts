/** Which Host lines lead to this server. */
import { expect, it } from 'vitest';
import { hostsOf } from '../../src/running/listen-everywhere.ts';

it.each([
  ['127.0.0.1', 18_780, ['127.0.0.1:18780', 'localhost:18780']],
  ['[::1]', 8_080, ['[::1]:8080', 'localhost:8080']],
  // RFC 9110, section 4.2.1: the default port is left out.
  ['127.0.0.1', 80, ['127.0.0.1:80', 'localhost:80', '127.0.0.1', 'localhost']],
] as const)('clients of %s port %i may call it %j', (address, port, hosts) => {
  expect(hostsOf(address, port)).toEqual(hosts);
});
