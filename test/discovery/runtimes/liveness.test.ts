/** The cheap check of every runtime against its fake: it must agree with the full look, or each tick is one. */
import { describe, expect, it } from 'vitest';
import { createInquiry } from '../../../src/discovery/inquiry.ts';
import { createProbe } from '../../../src/discovery/probe.ts';
import { RUNTIMES } from '../../../src/discovery/runtimes/index.ts';
import { startFakeRuntime } from '../../helpers/fake-runtime.ts';
import { ALL_FAKES } from '../../helpers/fakes/index.ts';
import { stopLater } from '../rig.ts';

const cases = ALL_FAKES.flatMap((fake) =>
  RUNTIMES.filter(({ id }) => id === fake.id).map((runtime) => ({ id: fake.id, fake, runtime })),
);

describe('"one light request"', () => {
  it.each(cases)('$id is alive, in the version that was identified', async ({ fake: named, runtime }) => {
    const fake = stopLater(await named.start());
    const probe = createProbe({ clock: Date.now });
    const identity = await runtime.identify(createInquiry(probe, fake.url));
    fake.clearRequests();
    const liveness = await runtime.isAlive(createInquiry(probe, fake.url));
    const asked = fake.requests.length;
    await fake.stop();
    const after = await runtime.isAlive(createInquiry(probe, fake.url));
    await probe.close();
    // Servers with a key answer the first question and nothing else.
    if (identity.kind === 'identified' && liveness.kind === 'alive' && liveness.version !== undefined) {
      expect(liveness.version).toBe(identity.version);
    }
    expect(asked).toBe(1);
    expect(after).toMatchObject({ kind: 'missed', how: 'refused' });
  });

  it.each(cases)('$id that something else replaced has changed', async ({ runtime }) => {
    const other = stopLater(await startFakeRuntime(() => ({ body: { status: 'ok' } })));
    const probe = createProbe({ clock: Date.now });
    const liveness = await runtime.isAlive(createInquiry(probe, other.url));
    await probe.close();
    expect(liveness.kind).toBe('changed');
  });
});
