/** The part `oauth` of sidecar.json5: providers that this program can log in to, and as which client. */
import * as z from 'zod';
import { isLoopbackHost } from '../domain/loopback.ts';
import { CLIENT_AUTH_METHODS, type OAuthClients, type OAuthClientSettings } from '../domain/oauth-client.ts';
import { isProtectedUrl } from '../domain/protected-url.ts';
import { canonicalProviderId } from '../domain/provider-id.ts';
import { isRecord, recordOf } from '../domain/record.ts';
import { readSecretRef, type SecretRef } from '../domain/secret-ref.ts';
import { hasControlCharacters } from '../domain/untrusted-text.ts';

const VARIABLE = /^\$\{([A-Z_][A-Z0-9_]{0,127})\}$/;

const text = z
  .string('must be a string')
  .trim()
  .min(1, 'must not be empty')
  .max(2048, 'must not be longer than 2048 characters')
  .refine((value) => !hasControlCharacters(value), 'must not hold control characters');

/** Undefined for text that is no URL. */
function parseUrl(value: string): URL | undefined {
  return URL.canParse(value) ? new URL(value) : undefined;
}

const endpointUrl = text
  .refine(isProtectedUrl, {
    error: 'must be an https URL, or an http URL of this machine (127.0.0.1, ::1, localhost)',
    abort: true,
  })
  // Checked apart, so that the password is not part of any message.
  .refine((value) => {
    const url = parseUrl(value);
    return url !== undefined && url.username === '' && url.password === '';
  }, 'must not hold a user name or password')
  .refine((value) => !value.includes('#'), 'must not hold a fragment');

const issuerUrl = endpointUrl.refine((value) => !value.includes('?'), 'must not hold a query');

const REDIRECT_RULE =
  'must be an http URL of this machine without query and fragment, like http://localhost:8000/auth/redirect';

const redirectUrl = text.refine((value) => {
  const url = parseUrl(value);
  if (url === undefined || url.protocol !== 'http:' || !isLoopbackHost(url.hostname)) return false;
  return !/[?#]/.test(value) && url.username === '' && url.password === '';
}, REDIRECT_RULE);

const resourceUri = text.refine(
  (value) => parseUrl(value) !== undefined && !value.includes('#'),
  'must be an absolute URI without a fragment',
);

const SCOPE_RULE = 'must be a list of scopes, each without spaces, quotes and backslashes';

const scopes = z.preprocess(
  // The form in which the protocol itself writes them.
  (value) => (typeof value === 'string' ? value.split(' ').filter((scope) => scope !== '') : value),
  z
    .array(z.string(SCOPE_RULE).regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, SCOPE_RULE), SCOPE_RULE)
    .max(64, 'must not hold more than 64 scopes'),
);

const clientId = text.transform((value): OAuthClientSettings['clientId'] => {
  const name = VARIABLE.exec(value)?.[1];
  return name === undefined ? value : { variable: name };
});

const SECRET_RULE =
  'must be a reference, like "${NAME_OF_A_VARIABLE}": the secret itself does not belong into this file';

const clientSecret = z.unknown().transform((value, context): SecretRef => {
  const name = typeof value === 'string' ? VARIABLE.exec(value.trim())?.[1] : undefined;
  if (name !== undefined) return { source: 'env', provider: null, id: name };
  const read = isRecord(value) ? readSecretRef(value) : undefined;
  if (read?.kind === 'reference') return read.reference;
  context.addIssue({ code: 'custom', message: read === undefined ? SECRET_RULE : read.reason, input: null });
  return z.NEVER;
});

const METHOD_RULE = `must be one of ${CLIENT_AUTH_METHODS.join(', ')}`;

