/** What a hostile runtime at a default port does to whoever asks it, and what must come of that: nothing. */
import { expect } from 'vitest';
import type { FakeOllama } from '../helpers/fake-ollama.ts';
import type { Fault } from '../helpers/fake-runtime.ts';
import type { Decoy } from './decoy.ts';
import { PLANTED_KEY } from './planted-folder.ts';

/** Answers that never end, break off, or are too much. */
export const UNUSABLE_ANSWERS: readonly Fault[] = [
  'endless',
  'slow-body',
  'silent',
  'huge',
  'compressed',
  'reset',
  'truncated',
];

/** Sends whoever looks for models on to another server. */
export function sendOn(fake: FakeOllama, decoy: Decoy): void {
  fake.setRoute('GET /api/tags', { status: 302, headers: { location: `${decoy.url}/steal` } });
  fake.setRoute('GET /v1/models', { status: 307, headers: { location: `${decoy.url}/steal` } });
}

/** Lists models with names that steer terminals, break lines, climb paths or look hosted; `good` is among them. */
export function listBadRows(fake: FakeOllama, decoy: Decoy): void {
  const row = (name: unknown): object => ({
    name,
    model: name,
    digest: 'd'.repeat(64),
    capabilities: ['completion'],
    details: { family: 'llama' },
    baseUrl: decoy.url,
    api: 'anthropic-messages',
    apiKey: PLANTED_KEY,
    auth: 'none',
  });
  const bad = [
    '\u001b]0;owned\u0007',
    'a\r\nX-Injected: 1',
    'a\u0000b',
    '\u202egnp.exe',
    'x'.repeat(10_000),
    '',
    7,
    null,
    {},
  ];
  fake.setRoute('GET /api/tags', {
    body: { models: [...bad.map(row), row('openai/gpt-5'), row('../../x'), row('good')] },
  });
}

/** Lists a hundred thousand models. */
export function listTooMany(fake: FakeOllama): void {
  const names = Array.from({ length: 100_000 }, (_, index) => ({ name: `m${index}` }));
  fake.setRoute('GET /api/tags', { body: { models: names } });
}

/** Throws when the text shows what only the hostile rows have. */
export function expectNothingOfBadRows(text: string, decoy: Decoy): void {
  const steers = stringsOf(text).filter((shown) => /[\u0000-\u0009\u000b-\u001f\u007f\u202e]/.test(shown));
  expect(steers).toEqual([]);
  expect(text).not.toContain(PLANTED_KEY);
  expect(text).not.toContain(decoy.url);
  expect(text).not.toContain('x'.repeat(1_000));
}

/** Throws when the runtime was sent a secret, a cookie or an origin, or somebody was sent on to the decoy. */
export function expectNothingTold(fake: FakeOllama, decoy: Decoy): void {
  expect(fake.requests.length).toBeGreaterThan(0);
  for (const { headers, path, body } of fake.requests) {
    expect(Object.keys(headers)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(authorization|cookie|origin|x-api-key|proxy-.*)$/)]),
    );
    expect(JSON.stringify({ headers, path, body })).not.toContain('canary');
  }
  expect(decoy.asked).toEqual([]);
}

/** Every text and key in a JSON value; text that is no JSON as it is. */
function stringsOf(text: string): string[] {
  if (!/^[[{]/.test(text)) return [text];
  const found: string[] = [];
  JSON.parse(text, (key, value: unknown) => {
    found.push(key);
    if (typeof value === 'string') found.push(value);
    return value;
  });
  return found;
}
