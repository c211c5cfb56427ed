/** What on this machine points to an AWS identity, so that asking the chain is worth a wait. */
import { type Environment, variable } from '../../platform/paths.ts';
import type { SharedFiles } from './shared-profiles.ts';

/** Variables that name a server with credentials for a container; the first beats the second. */
export const CONTAINER_VARIABLES = [
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
] as const;

/** Variable that names the file of a web identity. */
export const WEB_IDENTITY_VARIABLE = 'AWS_WEB_IDENTITY_TOKEN_FILE';

const SIGNS = ['AWS_PROFILE', WEB_IDENTITY_VARIABLE, ...CONTAINER_VARIABLES] as const;

/**
 * True when a variable or a shared file points to an identity. An instance of EC2 gives no such sign: its
 * identity is found when somebody asks.
 */
export function pointsToIdentity(
  env: Environment,
  files: SharedFiles,
  exists: (path: string) => boolean,
): boolean {
  return (
    SIGNS.some((name) => variable(env, name) !== undefined) ||
    exists(files.config) ||
    exists(files.credentials)
  );
}
