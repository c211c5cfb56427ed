/** The answer of `/v1/resolve` and `resolve --json`: the one place where a secret is put into a body. */
import type { ResolveAnswer, ResolvedAuthAnswer } from '../../domain/answers/resolve.ts';
import { expiryOf, type Resolution, type ResolvedAuth } from '../../domain/auth.ts';
import { MASK, type Secret } from '../../domain/secret.ts';
import { isoOrNull } from '../../platform/clock.ts';

/** Whether the answer holds the secrets or masks in their place. */
export type Reveal = 'secrets' | 'masks';

/** JSON-ready object; key order is the order on the wire. */
export function toResolveAnswer(resolution: Resolution, reveal: Reveal): ResolveAnswer {
  const { revision, resolutionId, digest, model, provider, baseUrl, api, ref } = resolution;
  return {
    revision,
    resolutionId,
    digest,
    model:
      model === null
        ? null
        : {
            ref,
            id: model.id,
            name: model.name,
            contextWindow: model.contextWindow,
            contextWindowSource: model.contextWindowSource ?? 'assumed',
            maxContextWindow: model.maxContextWindow ?? null,
            maxTokens: model.maxTokens,
            reasoning: model.reasoning,
            input: model.input,
          },
    provider: { id: provider.id, name: provider.name ?? provider.id, baseUrl, api, origin: provider.origin },
    auth: toAuthAnswer(resolution.auth, reveal),
    request: { headers: toHeaderAnswer(resolution, reveal) },
  };
}

function toAuthAnswer(auth: ResolvedAuth, reveal: Reveal): ResolvedAuthAnswer {
  const show = (secret: Secret): string => (reveal === 'secrets' ? secret.reveal() : MASK);
  const { source } = auth;
  switch (auth.mode) {
    case 'none':
      return { mode: auth.mode, source: auth.source };
    case 'api-key':
      return {
        mode: auth.mode,
        source,
        apiKey: show(auth.apiKey),
        expiresAt: isoOrNull(expiryOf(auth)),
      };
    case 'token':
      return {
        mode: auth.mode,
        source,
        token: show(auth.token),
        expiresAt: isoOrNull(auth.expiresAt),
      };
    case 'oauth':
      return {
        mode: auth.mode,
        source,
        accessToken: show(auth.accessToken),
        expiresAt: isoOrNull(auth.expiresAt),
      };
    case 'aws-sdk': {
      const { credentials } = auth;
      if (credentials.kind === 'bearer') {
        const { bearerToken, region } = credentials;
        return {
          mode: auth.mode,
          source,
          bearerToken: show(bearerToken),
          region,
          expiresAt: null,
        };
      }
      const { accessKeyId, secretAccessKey, sessionToken, region, expiration } = credentials.keys;
      return {
        mode: auth.mode,
        source,
        aws: {
          accessKeyId,
          secretAccessKey: show(secretAccessKey),
          sessionToken: sessionToken === null ? null : show(sessionToken),
          region,
          expiration: isoOrNull(expiration),
        },
        expiresAt: isoOrNull(expiration),
      };
    }
  }
}

/** Which header carries the credential depends on the api, so without secrets no value is shown at all. */
function toHeaderAnswer(resolution: Resolution, reveal: Reveal): Readonly<Record<string, string>> {
  if (reveal === 'secrets') return resolution.headers;
  return Object.fromEntries(Object.keys(resolution.headers).map((name) => [name, MASK]));
}
