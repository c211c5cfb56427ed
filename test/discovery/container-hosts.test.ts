import { describe, expect, it } from 'vitest';
import { findContainerHosts } from '../../src/discovery/container-hosts.ts';

const ROUTE = [
  'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT',
  'eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
  'eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0',
].join('\n');
const LINUX = 'Linux version 6.8.0 (gcc)';
const WSL = 'Linux version 5.15.90.1-microsoft-standard-WSL2';

async function hostsWith(files: Readonly<Record<string, string>>): Promise<string[]> {
  const found = await findContainerHosts(async (path) => {
    const text = files[path];
    return text === undefined ? { kind: 'missing' } : { kind: 'text', text, mode: 0o644 };
  });
  return found.map(({ host, port }) => `${host}:${port}`);
}

const both = (...hosts: string[]) => hosts.flatMap((host) => [`${host}:11434`, `${host}:1234`]);

describe('discovery.containerHosts', () => {
  it('names nothing on a plain machine', async () => {
    expect(await hostsWith({ '/proc/version': LINUX, '/proc/net/route': ROUTE })).toEqual([]);
    expect(await hostsWith({})).toEqual([]);
  });

  it.each([
    ['/.dockerenv', ''],
    ['/run/.containerenv', ''],
    ['/proc/1/cgroup', '0::/docker/abc'],
  ])('in a container (%s): host.docker.internal and the gateway', async (path, text) => {
    expect(await hostsWith({ '/proc/version': LINUX, '/proc/net/route': ROUTE, [path]: text })).toEqual(
      both('host.docker.internal', '172.17.0.1'),
    );
  });

  it('in WSL: also the name server, unless that is loopback', async () => {
    const resolv = 'nameserver 127.0.0.53\nnameserver 172.20.16.1\nnameserver ::1\n# nameserver 9.9.9.9';
    expect(
      await hostsWith({ '/proc/version': WSL, '/proc/net/route': ROUTE, '/etc/resolv.conf': resolv }),
    ).toEqual(both('host.docker.internal', '172.17.0.1', '172.20.16.1'));
  });

  it.each(['', 'x', 'h\neth0 00000000 zz', 'h\neth0 00000000 00000000'])(
    'a route table without a gateway is no trouble: %j',
    async (route) => {
      expect(await hostsWith({ '/.dockerenv': '', '/proc/net/route': route })).toEqual(
        both('host.docker.internal'),
      );
    },
  );
});
