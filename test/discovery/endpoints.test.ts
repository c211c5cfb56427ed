import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostKind, isLoopbackUrl, type Address } from '../../src/discovery/address.ts';
import { planEndpoints } from '../../src/discovery/endpoints.ts';
import { parseOllamaHost } from '../../src/discovery/runtimes/ollama-host.ts';
import { isDiscoverySkipped } from '../../src/discovery/skip.ts';

const local = (port: number): Address => ({
  scheme: 'http',
  host: 'localhost',
  port,
  path: '',
  foundBy: 'default port',
});

function planOf(ollamaHost: string, trust: readonly string[] = []) {
  const named = { ...parseOllamaHost(ollamaHost), foundBy: 'OLLAMA_HOST' };
  return planEndpoints({ named: [{ runtime: 'ollama', addresses: [named, local(11_434)] }], trust });
}

describe('endpoints', () => {
  it('"127.0.0.1:11434 then [::1]:11434" is one endpoint with two roots', () => {
    const plan = planEndpoints({ named: [{ runtime: 'ollama', addresses: [local(11_434)] }] });
    expect(plan.endpoints.map(({ roots }) => roots)).toEqual([
      ['http://127.0.0.1:11434', 'http://[::1]:11434'],
    ]);
  });

  it.each(['169.254.169.254:80', 'metadata.google.internal:80', '[fd00:ec2::254]:80'])(
    'the metadata service of a cloud (%s) is not in the plan, trusted or not',
    (host) => {
      for (const trust of [[], [`http://${host}`]]) {
        const { endpoints, candidates } = planOf(`http://${host}`, trust);
        expect(endpoints.flatMap(({ roots }) => roots)).toEqual([
          'http://127.0.0.1:11434',
          'http://[::1]:11434',
        ]);
        expect(candidates[0]?.hint).toContain('metadata service of a cloud');
      }
    },
  );

  it.each(['::1%lo', '[::1%lo]:9', '127.0.0.1%lo'])(
    'a zone in %s never becomes a URL that cannot be dialled',
    (host) => {
      const { endpoints } = planOf(host);
      for (const { roots } of endpoints) expect(roots.filter((root) => !URL.canParse(root))).toEqual([]);
    },
  );

  it.each([
    ['127.0.0.1', [['http://127.0.0.1:11434', 'http://[::1]:11434']]],
    ['0.0.0.0', [['http://127.0.0.1:11434', 'http://[::1]:11434']]],
    ['::', [['http://127.0.0.1:11434', 'http://[::1]:11434']]],
    [':1234', [['http://127.0.0.1:1234'], ['http://127.0.0.1:11434', 'http://[::1]:11434']]],
    [
      'localhost:1234',
      [
        ['http://127.0.0.1:1234', 'http://[::1]:1234'],
        ['http://127.0.0.1:11434', 'http://[::1]:11434'],
      ],
    ],
    ['[::ffff:127.0.0.1]:11434', [['http://127.0.0.1:11434', 'http://[::1]:11434']]],
    [
      '127.0.0.1:9999/ollama',
      [
        ['http://127.0.0.1:9999/ollama', 'http://127.0.0.1:9999'],
        ['http://127.0.0.1:11434', 'http://[::1]:11434'],
      ],
    ],
  ])('OLLAMA_HOST=%s is dialled at literals, and its default place too', (value, roots) => {
    const plan = planOf(value);
    expect(plan.endpoints.map((endpoint) => endpoint.roots)).toEqual(roots);
    expect(plan.candidates).toEqual([]);
  });

  it.each([
    'example.com',
    '192.168.1.5',
    'host.docker.internal',
    '11434',
    'fe80::1%lo',
    '127.0.0.1.example.com',
  ])('"a LAN host is a candidate until the operator names it under discovery.trust": %s', (value) => {
    const plan = planOf(value);
    expect(plan.endpoints).toHaveLength(1);
    expect(plan.candidates).toEqual([expect.objectContaining({ runtime: 'ollama', foundBy: 'OLLAMA_HOST' })]);
  });

  it('gives the settings line that would trust a candidate', () => {
    expect(planOf('192.168.1.5:11434').candidates[0]?.hint).toContain(
      'discovery: { trust: ["http://192.168.1.5:11434"] }',
    );
  });

  it('verifies a trusted host like any other', () => {
    const plan = planOf('192.168.1.5', ['http://192.168.1.5:11434']);
    expect(plan.candidates).toEqual([]);
    expect(plan.endpoints[0]).toEqual({
      roots: ['http://192.168.1.5:11434'],
      expected: ['ollama'],
      isLoopback: false,
      trustedBy: 'discovery.trust',
    });
  });

  it('takes a trusted URL that nothing else names, its API path dropped', () => {
    const plan = planEndpoints({ named: [], trust: ['http://10.0.0.7:8000/v1/'] });
    expect(plan.endpoints).toEqual([
      { roots: ['http://10.0.0.7:8000'], expected: [], isLoopback: false, trustedBy: 'discovery.trust' },
    ]);
  });

  it.each(['ollama.com', 'http://ollama.com', 'https://www.ollama.com', 'https://OLLAMA.com.'])(
    'never dials the cloud service %s, trusted or not',
    (value) => {
      const trust = ['https://ollama.com:443', 'http://ollama.com', 'https://www.ollama.com'];
      const plan = planOf(value, trust);
      expect(plan.endpoints.flatMap(({ roots }) => roots).join(' ')).not.toMatch(/ollama\.com/i);
      expect(plan.candidates.length).toBeGreaterThan(0);
    },
  );

  it.each(['http://user:pw@127.0.0.1:1', 'tcp://127.0.0.1:9', '127.0.0.1:0'])(
    'lists %s as a candidate that cannot be dialled, without its password',
    (value) => {
      const plan = planOf(value);
      expect(plan.endpoints).toHaveLength(1);
      expect(plan.candidates[0]?.hint).toMatch(/^Not looked at: /);
      expect(JSON.stringify(plan)).not.toContain('pw');
    },
  );

  it.each(['not a url', 'ftp://192.168.1.5', 'http://u:pw@10.0.0.1:1'])(
    'lists the trust entry %s as one that cannot be used',
    (entry) => {
      const plan = planEndpoints({ named: [], trust: [entry] });
      expect(plan.endpoints).toEqual([]);
      expect(plan.candidates).toHaveLength(1);
      expect(JSON.stringify(plan)).not.toContain('pw@');
    },
  );

  it('two sources that name the same host and port are one endpoint', () => {
    const plan = planEndpoints({
      named: [
        { runtime: 'ollama', addresses: [local(8_080)] },
        { runtime: 'lmstudio', addresses: [local(8_080)] },
      ],
    });
    expect(plan.endpoints.map(({ expected }) => expected)).toEqual([['ollama', 'lmstudio']]);
  });

  it('never throws, whatever the variable holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (value) => {
        expect(planOf(value, [value]).endpoints.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe('discovery.endpoints', () => {
  const configured = (...entries: { url: string; runtime?: 'llamacpp'; name?: string }[]) =>
    planEndpoints({ named: [{ runtime: 'ollama', addresses: [local(11_434)] }], configured: entries });

  it('"a url on this machine is looked at like a default port", with its runtime and name', () => {
    const plan = configured({ url: 'http://127.0.0.1:9000', runtime: 'llamacpp', name: 'Big one' });
    expect(plan.endpoints[1]).toEqual({
      roots: ['http://127.0.0.1:9000'],
      expected: ['llamacpp'],
      isLoopback: true,
      name: 'Big one',
    });
  });

  it('"localhost is dialled as 127.0.0.1 then ::1"', () => {
    expect(configured({ url: 'http://localhost:9000/' }).endpoints[1]?.roots).toEqual([
      'http://127.0.0.1:9000',
      'http://[::1]:9000',
    ]);
  });

  it('"a path is an api prefix", and two prefixes below one port are two endpoints', () => {
    const plan = configured({ url: 'http://127.0.0.1:9931/pfx/v1/' }, { url: 'http://127.0.0.1:9931/other' });
    expect(plan.endpoints.slice(1).map(({ roots }) => roots)).toEqual([
      ['http://127.0.0.1:9931/pfx'],
      ['http://127.0.0.1:9931/other'],
    ]);
  });

  it('a prefix at a default port is tried before the bare port', () => {
    const plan = configured({ url: 'http://127.0.0.1:11434/pfx', name: 'Mine' });
    expect(plan.endpoints).toEqual([
      {
        roots: ['http://127.0.0.1:11434/pfx', 'http://127.0.0.1:11434', 'http://[::1]:11434'],
        expected: ['ollama'],
        isLoopback: true,
        name: 'Mine',
      },
    ]);
  });

  it('"a LAN host is trusted by being in discovery.trust only"', () => {
    const lan = { url: 'http://192.168.1.9:8000', name: 'Lab' };
    const { endpoints, candidates } = planEndpoints({ named: [], configured: [lan] });
    expect(endpoints).toEqual([]);
    expect(candidates[0]?.hint).toContain('trust: ["http://192.168.1.9:8000"]');
    const trusted = planEndpoints({ named: [], configured: [lan], trust: ['http://192.168.1.9:8000'] });
    expect(trusted.candidates).toEqual([]);
    expect(trusted.endpoints).toMatchObject([{ name: 'Lab', trustedBy: 'discovery.trust' }]);
  });
});

describe('announced hosts', () => {
  const told = (host: string, port = 11_434) => ({
    scheme: 'http',
    host,
    port,
    runtime: 'ollama' as const,
    foundBy: 'mDNS _ollama._tcp "x"',
  });

  it('"a candidate shows with the line to add for trusting it", and is not in the plan', () => {
    const plan = planEndpoints({ named: [], announced: [told('192.168.1.7')] });
    expect(plan.endpoints).toEqual([]);
    expect(plan.candidates).toEqual([
      expect.objectContaining({
        url: 'http://192.168.1.7:11434',
        hint: expect.stringContaining('discovery: { trust: ["http://192.168.1.7:11434"] }'),
      }),
    ]);
  });

  it.each(['127.0.0.1', 'localhost', '::1', '0.0.0.0', '::ffff:127.0.0.1'])(
    'an announcement of %s makes nothing of this machine be asked',
    (host) => {
      expect(planEndpoints({ named: [], announced: [told(host, 22)] })).toEqual({
        endpoints: [],
        candidates: [],
      });
    },
  );

  it('is an endpoint by its trust entry alone once the operator trusts it', () => {
    const plan = planEndpoints({
      named: [],
      trust: ['http://192.168.1.7:11434'],
      announced: [told('192.168.1.7'), told('192.168.1.7', 22)],
    });
    expect(plan.endpoints.map(({ roots }) => roots)).toEqual([['http://192.168.1.7:11434']]);
    expect(plan.candidates.map(({ url }) => url)).toEqual(['http://192.168.1.7:22']);
  });
});

describe('loopback is judged by the parsed address, never by its text', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.9.9.9', 'loopback'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['LOCALHOST', 'loopback'],
    ['0.0.0.0', 'unspecified'],
    ['::', 'unspecified'],
    ['127.0.0.1.example.com', 'remote'],
    ['127.example.com', 'remote'],
    ['localhost.example.com', 'remote'],
    ['::ffff:192.168.1.5', 'remote'],
    ['2130706433', 'remote'],
  ])('%s is %s', (host, kind) => expect(hostKind(host)).toBe(kind));

  it('judges the host of a base URL', () => {
    expect(isLoopbackUrl('http://[::1]:11434/v1')).toBe(true);
    expect(isLoopbackUrl('http://127.0.0.1@example.com/v1')).toBe(false);
    expect(isLoopbackUrl('no url')).toBe(false);
  });
});

describe('CLAWDBOT_SKIP_LOCAL_DISCOVERY', () => {
  it.each(['1', 'true', 'YES', ' on '])('%s switches discovery off', (value) => {
    expect(isDiscoverySkipped({ CLAWDBOT_SKIP_LOCAL_DISCOVERY: value })).toBe(true);
    expect(isDiscoverySkipped({ MOLTBOT_SKIP_LOCAL_DISCOVERY: value })).toBe(true);
    expect(isDiscoverySkipped({ OPENCLAW_SKIP_LOCAL_DISCOVERY: value })).toBe(true);
  });

  it.each(['0', 'false', '', 'no', '11'])('%s does not', (value) => {
    expect(isDiscoverySkipped({ CLAWDBOT_SKIP_LOCAL_DISCOVERY: value })).toBe(false);
  });
});
