/** One region for an AWS request: the base URL leads to it, and the keys are signed for it. Pure. */
import type { ResolvedAuth } from '../domain/auth.ts';
import { completeBaseUrl } from './base-url-template.ts';
import type { FoundModel } from './resolve-model.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Where nothing names a region, the keys get the one that the base URL leads to. Where a profile names one, which
 * is known only with its keys, a base URL of the catalog follows it; what an operator wrote stays as it is.
 */
export function inOneRegion(
  { env, providers }: Snapshot,
  { provider, model, baseUrl }: Pick<FoundModel, 'provider' | 'model' | 'baseUrl'>,
  auth: ResolvedAuth,
): { readonly auth: ResolvedAuth; readonly baseUrl: string } {
  const ofUrl = /^https:\/\/bedrock-runtime\.([a-z0-9-]+)\./.exec(baseUrl)?.[1];
  if (auth.mode !== 'aws-sdk' || ofUrl === undefined) return { auth, baseUrl };
  const { credentials } = auth;
  const named = credentials.kind === 'bearer' ? credentials.region : credentials.keys.region;
  if (named === null) return { auth: withRegion(auth, ofUrl), baseUrl };
  const completed = completeBaseUrl(
    provider,
    model?.baseUrl ?? provider.baseUrl,
    { ...env, AWS_REGION: named },
    providers.bySource.catalog.get(provider.id),
  );
  return { auth, baseUrl: completed.kind === 'complete' ? completed.baseUrl : baseUrl };
}

function withRegion(auth: Extract<ResolvedAuth, { mode: 'aws-sdk' }>, region: string): ResolvedAuth {
  const { credentials } = auth;
  if (credentials.kind === 'bearer') return { ...auth, credentials: { ...credentials, region } };
  return { ...auth, credentials: { kind: 'keys', keys: { ...credentials.keys, region } } };
}
