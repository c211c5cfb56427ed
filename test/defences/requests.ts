/** What the guard and the routes hold against requests that they did not ask for. */
import type { Defence } from './defence.ts';

export const REQUEST_DEFENCES: readonly Defence[] = [
  {
    against: 'threat 1',
    file: 'src/http/access.ts',
    defence: `if (!rules.allowedHosts.has(lines.host.toLowerCase())) return refuse('host-not-allowed');`,
    without: '',
    test: 'test/threats/wire.test.ts',
    fails: 'threat 1: DNS rebinding',
  },
  {
    against: 'threat 2',
    file: 'src/http/access.ts',
    defence: 'lines.hostLines !== 1 ||',
    without: 'lines.hostLines === 0 ||',
    test: 'test/threats/wire.test.ts',
    fails: 'threat 2: Host ambiguity',
  },
];
