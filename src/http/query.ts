/** Query parameters, read strictly: a misspelt `model` must not silently mean the default model. */
import { SidecarError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import type { ResolveRequest } from '../resolution/resolve.ts';
import { hasControlCharacters, quoteName } from '../domain/untrusted-text.ts';

/** Longest value of a parameter, in characters. */
const MAX_LENGTH = 4_096;

/**
 * The parameters of a request by name; a blank one counts as absent.
 *
 * @throws SidecarError `bad-request` for a name that the route does not have, a repeated or an unusable value
 */
export function readQuery<Name extends string>(
  url: string,
  names: readonly Name[],
): { readonly [K in Name]?: string } {
  const found: { [K in Name]?: string } = {};
  const start = url.indexOf('?');
  if (start === -1) return found;
  const given = new Set<string>();
  for (const [name, value] of new URLSearchParams(url.slice(start + 1))) {
    const known = names.find((candidate) => candidate === name);
    if (known === undefined) throw unknownParameter(name, names);
    if (given.has(name)) throw badRequest(`The parameter ${name} is given twice`);
    given.add(name);
    if (value.length > MAX_LENGTH || hasControlCharacters(value)) {
      throw badRequest(`The parameter ${name} is too long or holds control characters`);
    }
    if (value.trim() !== '') found[known] = value.trim();
  }
  return found;
}

/** The parameters that say what is to be resolved. */
export const RESOLVE_PARAMETERS = ['model', 'provider', 'profile', 'resolution'] as const;

type ResolveQuery = { readonly [K in (typeof RESOLVE_PARAMETERS)[number]]?: string };

/** The request that these parameters are. */
export function toResolveRequest({ model, provider, profile, resolution }: ResolveQuery): ResolveRequest {
  return {
    ...(model === undefined ? {} : { model }),
    ...(provider === undefined ? {} : { provider }),
    ...(profile === undefined ? {} : { profileId: profile }),
    ...(resolution === undefined ? {} : { resolutionId: resolution }),
  };
}

function unknownParameter(name: string, names: readonly string[]): SidecarError {
  const near = nearest(name, names, 1);
  return new SidecarError('bad-request', `Unknown parameter ${quoteName(name)}`, [
    ...near.map((other) => `Did you mean ${other}?`),
    names.length === 0 ? 'This route has no parameters' : `This route knows: ${names.join(', ')}`,
  ]);
}

function badRequest(detail: string): SidecarError {
  return new SidecarError('bad-request', detail);
}
