/**
 * The profiles of AWS' shared files (`~/.aws/config`, `~/.aws/credentials`): how each one gets its keys, its
 * region and the file that says so. Never a key: those are for the AWS chain to read.
 *
 * The format is that of https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { readTextFile } from '../../platform/files.ts';
import { type Environment, expandPath, variable } from '../../platform/paths.ts';

/** How a profile gets its keys. */
export type ProfileMethod = 'role' | 'keys' | 'web-identity' | 'process' | 'sso' | 'login';

/** One profile. */
export interface AwsProfile {
  readonly name: string;
  /** File that says how it gets its keys, or that names the profile at all. */
  readonly file: string;
  /** Null for a profile of settings alone. */
  readonly method: ProfileMethod | null;
  readonly region: string | null;
  /** Profile whose identity takes on the role. */
  readonly sourceProfile: string | null;
  /** File that an SSO login of this profile leaves its token in. */
  readonly ssoTokenFile: string | null;
}

/** Where the shared files stand. */
export interface SharedFiles {
  readonly config: string;
  readonly credentials: string;
}

/** Everything that both files say, by profile. */
export interface SharedProfiles {
  readonly files: SharedFiles;
  readonly byName: ReadonlyMap<string, AwsProfile>;
  /** Files that are there and cannot be read, with the reason. */
  readonly troubles: readonly string[];
}

/** The paths, by variable or in the home folder. */
export function findSharedFiles(env: Environment, home: string): SharedFiles {
  const at = (name: string, usual: string): string =>
    // A relative path is meant from the folder in which the chain is asked, which is the root.
    expandPath(variable(env, name) ?? join(home, '.aws', usual), home, '/');
  return {
    config: at('AWS_CONFIG_FILE', 'config'),
    credentials: at('AWS_SHARED_CREDENTIALS_FILE', 'credentials'),
  };
}

/** Reads both files; one that is missing says nothing. Never rejects. */
export async function readSharedProfiles(
  env: Environment,
  home: string,
  read: typeof readTextFile,
): Promise<SharedProfiles> {
  const files = findSharedFiles(env, home);
  const [config, credentials] = await Promise.all([read(files.config), read(files.credentials)]);
  return {
    files,
    byName: mergeProfiles(
      files,
      config.kind === 'text' ? config.text : '',
      credentials.kind === 'text' ? credentials.text : '',
      home,
    ),
    troubles: [config, credentials].flatMap((file) => (file.kind === 'refused' ? [file.detail] : [])),
  };
}

/** The settings of a section, by name. */
type Section = ReadonlyMap<string, string>;

function mergeProfiles(
  files: SharedFiles,
  config: string,
  credentials: string,
  home: string,
): Map<string, AwsProfile> {
  const fromConfig = parseSections(config);
  const fromCredentials = parseSections(credentials);
  const profiles = new Map<string, AwsProfile>();
  for (const [title, section] of fromConfig) {
    const name = title === 'default' ? title : nameAfter('profile', title);
    if (name !== undefined) profiles.set(name, toProfile(name, files.config, section, fromConfig, home));
  }
  for (const [name, section] of fromCredentials) {
    const other = profiles.get(name);
    const own = toProfile(name, files.credentials, section, fromConfig, home);
    // A role is taken on before keys of the same profile count, and each file may hold a part.
    const merged = { ...own, region: own.region ?? other?.region ?? null };
    const weaker = other !== undefined && (own.method === null || other.method === 'role');
    profiles.set(name, weaker ? { ...other, region: merged.region } : merged);
  }
  return profiles;
}

/** The sections of a file in its order. Settings that are indented belong to the setting above them. */
function parseSections(text: string): Map<string, Section> {
  const sections = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    const bare = (line.split(/(?:^|\s)[;#]/, 1)[0] ?? '').trim();
    const title = /^\[(.*)\]$/.exec(bare)?.[1]?.trim();
    if (title !== undefined) {
      current = sections.get(title) ?? new Map();
      sections.set(title, current);
      continue;
    }
    const [, name, value] = /^([^=\s]+)\s*=\s*(.*)$/.exec(bare) ?? [];
    if (name !== undefined && value !== undefined && value !== '' && !/^\s/.test(line)) {
      current?.set(name.toLowerCase(), value);
    }
  }
  return sections;
}

/** `[profile "my name"]` → `my name`. */
function nameAfter(word: string, title: string): string | undefined {
  const [, first, rest] = /^(\S+)\s+(.+)$/.exec(title) ?? [];
  return first === word ? rest?.replace(/^(["'])(.*)\1$/, '$2') : undefined;
}

function toProfile(
  name: string,
  file: string,
  section: Section,
  fromConfig: ReadonlyMap<string, Section>,
  home: string,
): AwsProfile {
  const session = section.get('sso_session');
  const startUrl =
    section.get('sso_start_url') ??
    [...fromConfig].find(([title]) => nameAfter('sso-session', title) === session)?.[1].get('sso_start_url');
  const tokenId = session ?? startUrl;
  return {
    name,
    file,
    method: methodOf(section),
    region: section.get('region') ?? null,
    sourceProfile: section.get('source_profile') ?? null,
    ssoTokenFile: tokenId === undefined ? null : ssoTokenFile(tokenId, home),
  };
}

const SSO_FIELDS = ['sso_session', 'sso_start_url', 'sso_account_id', 'sso_region', 'sso_role_name'] as const;

/** In the order in which the chain looks. A setting without its other half counts: it was meant. */
function methodOf(section: Section): ProfileMethod | null {
  const has = (name: string): boolean => section.has(name);
  if (has('role_arn') && !has('web_identity_token_file')) return 'role';
  if (has('aws_access_key_id') || has('aws_secret_access_key')) return 'keys';
  if (has('web_identity_token_file')) return 'web-identity';
  if (has('credential_process')) return 'process';
  if (SSO_FIELDS.some(has)) return 'sso';
  return has('login_session') ? 'login' : null;
}

/** Name of the file by the AWS tools: SHA-1 of the session's name, or of the start URL without one. */
function ssoTokenFile(id: string, home: string): string {
  return join(home, '.aws', 'sso', 'cache', `${createHash('sha1').update(id).digest('hex')}.json`);
}

/**
 * The profile at the end of a chain of source profiles: the one whose login a person can renew.
 */
export function rootProfile(profiles: ReadonlyMap<string, AwsProfile>, profile: AwsProfile): AwsProfile {
  const seen = new Set([profile.name]);
  let current = profile;
  while (current.method === 'role' && current.sourceProfile !== null && !seen.has(current.sourceProfile)) {
    const source = profiles.get(current.sourceProfile);
    if (source === undefined) break;
    seen.add(source.name);
    current = source;
  }
  return current;
}
