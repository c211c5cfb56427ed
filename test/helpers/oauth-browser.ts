/**
 * A login at the test server without any code of the product: a person who signs in and consents, and a client
 * that takes the code to the token endpoint.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createHttpBrowser, signIn } from './http-browser.ts';
import { CLIENTS, REDIRECT_URI } from './oidc-provider.ts';

/** Goes through the pages until the server sends the browser elsewhere; returns that address. */
export async function logInAt(authorizationUrl: string, login = 'ada'): Promise<URL> {
  const { origin } = new URL(authorizationUrl);
  const stopAt = (url: string): boolean => new URL(url).origin !== origin;
  const page = await signIn(createHttpBrowser(), authorizationUrl, { login, stopAt });
  if (stopAt(page.url)) return new URL(page.url);
  throw new Error(`the login does not come to an end: ${page.status} ${page.text.slice(0, 300)}`);
}

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** Tokens of the public client, got by the code flow without any code of the product. */
export async function getTokens(issuer: string, login = 'ada'): Promise<Tokens> {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: CLIENTS.public.client_id,
    redirect_uri: REDIRECT_URI,
    scope: 'openid offline_access',
    state: 'state-of-the-tests',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    prompt: 'consent',
  });
  const back = await logInAt(`${issuer}/auth?${query.toString()}`, login);
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: REDIRECT_URI,
      client_id: CLIENTS.public.client_id,
      code_verifier: verifier,
    }),
  });
  const body: { access_token: string; refresh_token: string; expires_in: number } = JSON.parse(
    await response.text(),
  );
  if (!response.ok) throw new Error(`no tokens: ${JSON.stringify(body)}`);
  return { access: body.access_token, refresh: body.refresh_token, expiresIn: body.expires_in };
}
