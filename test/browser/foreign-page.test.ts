/**
 * "a page in headless Chromium from another origin with DNS names that point to 127.0.0.1": whatever it tries, with
 * and without the valid token, it reads no secret and changes nothing.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import * as z from 'zod';
import { startTarget, type Target } from '../threats/target.ts';

/** A name of the attacker, which leads to this machine. */
const EVIL = 'rebound.evil.example';

/** What its pages run. */
const SCRIPT = readFileSync(new URL('foreign-page.mjs', import.meta.url), 'utf8');

let browser: Browser;
let target: Target;
let page: Page;
/** The attacker's own server, and what the page brought home. */
let site: Server;
let sitePort: number;

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: inject('chromium'),
    // The checks that a browser may or may not have are switched off: the sidecar has to hold without them.
    args: [
      '--no-sandbox',
      `--host-resolver-rules=MAP ${EVIL} 127.0.0.1, MAP *.evil.example 127.0.0.1`,
      '--disable-web-security',
      '--disable-features=PrivateNetworkAccessSendPreflights,BlockInsecurePrivateNetworkRequests,LocalNetworkAccessChecks',
    ],
  });
  site = createServer((request, response) => {
    if (request.url === '/attack.js') {
      response.setHeader('content-type', 'text/javascript');
      response.end(SCRIPT);
      return;
    }
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>evil</title><body><script src="/attack.js"></script></body>');
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  const address = site.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  sitePort = address.port;
});
afterAll(async () => {
  await browser.close();
  site.closeAllConnections();
  site.close();
});

beforeEach(async () => {
  target = await startTarget();
  page = await browser.newPage();
  await page.goto(`http://${EVIL}:${sitePort}/`);
});
afterEach(async () => {
  await page.close();
  await target.close();
});

/** The names under which the page reaches the server: its own, and one that only looks foreign. */
const origins = (): string[] =>
  ['127.0.0.1', 'localhost', EVIL, '0.0.0.0'].map((name) => `http://${name}:${target.port}`);

/** Calls a function of the page's script. */
function run(name: string, argument: unknown): Promise<unknown> {
  return page.evaluate(`${name}(${JSON.stringify(argument)})`);
}

const answersSchema = z.array(z.object({ status: z.number(), text: z.string() }));

describe('with the web security of the browser switched off', () => {
  it.each(['with the token', 'without a token'])('fetch in every mode, %s', async (kind) => {
    const token = kind === 'with the token' ? target.rig.token : null;
    const seen = answersSchema.parse(await run('fetchAll', { origins: origins(), token }));
    expect(seen.length).toBe(4 * 6 * 13);
    // Something arrived, or this test would say nothing.
    expect(seen.filter(({ status }) => status === 403).length).toBeGreaterThan(50);
    expect(seen.filter(({ status }) => status >= 200 && status < 400)).toEqual([]);
    target.expectNoSecret(JSON.stringify(seen));
    await target.expectUnharmed();
  });

  it('WebSocket, EventSource, XMLHttpRequest, beacon', async () => {
    const seen = z.array(z.string()).parse(await run('connectAll', origins()));
    expect(seen.length).toBe(4 * 2 * 3);
    expect(new Set(seen)).toEqual(new Set(['refused']));
    await target.expectUnharmed();
  });
});

describe('what needs no permission to be sent', () => {
  const addresses = (): string[] =>
    origins().flatMap((origin) =>
      ['/v1/resolve?model=acme/m', '/openapi.json', '/livez'].map((path) => origin + path),
    );

  it('img, script, style, video, iframe: nothing loads, and no frame shows a secret', async () => {
    const loaded = z.array(z.string()).parse(await run('embedAll', addresses()));
    expect(new Set(loaded)).toEqual(new Set(['refused']));
    await run('frameAll', addresses());
    const frames = page.frames().slice(1);
    expect(frames.length).toBe(addresses().length);
    for (const frame of frames) target.expectNoSecret(await frame.content());
    await target.expectUnharmed();
  });

  it('a form, in each type that a form can send', async () => {
    for (const origin of origins()) {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
        await page.goto(`http://${EVIL}:${sitePort}/`);
        const [answer] = await Promise.all([
          page.waitForResponse((response) => response.url().startsWith(origin)),
          page.waitForURL((url) => url.href.startsWith(origin)),
          run('sendForm', { action: `${origin}/v1/setup/acme`, type }),
        ]);
        expect(answer.status()).toBe(403);
      }
    }
    await target.expectUnharmed();
  });

  it('a page under the attacker’s name at our very port: the Host tells', async () => {
    const rebound = await page.goto(`http://${EVIL}:${target.port}/v1/resolve?model=acme/m`);
    expect(rebound?.status()).toBe(403);
    expect(await page.content()).toContain('host-not-allowed');
    // From here on it is of one origin with our port, in the eyes of the browser, and it has the token.
    await page.evaluate(SCRIPT.replaceAll(/^\/\*\*.*$/gm, ''));
    for (const answer of z.array(z.string()).parse(await run('askOwnOrigin', target.rig.token))) {
      expect(answer).toMatch(/^403 /);
      target.expectNoSecret(answer);
    }
    await target.expectUnharmed();
  });
});
