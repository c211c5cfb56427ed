/**
 * One line of the log for every credential that leaves the server: when, for which provider, out of which profile,
 * in which mode, from which source, and whose token asked. Never the credential.
 */
import type { Resolution } from '../domain/auth.ts';
import type { Logger } from '../platform/logger.ts';
import type { Caller } from './callers/caller.ts';

export interface CredentialAudit {
  /** Writes the line. A resolution without a credential (mode `none`) hands nothing out and gets none. */
  readonly handedOut: (resolution: Resolution, caller: Caller) => void;
}

/** @param log writes a line that is the same but for its time quickly: most callers ask for the same again */
export function createCredentialAudit(log: Pick<Logger, 'repeated'>): CredentialAudit {
  const lines = new WeakMap<Resolution, Map<string | null, () => void>>();
  return {
    handedOut(resolution, { name }) {
      if (resolution.auth.mode === 'none') return;
      const known = lines.get(resolution);
      const line = known?.get(name) ?? log.repeated('Credential handed out', fieldsOf(resolution, name));
      if (known === undefined) lines.set(resolution, new Map([[name, line]]));
      else known.set(name, line);
      line();
    },
  };
}

function fieldsOf({ provider, auth }: Resolution, caller: string | null) {
  const profile = 'profileId' in auth ? (auth.profileId ?? null) : null;
  return { provider: provider.id, profile, mode: auth.mode, source: auth.source, caller };
}
