/**
 * Providers whose API key is exchanged for an AWS identity: what the operator may say of one, and what is known
 * of `gpu-dev` without a word from the operator.
 */
import { isLoopbackHost } from './loopback.ts';

/** How the identity is proved to the API. */
export const EXCHANGE_PROOFS = ['keys', 'presigned'] as const;
export type ExchangeProof = (typeof EXCHANGE_PROOFS)[number];

/** What the settings say of one exchange. */
export interface ExchangeSettings {
  /** The API, below which the exchange and everything else stands. Only `gpu-dev` may leave it to a variable. */
  readonly url?: string | undefined;
  /** Where the key is used, if not at `url`. */
  readonly baseUrl?: string | undefined;
  /** Name of the provider for people. */
  readonly name?: string | undefined;
  /** `keys` hands over the AWS keys; `presigned` a signed question that only `serverId` can use. */
  readonly proof?: ExchangeProof | undefined;
  /** Id of the server that a presigned proof is bound to. */
  readonly serverId?: string | undefined;
  /** File that the key is stored in, absolute. */
  readonly credentialsFile?: string | undefined;
  /** The role that the API asks for, in words for the message of a refusal. */
  readonly requiredRole?: string | undefined;
}

/** What is known of the GPU Dev API. Its address is the operator's own. */
export const GPU_DEV = {
  id: 'gpu-dev',
  name: 'GPU Dev',
  urlVariable: 'GPU_DEV_API_URL',
  /** Below the home folder; shared with that API's own command line. */
  keyFile: '.gpu-dev/credentials.json',
  requiredRole: 'SSOCloudDevGpuReservation',
} as const;

/**
 * Why an identity may not be sent to this address, in words that follow its name; undefined when it may. Only a
 * connection within this machine needs no encryption.
 */
export function exchangeUrlDefect(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be an https URL';
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  if (username !== '' || password !== '' || search !== '' || hash !== '') {
    return 'must not hold a user name, a password, a query or a fragment';
  }
  if (protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))) return undefined;
  return 'must be an https URL; http is for loopback addresses only';
}
