/**
 * Some runtimes start a server for each of their models, on ports of its own, and say so. Such a server is part
 * of its runtime: it gets no endpoint and no provider of its own, or its models would be listed twice. Pure.
 */
import { isLoopbackUrl } from './address.ts';
import type { Endpoint } from './endpoints.ts';
import type { Finding } from './examine.ts';

/** An endpoint and the newest finding about it. */
interface Look {
  readonly endpoint: Endpoint;
  readonly finding: Finding;
}

/**
 * Takes out the endpoints at sockets that a runtime owns, and adds what was learned there to the evidence of
 * the owner. A runtime can own sockets of this machine only, and an owner is never owned itself, so that two
 * that name each other do not both disappear. Whoever claims a socket is not believed about a runtime that
 * stands on its own there, or that a source expects there.
 */
export function withoutOwned(looked: readonly Look[]): readonly Look[] {
  const ownerOf = new Map<string, Look>();
  for (const look of looked) for (const socket of socketsOwnedBy(look)) ownerOf.set(socket, look);
  if (ownerOf.size === 0) return looked;
  const owners = new Set(ownerOf.values());
  const ownerOfLook = (look: Look) =>
    owners.has(look) || !canBeOwned(look) ? undefined : ownerOf.get(socketOf(look.finding.root) ?? '');
  return looked
    .filter((look) => ownerOfLook(look) === undefined)
    .map((look) => {
      const owned = owners.has(look) ? looked.filter((other) => ownerOfLook(other) === look) : [];
      const evidence = owned.flatMap(({ finding }) => finding.evidence);
      if (evidence.length === 0) return look;
      return { ...look, finding: { ...look.finding, evidence: [...look.finding.evidence, ...evidence] } };
    });
}

/** Servers that are started for a model are those of llama.cpp, or none that discovery knows. */
function canBeOwned({ endpoint, finding }: Look): boolean {
  const isForModels = finding.runtime === null || finding.runtime === 'llamacpp';
  return isForModels && endpoint.expected.every((runtime) => runtime === 'llamacpp');
}

function socketsOwnedBy({ endpoint, finding }: Look): readonly string[] {
  // What a runtime on another host calls loopback is that host's.
  if (!endpoint.isLoopback || finding.state !== 'up') return [];
  const own = new Set(endpoint.roots.map(socketOf));
  return (finding.ownedUrls ?? [])
    .filter(isLoopbackUrl)
    .map(socketOf)
    .filter((socket) => socket !== undefined)
    .filter((socket) => !own.has(socket));
}

/** Host and port, with every spelling of this machine alike; undefined for text that is no URL. */
function socketOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { hostname, port, protocol } = new URL(url);
  const host = isLoopbackUrl(url) ? 'loopback' : hostname;
  return `${host}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
}
