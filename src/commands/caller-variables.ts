/** The variables by which a program finds the server and shows its token, as `exec` and `env` give them. */
import * as z from 'zod';
import { type CallerScope, isNarrowed, permitsProvider } from '../domain/caller-scope.ts';
import { canonicalProviderId } from '../domain/provider-id.ts';
import type { Secret } from '../domain/secret.ts';
import type { ProvenServer } from '../http/proven-server.ts';
import { socketPathOf } from '../domain/server-url.ts';

/** What the AWS variables lead to. */
export type AwsAccess =
  | { readonly kind: 'provider'; readonly id: string }
  /** No AWS provider is within the scope. */
  | { readonly kind: 'none' }
  /** There is one, and no address that an AWS client would take: the server listens on a Unix socket alone. */
  | { readonly kind: 'no-address'; readonly id: string };

const providersAnswer = z.looseObject({
  providers: z.array(z.looseObject({ id: z.string(), auth: z.looseObject({ mode: z.string().nullable() }) })),
});

/**
 * Finds the AWS provider that the variables lead to: one that the scope names, and without a scope the first with
 * something to authenticate with.
 */
export async function findAwsAccess(
  server: ProvenServer,
  url: string,
  scope: CallerScope,
): Promise<AwsAccess> {
  if (!scope.secrets) return { kind: 'none' };
  const all = isNarrowed(scope) ? '?all=true' : '';
  const { body } = await server.ask({ path: `/v1/providers${all}` });
  const listed = providersAnswer.safeParse(body).data?.providers ?? [];
  const found = listed.find(
    ({ id, auth }) => auth.mode === 'aws-sdk' && permitsProvider(scope, id, canonicalProviderId),
  );
  if (found === undefined) return { kind: 'none' };
  return { kind: socketPathOf(url) === undefined ? 'provider' : 'no-address', id: found.id };
}

/** The variables. Those of AWS are of the container form, which every AWS client knows. */
export function callerVariables(url: string, token: Secret, aws: AwsAccess): Record<string, string> {
  return {
    PROVIDER_SIDECAR_URL: url,
    PROVIDER_SIDECAR_TOKEN: token.reveal(),
    ...(aws.kind === 'provider'
      ? {
          AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/v1/aws/credentials/${encodeURIComponent(aws.id)}`,
          AWS_CONTAINER_AUTHORIZATION_TOKEN: `Bearer ${token.reveal()}`,
        }
      : {}),
  };
}

/** Variables that would lead an AWS client past the ones above. */
export const AWS_RIVALS = [
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
] as const;

/** What to say where AWS variables were expected and are missing. */
export const NO_AWS_ADDRESS =
  'The AWS variables are left out: AWS clients cannot use a Unix socket, and the server has no port';
