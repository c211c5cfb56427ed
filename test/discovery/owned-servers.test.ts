import { describe, expect, it } from 'vitest';
import type { RuntimeId } from '../../src/domain/provider-id.ts';
import type { Finding } from '../../src/discovery/examine.ts';
import { withoutOwned } from '../../src/discovery/owned-servers.ts';

function look(
  root: string,
  extra: Partial<Finding> = {},
  isLoopback = true,
  expected: readonly RuntimeId[] = [],
) {
  const finding: Finding = {
    root,
    state: 'up',
    runtime: 'llamacpp',
    version: null,
    models: [],
    leftOut: [],
    evidence: [{ request: `GET ${root}/v1/models`, answer: '200', at: '2026-11-22T00:00:00.000Z' }],
    ...extra,
  };
  const roots: [string, ...string[]] = [root];
  return { endpoint: { roots, expected, isLoopback }, finding };
}

const PARENT = 'http://127.0.0.1:13305';
const CHILD = 'http://127.0.0.1:8001';

function rootsOf(looked: readonly { readonly finding: Finding }[]) {
  return looked.map(({ finding }) => finding.root);
}

describe('servers that a runtime owns', () => {
  it.each(['http://127.0.0.1:8001/v1', 'http://localhost:8001', 'http://[::1]:8001/v1'])(
    'get no endpoint of their own (%s), and their evidence is kept',
    (url) => {
      const kept = withoutOwned([
        look(PARENT, { ownedUrls: [url] }),
        look(CHILD),
        look('http://127.0.0.1:9'),
      ]);
      expect(rootsOf(kept)).toEqual([PARENT, 'http://127.0.0.1:9']);
      expect(kept[0]?.finding.evidence.map(({ request }) => request)).toEqual([
        `GET ${PARENT}/v1/models`,
        `GET ${CHILD}/v1/models`,
      ]);
    },
  );

  it.each([
    ['text that is no URL', [look(PARENT, { ownedUrls: ['', 'x', 'http://'] }), look(CHILD)]],
    ['another host', [look(PARENT, { ownedUrls: ['http://192.168.1.5:8001'] }), look(CHILD)]],
    ['itself', [look(PARENT, { ownedUrls: [`${PARENT}/v1`] })]],
    ['a runtime that is not up', [look(PARENT, { ownedUrls: [CHILD], state: 'loading' }), look(CHILD)]],
    [
      'what another host calls its own loopback',
      [look('http://192.168.1.5:13305', { ownedUrls: [CHILD] }, false), look(CHILD)],
    ],
    [
      'a claim on a runtime that starts by itself',
      [look(PARENT, { ownedUrls: [CHILD] }), look(CHILD, { runtime: 'vllm' })],
    ],
    [
      'a claim on a place where a source expects another runtime',
      [look(PARENT, { ownedUrls: [CHILD] }), look(CHILD, { runtime: null }, true, ['vllm', 'nim'])],
    ],
    [
      'one another, as two that lie could',
      [look(PARENT, { ownedUrls: [CHILD] }), look(CHILD, { ownedUrls: [PARENT] })],
    ],
  ])('nobody loses an endpoint to %s', (_what, looked) => {
    expect(rootsOf(withoutOwned(looked))).toEqual(rootsOf(looked));
  });
});
