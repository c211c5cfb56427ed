/** "Untrusted answers": rows of any shape are left out with a reason, and what is left can be used. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuntimeId } from '../../../src/domain/provider-id.ts';
import { lemonadeRow } from '../../../src/discovery/runtimes/lemonade-models.ts';
import { toListing } from '../../../src/discovery/runtimes/listing.ts';
import type { Listing } from '../../../src/discovery/runtimes/runtime.ts';
import { toServedListing } from '../../../src/discovery/runtimes/served-models.ts';
import { startFakeRuntime } from '../../helpers/fake-runtime.ts';
import { scanFake } from './scan-fake.ts';

const HOSTILE: readonly unknown[] = [
  null,
  1,
  'x',
  [],
  {},
  { id: 5 },
  { id: '', owned_by: 'lemonade' },
  { id: 'clear\u001b[2Jscreen', owned_by: 'lemonade' },
  { id: 'x'.repeat(300), owned_by: 'lemonade' },
  {
    id: 'number',
    owned_by: 'lemonade',
    max_model_len: 1e300,
    max_context_window: -1,
    dmr: { context_window: 'many' },
  },
];

/** The markers that a server needs to be taken for the runtime, and where its list is. */
const SERVERS: readonly (readonly [RuntimeId, Readonly<Record<string, string | object>>, string])[] = [
  ['localai', { '/.well-known/localai.json': { version: 'v3', endpoints: {} } }, '/v1/models'],
  ['nim', { '/v1/metadata': { version: '2', modelInfo: [], assetInfo: [] } }, '/v1/models'],
  [
    'lemonade',
    { '/api/v1/health': { status: 'ok', version: '9', websocket_port: 9_000, all_models_loaded: HOSTILE } },
    '/api/v1/models',
  ],
  ['docker-model-runner', { '/': 'Docker Model Runner is running' }, '/engines/v1/models'],
];

describe('rows of any shape', () => {
  it.each(SERVERS)('of %s', async (expected, markers, list) => {
    const server = startFakeRuntime(({ path }) => {
      const body = path === list ? { object: 'list', data: HOSTILE } : markers[path];
      return body === undefined ? { status: 404 } : { body };
    });
    const { endpoint, report } = await scanFake(expected, server);
    expect(endpoint).toMatchObject({ runtime: expected, state: 'up' });
    expect(endpoint.models).toMatchObject([{ id: 'number', contextWindow: 4_096, maxTokens: 4_096 }]);
    expect(report.leftOut).toHaveLength(HOSTILE.length - 1);
    expect(JSON.stringify(report)).not.toContain('\u001b');
  });

  const card = fc.record(
    {
      id: fc.string(),
      root: fc.option(fc.string()),
      parent: fc.option(fc.string()),
      max_model_len: fc.oneof(fc.double(), fc.integer(), fc.string()),
      labels: fc.array(fc.string()),
      recipe: fc.string(),
      context_length: fc.oneof(fc.double(), fc.integer()),
      max_context_window: fc.oneof(fc.double(), fc.integer()),
    },
    { requiredKeys: [] },
  );

  it.each([
    ['served models', (rows: readonly unknown[]): Listing => toServedListing(rows, true)],
    [
      'Lemonade',
      (rows: readonly unknown[]): Listing => toListing(rows, (row) => lemonadeRow(row, new Map())),
    ],
  ])('random ones (%s): each row is a whole model or has a reason', (_what, read) => {
    fc.assert(
      fc.property(fc.array(fc.oneof(card, fc.jsonValue()), { maxLength: 6 }), (rows) => {
        const listing = read(rows);
        if (listing.kind !== 'listed') throw new Error(listing.kind);
        expect(listing.models.length + listing.leftOut.length).toBe(rows.length);
        for (const { id, contextWindow, maxContextWindow, maxTokens } of listing.models) {
          expect(id.trim()).not.toBe('');
          expect(Number.isInteger(contextWindow) && contextWindow > 0).toBe(true);
          expect(maxTokens).toBeLessThanOrEqual(contextWindow);
          // "Never clamped upwards."
          expect(contextWindow).toBeLessThanOrEqual(maxContextWindow ?? contextWindow);
        }
      }),
      { numRuns: 200 },
    );
  });
});
