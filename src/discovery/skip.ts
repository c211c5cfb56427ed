/** The operator's switch that turns local discovery off altogether. */
import { firstVariable, type Environment } from '../platform/paths.ts';

const NAMES = [
  'CLAWDBOT_SKIP_LOCAL_DISCOVERY',
  'MOLTBOT_SKIP_LOCAL_DISCOVERY',
  'OPENCLAW_SKIP_LOCAL_DISCOVERY',
] as const;

/** True for `1`, `true`, `yes` or `on` (any case) in any spelling of the variable; nothing is probed then. */
export function isDiscoverySkipped(env: Environment): boolean {
  return NAMES.some((name) => /^(?:1|true|yes|on)$/i.test(firstVariable(env, [name])?.value ?? ''));
}
