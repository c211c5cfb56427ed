/** Addresses of this machine by port: a runtime's default ports, and the variables that move it. */
import { variable, type Environment } from '../../platform/paths.ts';
import type { Address } from '../address.ts';

/** Addresses of this machine at these ports, named by `foundBy`. */
export function localAddresses(
  ports: readonly number[],
  foundBy: string = 'default port',
): readonly Address[] {
  return ports.map((port) => ({ scheme: 'http', host: 'localhost', port, path: '', foundBy }));
}

/** The address that a variable names as a port; empty when it is unset or no port. */
export function addressesOfPortVariable(env: Environment, name: string): readonly Address[] {
  const port = parsePort(variable(env, name));
  return port === undefined ? [] : localAddresses([port], name);
}

/**
 * The address that a variable names as `host:port` or `:port`, with or without a scheme; empty when it is
 * unset or neither. Without a host it is this machine.
 */
export function addressesOfHostVariable(env: Environment, name: string): readonly Address[] {
  const text = variable(env, name) ?? '';
  const parts = /^(?:(https?):\/\/)?(\[[0-9a-f:.]+\]|[\w.-]*):(\d+)\/?$/i.exec(text);
  const port = parsePort(parts?.[3]);
  if (parts === null || port === undefined) return [];
  const [, scheme = 'http', host = ''] = parts;
  return [{ scheme, host: host.replace(/^\[|\]$/g, ''), port, path: '', foundBy: name }];
}

/** A port from 1 to 65535 in decimal digits, or undefined for any other text. */
export function parsePort(text: string | undefined): number | undefined {
  const port = text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
