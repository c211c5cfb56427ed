import type { LookupFunction } from 'node:net';
import { describe, expect, it } from 'vitest';
import { only, startRig } from './rig.ts';

const URL_OF_IT = 'http://box.example:11434';

/** Looking for a name fails with this code, as it does where the network is away or knows no such name. */
function failing(code: string): LookupFunction {
  return (_host, _options, done) => {
    process.nextTick(() => done(Object.assign(new Error(`getaddrinfo ${code}`), { code }), '', 4));
  };
}

/** A lookup that takes for ever stands for a host that drops every packet: no connection comes to be. */
const dropping: LookupFunction = () => undefined;

async function scanWith(lookup: LookupFunction) {
  const { discovery, lines } = await startRig({}, { lookup, trust: [URL_OF_IT] });
  return { endpoint: only(await discovery.scan()), lines };
}

describe('a trusted host that cannot be reached', () => {
  it.each([
    ['ENOTFOUND', 'there is no host of that name (ENOTFOUND)'],
    ['EAI_AGAIN', 'the host name cannot be looked up now (EAI_AGAIN)'],
    ['EHOSTUNREACH', 'the host cannot be reached (EHOSTUNREACH)'],
    ['ENETUNREACH', 'the host cannot be reached (ENETUNREACH)'],
  ])('is down and no news, and the evidence says how it is away: %s', async (code, answer) => {
    const { endpoint, lines } = await scanWith(failing(code));
    expect(endpoint).toMatchObject({ state: 'down', evidence: [{ answer }] });
    expect(endpoint.hint).toBeUndefined();
    expect(lines.map(({ level }) => level)).toEqual(['debug']);
  });

  it('is down, too, when it drops every packet', async () => {
    const { endpoint } = await scanWith(dropping);
    expect(endpoint).toMatchObject({ state: 'down', evidence: [{ answer: 'no connection came to be' }] });
  });

  it('whose connection fails in another way is not said to listen and give no answer', async () => {
    const { endpoint } = await scanWith(failing('CERT_HAS_EXPIRED'));
    expect(endpoint).toMatchObject({
      state: 'error',
      hint: 'The request fails before there is an answer; the evidence says how',
      evidence: [{ answer: '"getaddrinfo CERT_HAS_EXPIRED"' }],
    });
  });
});
