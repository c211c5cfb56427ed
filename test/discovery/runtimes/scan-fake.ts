/** One scan of one fake, at the port where a runtime is expected. */
import type { RuntimeId } from '../../../src/domain/provider-id.ts';
import type { FakeRuntime } from '../../helpers/fake-runtime.ts';
import { only, startRig, stopLater } from '../rig.ts';

/** Scans a fake, which is stopped at the end of the test. */
export async function scanFake(expected: RuntimeId, starting: Promise<FakeRuntime>) {
  const fake = stopLater(await starting);
  const rig = await startRig({ [expected]: [fake.port] });
  const report = await rig.discovery.scan();
  return { ...rig, fake, report, endpoint: only(report) };
}

/** The routes that a fake was asked, each once, in order. */
export function routesOf({ requests }: FakeRuntime): readonly string[] {
  return [...new Set(requests.map(({ method, path }) => `${method} ${path}`))];
}
