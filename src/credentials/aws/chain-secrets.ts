/**
 * What the AWS chain sends to the servers that keys come from: tokens in variables, in the shared files, in token
 * files and in what an SSO login left. A server that refuses one may repeat it, and the SDK passes its words on.
 */
import { readTextFile } from '../../platform/files.ts';
import { type Environment, expandPath, variable } from '../../platform/paths.ts';
import { findSharedFiles, readSharedProfiles } from './shared-profiles.ts';
import { WEB_IDENTITY_VARIABLE } from './signs.ts';

/** Variables that hold one. */
const HOLDERS = [
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_BEARER_TOKEN_BEDROCK',
] as const;

/** Variables that name a file that holds nothing else. */
const FILES = [WEB_IDENTITY_VARIABLE, 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] as const;

const IN_SHARED_FILES = /^\s*(?:aws_secret_access_key|aws_session_token)\s*=\s*(\S+)/gim;
const FILE_IN_SHARED_FILES = /^\s*web_identity_token_file\s*=\s*(.*\S)/gim;
const IN_LOGIN = /"(?:accessToken|refreshToken|clientSecret)"\s*:\s*"([^"]+)"/g;

/** Everything of this kind that the variables and the files hold. Never rejects; what cannot be read is left out. */
export async function sentByChain(env: Environment, home: string): Promise<readonly string[]> {
  const textOf = async (path: string): Promise<string> => {
    const read = await readTextFile(expandPath(path, home, '/'));
    return read.kind === 'text' ? read.text : '';
  };
  const inVariables = HOLDERS.flatMap((name) => variable(env, name) ?? []);
  const { config, credentials } = findSharedFiles(env, home);
  const shared = (await Promise.all([textOf(config), textOf(credentials)])).join('\n');
  const tokenFiles = [
    ...FILES.flatMap((name) => variable(env, name) ?? []),
    ...valuesOf(shared, FILE_IN_SHARED_FILES),
  ];
  const { byName } = await readSharedProfiles(env, home, readTextFile);
  const loginFiles = [...byName.values()].flatMap(({ ssoTokenFile }) => ssoTokenFile ?? []);
  const tokens = await Promise.all(tokenFiles.map(textOf));
  const logins = await Promise.all(loginFiles.map(textOf));
  return [
    // An authorization token may come with its scheme: a server may repeat either part.
    ...[...inVariables, ...tokens].flatMap((text) => [text.trim(), ...text.trim().split(/\s+/)]),
    ...valuesOf(shared, IN_SHARED_FILES),
    ...valuesOf(logins.join('\n'), IN_LOGIN),
  ];
}

function valuesOf(text: string, rule: RegExp): string[] {
  return [...text.matchAll(rule)].flatMap(([, value]) => value ?? []);
}
