/** Events that follow from two states. */
import { describe, expect, it } from 'vitest';
import type { SnapshotAnswer } from '../../../src/domain/answers/snapshot.ts';
import { eventsBetween } from '../../../src/http/events/state-changes.ts';
import { stateWith } from './states.ts';

type Endpoint = SnapshotAnswer['endpoints'][number];
const endpoint = (port: number, state: Endpoint['state']): Endpoint => ({
  url: `http://127.0.0.1:${port}`,
  runtime: 'ollama',
  provider: 'ollama',
  version: null,
  state,
  since: '2026-01-01T00:00:00.000Z',
  models: [],
});
type Provider = SnapshotAnswer['providers'][number];
const provider = (id: string, auth: Provider['auth']): Provider => ({
  id,
  name: id,
  baseUrl: null,
  api: null,
  origin: 'catalog',
  shadows: [],
  auth,
  modelCount: 0,
});
const satisfied = { mode: 'api-key', source: 'env: X', status: 'satisfied' } as const;
const missing = { mode: null, source: null, status: 'missing' } as const;

describe('eventsBetween', () => {
  it('two equal states give none', () => {
    const state = stateWith({ endpoints: [endpoint(1, 'up')], providers: [provider('a', satisfied)] });
    expect(eventsBetween(state, { ...state, revision: 2 }, null)).toEqual([]);
  });

  it('a runtime that changes its state gives one; an empty port that is looked at gives none', () => {
    const before = stateWith({ endpoints: [endpoint(1, 'up'), endpoint(2, 'down'), endpoint(3, 'up')] });
    const after = stateWith({
      endpoints: [endpoint(1, 'auth-required'), endpoint(2, 'down'), endpoint(4, 'down'), endpoint(5, 'up')],
    });
    const told = eventsBetween(before, after, null).map((event) =>
      event.kind === 'runtime' ? [event.url.slice(-1), event.state] : event,
    );
    expect(told).toEqual([
      ['1', 'auth-required'],
      ['5', 'up'],
      ['3', 'down'],
    ]);
  });

  it('health gives one when status or code changes', () => {
    const before = stateWith({ health: { status: 'ok', findings: [] } });
    const after = stateWith({ health: { status: 'degraded', code: 'config-invalid', findings: [] } });
    expect(eventsBetween(before, after, null)).toEqual([
      { kind: 'health', status: 'degraded', code: 'config-invalid' },
    ]);
  });

  it('"valid credentials appeared for a provider that is not in use yet": not again, not for the default model’s', () => {
    const before = stateWith({ providers: [provider('a', missing), provider('b', satisfied)] });
    const after = stateWith({
      providers: [
        provider('a', satisfied),
        provider('b', satisfied),
        provider('c', satisfied),
        provider('d', { mode: 'none', source: 'provider-policy', status: 'satisfied' }),
        provider('e', { mode: 'oauth', source: 'profile:e', status: 'expired' }),
      ],
    });
    expect(eventsBetween(before, after, 'c')).toEqual([{ kind: 'setup', provider: 'a' }]);
  });
});
