/** Where things are on this machine: the state directory, the sidecar's own files, the operator's config. */
import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';

/** Environment variables as a plain record. Blank values count as unset. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable, trimmed; blank is unset. */
export function variable(env: Environment, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name]?.trim() : undefined;
  return value === undefined || value === '' ? undefined : value;
}

/** The first of several variables that is set, with its name. */
export function firstVariable(
  env: Environment,
  names: readonly string[],
): { name: string; value: string } | undefined {
  for (const name of names) {
    const value = variable(env, name);
    if (value !== undefined) return { name, value };
  }
  return undefined;
}

/** A path with a leading `~` replaced, made absolute. */
export function expandPath(path: string, home: string, base: string = home): string {
  const expanded = path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path;
  return isAbsolute(expanded) ? expanded : resolve(base, expanded);
}

const STATE_DIR_VARIABLES = ['MOLTBOT_STATE_DIR', 'CLAWDBOT_STATE_DIR', 'OPENCLAW_STATE_DIR'] as const;
const STATE_FOLDERS = ['.clawdbot', '.moltbot', '.openclaw'] as const;
const CONFIG_PATH_VARIABLES = [
  'MOLTBOT_CONFIG_PATH',
  'CLAWDBOT_CONFIG_PATH',
  'OPENCLAW_CONFIG_PATH',
] as const;
const OAUTH_DIR_VARIABLES = ['CLAWDBOT_OAUTH_DIR', 'OPENCLAW_OAUTH_DIR'] as const;
const CONFIG_NAMES = ['moltbot.json', 'moltbot.json5', 'clawdbot.json', 'openclaw.json'] as const;
const AGENT_DIR_VARIABLES = [
  'MOLTBOT_AGENT_DIR',
  'CLAWDBOT_AGENT_DIR',
  'OPENCLAW_AGENT_DIR',
  'PI_CODING_AGENT_DIR',
] as const;

/** The variables of an environment that say where the files of `findPaths` stand, with absolute paths. */
export function placeVariables(env: Environment, home: string): Readonly<Record<string, string>> {
  const names = [STATE_DIR_VARIABLES, CONFIG_PATH_VARIABLES, AGENT_DIR_VARIABLES, OAUTH_DIR_VARIABLES].flat();
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = variable(env, name);
      return value === undefined ? [] : [[name, expandPath(value, home)] as const];
    }),
  );
}

/** Every path that the program reads or writes, absolute. */
export interface Paths {
  readonly home: string;
  readonly stateDir: string;
  /** `<state>/sidecar`, 0700: the only folder that this program writes to by default. */
  readonly sidecarDir: string;
  readonly settings: string;
  /** The default place of models.json; settings may move it. */
  readonly modelsJson: string;
  readonly ownProfiles: string;
  readonly endpoint: string;
  readonly identity: string;
  /** Tokens with names, as digests. */
  readonly tokens: string;
  /** The agent folder of the operator's own tool: read only. */
  readonly agentDir: string;
  /** `oauth.json` of the operator's own tool, from before profiles: read only. */
  readonly oauthJson: string;
  /** Places where the operator's config may stand; the first that exists counts. */
  readonly configCandidates: readonly string[];
  /** True when a variable named the config, which stops the search. */
  readonly configIsExplicit: boolean;
}

/**
 * State directory by variable, else `~/.clawdbot`, except that `~/.moltbot` (then `~/.openclaw`) is used
 * when it exists and `~/.clawdbot` does not.
 */
export function findStateDir(env: Environment, home: string, exists: (path: string) => boolean): string {
  const named = firstVariable(env, STATE_DIR_VARIABLES);
  if (named !== undefined) return expandPath(named.value, home);
  const folders = STATE_FOLDERS.map((name) => join(home, name));
  return folders.find(exists) ?? join(home, STATE_FOLDERS[0]);
}

/** Where the operator's config may be, in the order in which it is looked for. */
function configCandidates(env: Environment, home: string): string[] {
  const named = STATE_DIR_VARIABLES.flatMap((name) => {
    const value = variable(env, name);
    return value === undefined ? [] : [expandPath(value, home)];
  });
  const folders = [...named, join(home, '.moltbot'), join(home, '.clawdbot'), join(home, '.openclaw')];
  return [...new Set(folders)].flatMap((folder) => CONFIG_NAMES.map((name) => join(folder, name)));
}

/** Computes every path from the environment and the home folder. Looks only at which state folder exists. */
export function findPaths(
  env: Environment,
  home: string,
  exists: (path: string) => boolean = existsSync,
): Paths {
  const stateDir = findStateDir(env, home, exists);
  const sidecarDir = join(stateDir, 'sidecar');
  const explicit = firstVariable(env, CONFIG_PATH_VARIABLES);
  const agentDir = firstVariable(env, AGENT_DIR_VARIABLES);
  const oauthDir = firstVariable(env, OAUTH_DIR_VARIABLES);
  return {
    home,
    stateDir,
    sidecarDir,
    settings: join(sidecarDir, 'sidecar.json5'),
    modelsJson: join(sidecarDir, 'models.json'),
    ownProfiles: join(sidecarDir, 'auth-profiles.json'),
    endpoint: join(sidecarDir, 'endpoint.json'),
    identity: join(sidecarDir, 'identity.json'),
    tokens: join(sidecarDir, 'tokens.json'),
    agentDir: agentDir ? expandPath(agentDir.value, home) : join(stateDir, 'agents', 'main', 'agent'),
    oauthJson: join(
      oauthDir ? expandPath(oauthDir.value, home) : join(stateDir, 'credentials'),
      'oauth.json',
    ),
    configCandidates: explicit ? [expandPath(explicit.value, home)] : configCandidates(env, home),
    configIsExplicit: explicit !== undefined,
  };
}

/** State folders that exist beside the one in use: a migrated user may be looking at the wrong one. */
export function otherStateDirs(paths: Paths, exists: (path: string) => boolean): string[] {
  return STATE_FOLDERS.map((name) => join(paths.home, name)).filter(
    (folder) => folder !== paths.stateDir && exists(folder),
  );
}
