/**
 * Hosts that somebody else told of: mDNS, Lemonade's beacon, the machine around a container. All of it is
 * hearsay, so nothing here is ever dialled; it becomes candidates that the operator may trust. Off by default.
 */
import { messageOf } from '../domain/errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { FileRead } from '../platform/files.ts';
import type { Logger } from '../platform/logger.ts';
import type { Announced, Listener } from './announced.ts';
import { openBeacon } from './beacon.ts';
import { findContainerHosts } from './container-hosts.ts';
import { browseMdns, openMdnsSocket, type MdnsSocket } from './mdns.ts';

/** Which sources are asked; none of them unless it is named. */
export interface CandidateSettings {
  readonly mdns?: { readonly enabled: boolean; readonly serviceTypes: readonly string[] };
  readonly beacon?: boolean;
  readonly containerHosts?: boolean;
  /** Opens the multicast socket. @default one on the usual port */
  readonly openMdnsSocket?: () => Promise<MdnsSocket>;
  /** UDP port of the beacon. @default 13305 */
  readonly beaconPort?: number;
}

/** What the sources are built from. */
export interface AnnouncementDeps {
  readonly settings: CandidateSettings;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  readonly readTextFile: (path: string) => Promise<FileRead>;
}

/** All sources together. */
export interface Announcements {
  /** Begins to listen at the first call. */
  readonly hosts: () => Promise<readonly Announced[]>;
  /** Resolves when those who were asked have had time to answer; at once where nobody is asked. */
  heard(): Promise<void>;
  close(): Promise<void>;
}

/** Time that hosts of the network have to answer the first question. */
const FIRST_WORD_MS = 500;

/** Puts the sources together; touches nothing until it is asked. */
export function createAnnouncements(deps: AnnouncementDeps): Announcements {
  const { settings, clock, log, readTextFile } = deps;
  const { mdns, beacon = false, containerHosts = false } = settings;
  let opening: Promise<readonly Listener[]> | undefined;
  let firstWord: Promise<void> | undefined;
  let endWait: () => void = () => undefined;

  const openOne = async (name: string, open: () => Promise<Listener>): Promise<readonly Listener[]> => {
    try {
      return [await open()];
    } catch (error) {
      log.warn(`${name} cannot be heard: ${messageOf(error)}`);
      return [];
    }
  };
  const openAll = async (): Promise<readonly Listener[]> => {
    const opened = await Promise.all([
      mdns?.enabled === true
        ? openOne('mDNS', async () => {
            const socket = await (settings.openMdnsSocket ?? openMdnsSocket)();
            return browseMdns({ socket, serviceTypes: mdns.serviceTypes, clock, log });
          })
        : [],
      beacon
        ? openOne("Lemonade's beacon", () =>
            openBeacon({
              clock,
              ...(settings.beaconPort === undefined ? {} : { port: settings.beaconPort }),
            }),
          )
        : [],
    ]);
    return opened.flat();
  };
  const listeners = (): Promise<readonly Listener[]> => (opening ??= openAll());

  return {
    hosts: async () => {
      const around = containerHosts ? await findContainerHosts(readTextFile) : [];
      return [...(await listeners()).flatMap((listener) => listener.hosts()), ...around];
    },
    heard: () =>
      (firstWord ??= listeners().then(async (open) => {
        if (open.length === 0) return;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, FIRST_WORD_MS);
          endWait = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      })),
    close: async () => {
      endWait();
      if (opening === undefined) return;
      await Promise.all((await opening).map((listener) => listener.close()));
    },
  };
}
