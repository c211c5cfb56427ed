/**
 * The machine around this one: a program in a container or in WSL often means runtimes that run outside of it.
 * Found from the kernel's own files, and nothing is asked.
 */
import { isIPv4 } from 'node:net';
import type { RuntimeId } from '../domain/provider-id.ts';
import type { FileRead } from '../platform/files.ts';
import type { Announced } from './announced.ts';

/** Runtimes that people run outside, with their ports. */
const OUTSIDE: readonly { readonly runtime: RuntimeId; readonly port: number }[] = [
  { runtime: 'ollama', port: 11_434 },
  { runtime: 'lmstudio', port: 1_234 },
];

/** Name that container engines give to the machine around. */
const HOST_NAME = 'host.docker.internal';

/** What tells a container apart; each of the files is there in one engine's containers. */
const CONTAINER_FILES = ['/.dockerenv', '/run/.containerenv'] as const;

/** The hosts around, or none where this is no container and no WSL. */
export async function findContainerHosts(
  readTextFile: (path: string) => Promise<FileRead>,
): Promise<readonly Announced[]> {
  const textOf = async (path: string): Promise<string | undefined> => {
    const file = await readTextFile(path);
    if (file.kind === 'text') return file.text;
    return file.kind === 'missing' ? undefined : '';
  };
  const [version, cgroup, resolv, route, ...marks] = await Promise.all(
    ['/proc/version', '/proc/1/cgroup', '/etc/resolv.conf', '/proc/net/route', ...CONTAINER_FILES].map(
      textOf,
    ),
  );
  const isWsl = /microsoft/i.test(version ?? '');
  const isContainer =
    marks.some((mark) => mark !== undefined) || /docker|containerd|kubepods|libpod|lxc/.test(cgroup ?? '');
  if (!isWsl && !isContainer) return [];
  const gateway = defaultGateway(route ?? '');
  const places = [
    { host: HOST_NAME, foundBy: isWsl ? 'WSL' : 'container' },
    ...(gateway === undefined
      ? []
      : [{ host: gateway, foundBy: isWsl ? 'WSL gateway' : 'container gateway' }]),
    ...(isWsl ? nameservers(resolv ?? '').map((host) => ({ host, foundBy: 'WSL nameserver' })) : []),
  ];
  const seen = new Set<string>();
  return places.flatMap(({ host, foundBy }) => {
    if (seen.has(host)) return [];
    seen.add(host);
    return OUTSIDE.map(({ runtime, port }) => ({ scheme: 'http', host, port, runtime, foundBy }));
  });
}

/** Addresses of `nameserver` lines, which under WSL is the machine around unless it is loopback. */
function nameservers(text: string): readonly string[] {
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)]
    .map(([, address = '']) => address)
    .filter((address) => isIPv4(address) && !address.startsWith('127.'))
    .slice(0, 3);
}

/** The gateway of the default route in `/proc/net/route`: destination 0, the address in reversed hex bytes. */
function defaultGateway(text: string): string | undefined {
  for (const line of text.split('\n').slice(1, 200)) {
    const [, destination, gateway = ''] = line.trim().split(/\s+/);
    if (destination !== '00000000' || !/^[0-9a-f]{8}$/i.test(gateway) || gateway === '00000000') continue;
    return gateway
      .match(/../g)
      ?.reverse()
      .map((byte) => String(Number.parseInt(byte, 16)))
      .join('.');
  }
  return undefined;
}
