/** Where llama-server listens, as the variables say that it reads itself. */
import { firstVariable, variable } from '../../platform/paths.ts';
import type { Address } from '../address.ts';
import { localAddresses } from './local-addresses.ts';
import type { AddressSources } from './runtime.ts';

const VARIABLES = ['LLAMA_ARG_HOST', 'LLAMA_ARG_PORT', 'LLAMA_ARG_API_PREFIX'] as const;

/** The addresses of the variables, then the default ports, because the server may have another environment. */
export function llamaServerAddresses({
  env,
  defaultPorts,
}: Pick<AddressSources, 'env' | 'defaultPorts'>): readonly Address[] {
  const defaults = localAddresses(defaultPorts);
  const foundBy = firstVariable(env, VARIABLES)?.name;
  if (foundBy === undefined) return defaults;
  const port = portOf(variable(env, 'LLAMA_ARG_PORT'));
  const ports = port === undefined ? defaultPorts : [port];
  const path = prefixOf(variable(env, 'LLAMA_ARG_API_PREFIX'));
  const named = hostsOf(variable(env, 'LLAMA_ARG_HOST')).flatMap((host) =>
    ports.map((port) => ({ scheme: 'http', host, port, path, foundBy })),
  );
  return [...named, ...defaults];
}

/** The hosts of a comma list. A Unix socket among them is no address, and a client of it is no HTTP client. */
function hostsOf(list: string | undefined): readonly string[] {
  if (list === undefined) return ['localhost'];
  return list
    .split(',')
    .map((host) => host.trim().replace(/^\[(.*)\]$/, '$1'))
    .filter((host) => host !== '' && !host.endsWith('.sock'));
}

/** Text that is no port stops the server itself, so it names no address. */
function portOf(text: string | undefined): number | undefined {
  const port = text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
  return port === undefined || port > 65_535 ? undefined : port;
}

function prefixOf(text: string | undefined): string {
  const bare = (text ?? '').replace(/^\/+|\/+$/g, '');
  return bare === '' ? '' : `/${bare}`;
}
