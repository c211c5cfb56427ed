/**
 * One login: read, ask, store, under a lock that holds between processes. Of many who need a new key at once one
 * asks for it, and the others find it in the file. The old file stays until the new key is there.
 */
import { messageOf, SidecarError } from '../../domain/errors.ts';
import type { Clock } from '../../platform/clock.ts';
import { removeDrafts, withFileLock } from '../../platform/files.ts';
import type { Environment } from '../../platform/paths.ts';
import type { AwsIdentities } from '../aws/identities.ts';
import { type AwsKeys, findAwsKeys } from './aws-keys.ts';
import { type Dial, exchangeIdentity, type RefusalReason } from './exchange-call.ts';
import type { LoginFailure, LoginOutcome } from './exchanged-keys.ts';
import { type ExchangeSource, loginCommandOf } from './exchange-source.ts';
import { ensureKeyFolders, type KeyFileRead, readKeyFile, type StoredKey, writeKeyFile } from './key-file.ts';

/** What a login needs from outside. */
export interface LoginTools {
  readonly aws: AwsIdentities;
  readonly dial: Dial;
  readonly clock: Clock;
  /** Told each secret before it is used: the log must never print it. */
  readonly onSecret: (value: string) => void;
}

/** Whether a stored key makes the login needless. */
export type IsEnough = (key: StoredKey, now: number) => boolean;

/**
 * Logs in, unless a key that is enough is stored, or was stored by somebody else meanwhile. Never rejects.
 *
 * @param env names the AWS identity
 */
export async function logIn(
  source: ExchangeSource,
  env: Environment,
  isEnough: IsEnough,
  tools: LoginTools,
): Promise<LoginOutcome> {
  const defect = defectOf(source);
  if (defect !== undefined) return defect;
  const { aws, clock, onSecret } = tools;
  const look = (): Promise<Look> => lookAtFile(source, isEnough, clock);
  let wasIssued = false;
  try {
    const before = await look();
    if (before.kind === 'settled') return before.outcome;
    // Outside the lock: the chain may ask other programs, and without an identity nothing is to be made.
    const identity = await findAwsKeys(env, aws, clock());
    if (identity.kind === 'none') return noIdentity(identity);
    const { keys, region } = identity;
    onSecret(keys.secretAccessKey.reveal());
    if (keys.sessionToken !== null) onSecret(keys.sessionToken.reveal());
    await ensureKeyFolders(source);
    return await withFileLock(source.keyFile, async (): Promise<LoginOutcome> => {
      await removeDrafts(source.keyFile);
      const current = await look();
      if (current.kind === 'settled') return current.outcome;
      const answer = await exchangeIdentity({ source, keys, region, dial: tools.dial }, clock);
      if (answer.kind === 'refused') {
        const { reason, detail } = answer;
        return { kind: 'failed', reason, detail, hints: hintsFor(source, reason) };
      }
      wasIssued = true;
      onSecret(answer.key.apiKey.reveal());
      const obtainedAt = clock();
      const movedTo = await writeKeyFile(source, answer.key, current.file, obtainedAt);
      return { kind: 'key', key: { ...answer.key, obtainedAt }, isNew: true, movedTo };
    });
  } catch (error) {
    // Whoever held the lock for so long may have stored the key.
    const after = await look();
    if (after.kind === 'settled' && after.outcome.kind === 'key') return after.outcome;
    const hints = error instanceof SidecarError ? error.hints : [];
    if (!wasIssued) return { kind: 'failed', reason: 'file', detail: messageOf(error), hints };
    const detail = `a key was issued and cannot be stored: ${messageOf(error)}`;
    return { kind: 'failed', reason: 'unsaved', detail, hints };
  }
}

/**
 * Why a login comes to nothing before the API is asked; undefined where it is asked.
 *
 * @param identity as far as it is known; null where nobody knows
 */
export function obstacleTo(
  source: ExchangeSource,
  file: KeyFileRead,
  identity: AwsKeys | null,
): LoginFailure | undefined {
  return (
    defectOf(source) ?? refusalOf(file) ?? (identity?.kind === 'none' ? noIdentity(identity) : undefined)
  );
}

function defectOf({ defect }: ExchangeSource): LoginFailure | undefined {
  if (defect === null) return undefined;
  return { kind: 'failed', reason: 'file', detail: defect, hints: ['Mend that variable'] };
}

/** A file that may not be trusted may not be replaced either. */
function refusalOf(file: KeyFileRead): LoginFailure | undefined {
  if (file.kind !== 'refused') return undefined;
  const { detail, hints } = file;
  return { kind: 'failed', reason: 'file', detail, hints };
}

function noIdentity(identity: Extract<AwsKeys, { kind: 'none' }>): LoginFailure {
  return { ...identity, kind: 'failed', reason: 'no-aws' };
}

type Look =
  | { readonly kind: 'settled'; readonly outcome: LoginOutcome }
  | { readonly kind: 'log-in'; readonly file: KeyFileRead };

/** What the file says about the need of a login. */
async function lookAtFile(source: ExchangeSource, isEnough: IsEnough, clock: Clock): Promise<Look> {
  const file = await readKeyFile(source, clock());
  const refusal = refusalOf(file);
  if (refusal !== undefined) return { kind: 'settled', outcome: refusal };
  if (file.kind === 'key' && isEnough(file.key, clock())) {
    return { kind: 'settled', outcome: { kind: 'key', key: file.key, isNew: false, movedTo: null } };
  }
  return { kind: 'log-in', file };
}

/** What to do about a refusal of the API. */
function hintsFor({ providerId, requiredRole, url }: ExchangeSource, reason: RefusalReason): string[] {
  switch (reason) {
    case 'unauthorized':
      return [
        "Renew the AWS credentials, for example with 'aws sso login'",
        `Then log in: ${loginCommandOf(providerId)}`,
      ];
    case 'forbidden':
      return [
        ...(requiredRole === null ? [] : [`Required role: ${requiredRole}`]),
        "See whose credentials are used: 'aws sts get-caller-identity'; choose others with AWS_PROFILE",
      ];
    case 'unreachable':
      return [`Check the network, and that ${url} is right`];
    case 'in-trouble':
      return [`Try again when ${url} is well`];
    case 'malformed':
    case 'failed':
      return [`Check that ${url} leads to the API`];
  }
}
