import { describe, expect, it } from 'vitest';
import { isPrivateHost } from '../../src/domain/private-host.ts';

describe('isPrivateHost: decided on parsed addresses, never on string prefixes', () => {
  it.each([
    'localhost',
    '127.0.0.1',
    '[::1]',
    '::1',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.9',
    '169.254.1.1',
    'fd00::1',
    '[fe80::1]',
    '::ffff:10.0.0.1',
  ])('%s is private', (host) => {
    expect(isPrivateHost(host)).toBe(true);
  });

  it.each([
    '10.evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '192.168.1.9.nip.io',
    '172.32.0.1',
    '172.15.0.1',
    '11.0.0.1',
    '8.8.8.8',
    '2001:db8::1',
    'fe.example',
    'integrate.api.nvidia.com',
    '',
  ])('%s is not', (host) => {
    expect(isPrivateHost(host)).toBe(false);
  });
});
