/** Logins in headless Chromium, against the certified authorization server. */
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { LoginTask } from '../../src/login/oauth/flow.ts';
import { freePort } from '../helpers/free-port.ts';
import { CLIENTS, startOidcProvider, type TestServer } from '../helpers/oidc-provider.ts';
import { createLoginRig, type LoginRig, type LoginRigOptions } from '../login/oauth/login-rig.ts';

let browser: Browser;
let context: BrowserContext;
let page: Page;
/** What the browser complained about, and every request that it made. */
let complaints: string[];
let requests: string[];
let server: TestServer;
let rig: LoginRig;

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: inject('chromium') });
});
afterAll(() => browser.close());

beforeEach(async () => {
  server = await startOidcProvider();
  context = await browser.newContext();
  page = await context.newPage();
  complaints = [];
  requests = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`));
});
afterEach(async () => {
  await context.close();
  rig.stop.abort();
  await rig.close();
  await server.close();
});

async function rigFor(options: Omit<LoginRigOptions, 'issuer'>): Promise<void> {
  rig = await createLoginRig({ issuer: server.issuer, ...options });
}

/** Fills in what the pages ask for, as a person does. */
async function signIn(address: string, answer: 'allow' | 'deny' = 'allow'): Promise<void> {
  await page.goto(address);
  await page.fill('input[name=login]', 'ada');
  await page.click(`#${answer}`);
  if (answer === 'deny') return;
  await page.click('#allow');
}

const addressOf = (task: LoginTask): string => {
  if (task.flow !== 'code') throw new Error('not a code flow');
  return task.authorizationUrl;
};

async function expectWhoever(who: string): Promise<void> {
  const access = (await rig.stored())?.['access'];
  const me = await fetch(`${server.issuer}/api/me`, {
    headers: { authorization: `Bearer ${String(access)}` },
  });
  expect(await me.json()).toMatchObject({ id: who });
}

describe('Done when: the whole flow passes in headless Chromium', () => {
  it.each([
    ['client_secret_post', CLIENTS.post.client_id, CLIENTS.post.client_secret],
    ['client_secret_basic', CLIENTS.basic.client_id, CLIENTS.basic.client_secret],
    ['none', CLIENTS.public.client_id, undefined],
  ] as const)('code flow, %s', async (method, clientId, secret) => {
    await rigFor({
      clientId,
      ...(secret === undefined ? {} : { secret }),
      settings: { tokenEndpointAuthMethod: method },
    });
    const { task, outcome } = await rig.start('code');
    await signIn(addressOf(task));
    await page.getByRole('heading', { name: 'You are logged in' }).waitFor();
    expect(await outcome).toMatchObject({ kind: 'complete', renewable: true });
    await expectWhoever('ada');
    expect(complaints).toEqual([]);
    // The last page loads nothing.
    expect(requests.at(-1)).toBe('GET /auth/redirect');
  });

  it('localhost as the fixed redirect, whichever family the browser takes', async () => {
    const redirectUri = `http://localhost:${await freePort()}/auth/redirect`;
    await server.close();
    server = await startOidcProvider({ clients: [{ ...CLIENTS.public, redirect_uris: [redirectUri] }] });
    await rigFor({ clientId: CLIENTS.public.client_id, settings: { redirectUri } });
    const { task, outcome } = await rig.start('code');
    await signIn(addressOf(task));
    await page.getByRole('heading', { name: 'You are logged in' }).waitFor();
    expect(await outcome).toMatchObject({ kind: 'complete' });
  });

  it('device flow, with the code in the address', async () => {
    await rigFor({ clientId: CLIENTS.public.client_id });
    const { task, outcome } = await rig.start('device');
    if (task.flow !== 'device') throw new Error('not a device flow');
    await page.goto(task.verificationUriComplete ?? '');
    await page.click('#confirm');
    await page.fill('input[name=login]', 'grace');
    await page.click('#allow');
    await page.click('#allow');
    await page.locator('#done').waitFor();
    expect(await outcome).toMatchObject({ kind: 'complete' });
    await expectWhoever('grace');
  });
});

describe('what a server or a page says does nothing in the browser', () => {
  it('denied with a script in the description: no script runs, and none is on the page', async () => {
    await rigFor({ clientId: CLIENTS.public.client_id });
    const { task, outcome } = await rig.start('code');
    await signIn(addressOf(task), 'deny');
    await page.getByRole('heading', { name: 'The login did not succeed' }).waitFor();
    expect(new URL(page.url()).searchParams.get('error_description')).toContain('<script>');
    expect(await page.content()).not.toContain('alert');
    expect(await outcome).toMatchObject({ kind: 'failed', code: 'access-denied' });
    expect(complaints).toEqual([]);
  });

  it('a page of somebody else can neither end the login nor read its page', async () => {
    await rigFor({ clientId: CLIENTS.public.client_id });
    const { task, outcome } = await rig.start('code');
    const redirect = new URL(addressOf(task)).searchParams.get('redirect_uri') ?? '';
    // The authorization server is another origin, as any web page is.
    await page.goto(`${server.issuer}/.well-known/openid-configuration`);
    const seen = await page.evaluate(
      (address) =>
        fetch(`${address}?state=guess&error=access_denied`).then(
          (response) => `read ${response.status}`,
          () => 'refused',
        ),
      redirect,
    );
    expect(seen).toBe('refused');
    await signIn(addressOf(task));
    await page.getByRole('heading', { name: 'You are logged in' }).waitFor();
    expect(await outcome).toMatchObject({ kind: 'complete' });
  });
});