const clientFields = z.strictObject(
  {
    issuer: issuerUrl.optional(),
    authorizationEndpoint: endpointUrl.optional(),
    tokenEndpoint: endpointUrl.optional(),
    deviceAuthorizationEndpoint: endpointUrl.optional(),
    revocationEndpoint: endpointUrl.optional(),
    clientId,
    clientSecret: clientSecret.optional(),
    tokenEndpointAuthMethod: z.enum(CLIENT_AUTH_METHODS, METHOD_RULE).optional(),
    scopes: scopes.optional(),
    redirectUri: redirectUrl.optional(),
    resource: resourceUri.optional(),
    userinfo: endpointUrl.optional(),
  },
  'must be an object',
);
type ClientFields = z.infer<typeof clientFields>;

/** The keys of one provider's entry, for suggestions about a misspelt one. */
export const OAUTH_CLIENT_KEYS: readonly string[] = Object.keys(clientFields.shape);

/** What the fields of an entry must be together: the field it is said of, and the rule. */
function* contradictions(fields: ClientFields): Generator<readonly [field: string, rule: string]> {
  const { issuer, tokenEndpoint, authorizationEndpoint, deviceAuthorizationEndpoint } = fields;
  const { clientSecret: secret, tokenEndpointAuthMethod: method } = fields;
  if (tokenEndpoint === undefined) {
    if (issuer === undefined) yield ['issuer', 'is missing: name the issuer, or the endpoints one by one'];
    const lonely = (['authorizationEndpoint', 'deviceAuthorizationEndpoint', 'revocationEndpoint'] as const)
      .filter((key) => fields[key] !== undefined)
      .at(0);
    if (lonely !== undefined) yield [lonely, 'needs tokenEndpoint beside it'];
  } else if (authorizationEndpoint === undefined && deviceAuthorizationEndpoint === undefined) {
    yield ['tokenEndpoint', 'needs authorizationEndpoint or deviceAuthorizationEndpoint beside it'];
  }
  if (method === 'none' && secret !== undefined) {
    yield ['clientSecret', 'is never sent with tokenEndpointAuthMethod "none": leave out one of them'];
  }
  if (method !== undefined && method !== 'none' && secret === undefined) {
    yield ['tokenEndpointAuthMethod', `"${method}" needs clientSecret beside it`];
  }
}

const client = clientFields
  .superRefine((fields, context) => {
    for (const [field, message] of contradictions(fields)) {
      context.addIssue({ code: 'custom', message, path: [field], input: null });
    }
  })
  .transform((fields): OAuthClientSettings => {
    const { tokenEndpoint: token } = fields;
    return {
      issuer: fields.issuer ?? null,
      endpoints:
        token === undefined
          ? null
          : {
              token,
              authorization: fields.authorizationEndpoint ?? null,
              deviceAuthorization: fields.deviceAuthorizationEndpoint ?? null,
              revocation: fields.revocationEndpoint ?? null,
            },
      clientId: fields.clientId,
      clientSecret: fields.clientSecret ?? null,
      tokenEndpointAuthMethod:
        fields.tokenEndpointAuthMethod ?? (fields.clientSecret === undefined ? 'none' : null),
      scopes: fields.scopes ?? [],
      redirectUri: fields.redirectUri ?? null,
      resource: fields.resource ?? null,
      userinfo: fields.userinfo ?? null,
    };
  });

const PROVIDER_RULE = 'must have ids of providers as keys: letters, digits, ".", "_" and "-"';

/** The part as sidecar.json5 has it. */
export const oauthFields = z
  .record(z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/), client, {
    error: (issue) => (issue.code === 'invalid_type' ? 'must be an object' : PROVIDER_RULE),
  })
  .transform((entries, context): OAuthClients => {
    const known = new Set<string>();
    for (const id of Object.keys(entries)) {
      const canonical = canonicalProviderId(id);
      if (known.has(canonical)) {
        const message = 'means the same provider as another entry';
        context.addIssue({ code: 'custom', message, path: [id], input: null });
      }
      known.add(canonical);
    }
    return recordOf(Object.entries(entries).map(([id, entry]) => [id.toLowerCase(), entry]));
  });
