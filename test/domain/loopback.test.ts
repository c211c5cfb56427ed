/** Which hosts are this machine. */
import { describe, expect, it } from 'vitest';
import { isLoopbackHost } from '../../src/domain/loopback.ts';

describe('isLoopbackHost', () => {
  it.each(['127.0.0.1', '127.255.0.9', '::1', '[::1]', '0:0:0:0:0:0:0:1', 'localhost', 'LocalHost', ' ::1 '])(
    'is this machine: %s',
    (host) => {
      expect(isLoopbackHost(host)).toBe(true);
    },
  );

  it.each([
    '0.0.0.0',
    '::',
    '',
    '128.0.0.1',
    '192.168.1.5',
    '127.0.0.1.example.com',
    'localhost.example.com',
    'example.com',
    '127.1',
    '0x7f000001',
    '::1%lo',
    '[::1]:80',
    '::2',
    '127.0.0.1:80',
    'user@localhost',
    'x]@[::1',
  ])('is not: %s', (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  });
});
