/**
 * A person with a browser, as a plain HTTP client: follows redirects, keeps cookies, logs in and consents at
 * the pages of the test server, and stops where the redirect back to the client begins.
 */
import { createHash, randomBytes } from 'node:crypto';
import { CLIENTS, REDIRECT_URI } from './oidc-provider.ts';

/** Goes through the pages until the server sends the browser elsewhere; returns that address. */
export async function logInAt(authorizationUrl: string, login = 'ada'): Promise<URL> {
  const { origin } = new URL(authorizationUrl);
  const jar = new Map<string, string>();
  let target = new URL(authorizationUrl);
  let form: Record<string, string> | null = null;
  for (let step = 0; step < 20; step += 1) {
    if (target.origin !== origin) return target;
    const response = await fetch(target, {
      method: form === null ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { cookie: [...jar].map((pair) => pair.join('=')).join('; ') },
      ...(form === null ? {} : { body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name === undefined) continue;
      if (value === undefined || value === '') jar.delete(name);
      else jar.set(name, value);
    }
    const location = response.headers.get('location');
    const page = await response.text();
    if (location !== null) {
      target = new URL(location, target);
      form = null;
      continue;
    }
    if (!response.ok)
      throw new Error(`${target.pathname} answered ${response.status}: ${page.slice(0, 300)}`);
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
    if (prompt === undefined) throw new Error(`no form at ${target.pathname}: ${page.slice(0, 300)}`);
    form = prompt === 'login' ? { prompt, login, password: 'any' } : { prompt };
    target = new URL(/action="([^"]+)"/.exec(page)?.[1] ?? target, target);
  }
  throw new Error('the login does not come to an end');
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
