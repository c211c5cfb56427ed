/** Identities of the AWS chain: one is held for each set of AWS variables, and asked once for all who want it at the same time. */
import { createHash } from 'node:crypto';
import type { EventSink } from '../../domain/sidecar-event.ts';
import type { Clock } from '../../platform/clock.ts';
import { fileState } from '../../platform/file-state.ts';
import { fileExists, readTextFile } from '../../platform/files.ts';
import { type Environment, variable } from '../../platform/paths.ts';
import type { RunCommand } from '../../platform/run-command.ts';
import { awsVariables } from '../aws-environment.ts';
import { createAskChain } from './ask-chain.ts';
import { planChain } from './chain-plan.ts';
import { chainSourceOf } from './chain-source.ts';
import { type Attempt, type HeldIdentity, holdIdentity } from './held-identity.ts';
import type { AwsIdentities, AwsIdentityOutcome, AwsIdentityRequest } from './identities.ts';
import { judgeAnswer } from './judge-answer.ts';
import { findSharedFiles, readSharedProfiles, rootProfile } from './shared-profiles.ts';
import { pointsToIdentity } from './signs.ts';

export interface AwsIdentitiesDeps {
  readonly home: string;
  /** Ports that this program listens on, or will: it must never ask itself. */
  readonly ownPorts: readonly number[];
  readonly run: RunCommand;
  readonly clock: Clock;
  /** From 0 up to 1; how far renewals are apart. */
  readonly random: () => number;
  /** Told each secret that the chain gave: the log must never print it. */
  readonly onSecret: (value: string) => void;
  /** @default nobody is told of changes */
  readonly onEvent?: EventSink;
}

/** An identity with those who use it. */
interface Used {
  readonly held: HeldIdentity;
  /** The variables as the last caller had them; those of AWS are the same for all. */
  env: Environment;
  readonly providers: Set<string>;
}

/** Most identities that are held; a config that changes its variables again and again must not fill the memory. */
const MOST_HELD = 8;

/** Asks nothing yet. Identities live until `close`. */
export function createAwsIdentities(deps: AwsIdentitiesDeps): AwsIdentities {
  const { home, clock, random, onSecret, onEvent = () => undefined } = deps;
  const identities = new Map<string, Used>();
  const stop = new AbortController();
  const attempt = createAttempts(deps, stop.signal);

  const use = ({ env, providerId }: AwsIdentityRequest): HeldIdentity => {
    const key = createHash('sha256')
      .update(JSON.stringify(awsVariables(env)))
      .digest('hex');
    const used = identities.get(key) ?? create(env);
    used.env = env;
    // Put at the end each time, so the first one is the one that was not used for longest.
    identities.delete(key);
    identities.set(key, used);
    const [first] = identities;
    if (identities.size > MOST_HELD && first !== undefined) {
      first[1].held.close();
      identities.delete(first[0]);
    }
    if (providerId !== undefined) used.providers.add(providerId);
    return used.held;
  };
  const create = (env: Environment): Used => {
    const used: Used = {
      env,
      providers: new Set(),
      held: holdIdentity({
        ask: () => attempt(used.env),
        fileState,
        clock,
        random,
        onChange: (change, source) => {
          for (const provider of used.providers) {
            onEvent({ kind: 'credential', provider, profileId: null, source, change });
          }
        },
      }),
    };
    return used;
  };

  /** What is still in use is told again: the log must know it for as long as that. */
  const handOut = (outcome: AwsIdentityOutcome, request: AwsIdentityRequest): AwsIdentityOutcome => {
    if (outcome.kind === 'found') {
      const { secretAccessKey, sessionToken } = outcome.keys;
      onSecret(secretAccessKey.reveal());
      if (sessionToken !== null) onSecret(sessionToken.reveal());
    }
    return inRegion(outcome, request);
  };

  return {
    unasked(request, now) {
      const known = use(request).known(now);
      if (known !== null) return handOut(known, request);
      if (pointsToIdentity(request.env, findSharedFiles(request.env, home), fileExists)) return null;
      const detail = 'no variable and no file points to an identity';
      return { kind: 'none', source: chainSourceOf(request.env), detail };
    },
    peek(request, now) {
      const outcome = use(request).peek(now);
      return outcome === null ? null : handOut(outcome, request);
    },
    async profileRegion(env) {
      const { byName } = await readSharedProfiles(env, home, readTextFile);
      return byName.get(variable(env, 'AWS_PROFILE') ?? 'default')?.region ?? null;
    },
    resolve: async (request, now) => handOut(await use(request).get(now), request),
    close() {
      stop.abort();
      for (const { held } of identities.values()) held.close();
    },
  };
}

/** The region that the provider names beats the one that was found. */
function inRegion(outcome: AwsIdentityOutcome, { region }: AwsIdentityRequest): AwsIdentityOutcome {
  if (outcome.kind !== 'found' || region === null) return outcome;
  return { ...outcome, keys: { ...outcome.keys, region } };
}

/** One attempt after the other: the shared files are read, then the chain is asked. */
function createAttempts(
  { home, ownPorts, run, clock, onSecret }: AwsIdentitiesDeps,
  signal: AbortSignal,
): (env: Environment) => Promise<Attempt> {
  const askChain = createAskChain(run);
  return async (env) => {
    const { config, credentials } = findSharedFiles(env, home);
    // Before anything is read: what changes while the chain is asked must be seen afterwards.
    const files = statesOf([config, credentials]);
    const shared = await readSharedProfiles(env, home, readTextFile);
    const plan = planChain(env, shared, ownPorts);
    if (plan.kind === 'settled') return { outcome: plan.outcome, files };
    const { profile, alone, timeoutMs } = plan;
    const login = profile === null ? null : rootProfile(shared.byName, profile).ssoTokenFile;
    const withLogin = new Map([...files, ...statesOf(login === null ? [] : [login])]);
    const name = alone && profile !== null ? profile.name : null;
    const reply = await askChain({ env, home, profile: name, timeoutMs, signal });
    if (reply.kind === 'found') {
      for (const secret of [reply.secretAccessKey, reply.sessionToken]) if (secret) onSecret(secret);
    }
    const outcome = judgeAnswer(reply, { env, shared, plan }, clock());
    // A new login ends a failure; keys that were had before it stay good.
    return { outcome, files: outcome.kind === 'found' ? files : withLogin };
  };
}

function statesOf(paths: readonly string[]): ReadonlyMap<string, string> {
  return new Map(paths.map((path) => [path, fileState(path)]));
}
