/** A token after its rotation: it opens nothing any more, and what it had open ends. */
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { readStoredToken, rotateToken } from '../../src/platform/identity.ts';
import { openEventStream } from '../helpers/event-stream.ts';
import { startRig } from '../helpers/sidecar-rig.ts';

it('threat 11: old token after rotation: 401 at a running server, and its open stream ends with event: revoked', async () => {
  const rig = await startRig({ env: { PROVIDER_SIDECAR_TOKEN: '', CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' } });
  onTestFinished(() => rig.close());
  const { url } = rig.sidecar;
  const identity = join(rig.stateDir, 'sidecar/identity.json');
  const old = (await readStoredToken(identity))?.reveal() ?? '';
  const statusFor = async (token: string): Promise<number> =>
    (await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${token}` } })).status;
  const stream = await openEventStream({ url, token: old });
  onTestFinished(() => stream.close());
  await stream.until(() => true);
  expect(await statusFor(old)).toBe(200);

  const next = (await rotateToken(identity, Date.now())).reveal();
  await vi.waitFor(async () => expect(await statusFor(old)).toBe(401), { timeout: 10_000 });
  await stream.ended;
  expect(stream.events.at(-1)?.event).toBe('revoked');
  expect(await statusFor(next)).toBe(200);
  for (const token of [old, next]) expect(JSON.stringify(rig.logged)).not.toContain(token);
});
