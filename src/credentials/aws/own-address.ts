/**
 * Whether the container variable of AWS leads to this program's own route: then it would ask itself for the
 * credentials that it is asked for. Pure.
 */
import type { Problem } from '../../domain/errors.ts';
import { isLoopbackHost } from '../../domain/loopback.ts';
import { type Environment, variable } from '../../platform/paths.ts';

/** Route below which any AWS SDK gets the credentials of a provider. */
export const AWS_CREDENTIALS_PATH = '/v1/aws/credentials/';

const VARIABLE = 'AWS_CONTAINER_CREDENTIALS_FULL_URI';

/**
 * The refusal where the variable leads here, else null.
 *
 * @param ports that this program listens on, or will
 */
export function ownAddressProblem(env: Environment, ports: readonly number[]): Problem | null {
  const url = variable(env, VARIABLE);
  if (url === undefined || !URL.canParse(url) || !leadsHere(new URL(url), ports)) return null;
  return {
    code: 'config-invalid',
    detail: `${VARIABLE} leads to provider-sidecar itself, which would ask itself for AWS credentials`,
    hints: [
      `Start it without that variable: env -u ${VARIABLE} provider-sidecar serve`,
      'Set the variable for the programs that are to get their credentials from here, and for them alone',
    ],
  };
}

function leadsHere({ protocol, hostname, port, pathname }: URL, ports: readonly number[]): boolean {
  const usual = protocol === 'https:' ? 443 : 80;
  return (
    ports.includes(port === '' ? usual : Number(port)) &&
    isThisMachine(hostname.replace(/\.$/, '')) &&
    pathname.startsWith(AWS_CREDENTIALS_PATH)
  );
}

/** The loopback in every spelling that a URL leaves of it: mapped into IPv6, or unspecified, which leads there. */
function isThisMachine(host: string): boolean {
  return (
    isLoopbackHost(host) ||
    /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]$/.test(host) ||
    ['0.0.0.0', '[::]', '[::ffff:0:0]'].includes(host)
  );
}
