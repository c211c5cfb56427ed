/** Where LM Studio says on disk that its server listens, and LM Studio itself. */
import { join } from 'node:path';
import * as z from 'zod';
import { expandPath, variable } from '../../platform/paths.ts';
import { hostKind, rootUrl, type Address } from '../address.ts';
import { localAddresses } from './local-addresses.ts';
import type { AddressSources } from './runtime.ts';

const CONFIG_FILE = join('.internal', 'http-server-config.json');
const APP_FILE = join('.internal', 'http-server.json');

const portSchema = z.number().int().min(1).max(65_535);

const configSchema = z.object({
  port: portSchema,
  networkInterface: z.string().max(253).nullish(),
});

const appSchema = z.object({ host: z.string().max(253).optional(), port: portSchema });

/**
 * The port of LM Studio's own settings file, then the default ports, because the file may be of another day;
 * files that cannot be used are passed over.
 */
export async function findLmStudioAddresses(sources: AddressSources): Promise<readonly Address[]> {
  const configured = await readFirst(sources, CONFIG_FILE, configSchema);
  const ports = configured === undefined ? [] : [configured.value.port];
  const local = [
    ...localAddresses(ports, configured?.path),
    ...localAddresses(sources.defaultPorts.filter((port) => !ports.includes(port))),
  ];
  const bound = variable(sources.env, 'LMS_SERVER_HOST') ?? configured?.value.networkInterface ?? undefined;
  // Bound to one address of the network, the server does not answer on loopback.
  if (bound === undefined || hostKind(bound) !== 'remote') return local;
  return [...local, ...local.slice(0, 1).map((address) => ({ ...address, host: bound }))];
}

/**
 * Root URLs at which LM Studio itself may answer while its server is off: the one of its own note, and the
 * ports that it picks from. Only addresses of this machine.
 */
export async function findLmStudioAppRoots(sources: AddressSources): Promise<readonly string[]> {
  const named = variable(sources.env, 'LMS_API_SERVER_INFO_PATH');
  const note =
    named === undefined
      ? await readFirst(sources, APP_FILE, appSchema)
      : await readOne(sources, expandPath(named, sources.home), appSchema);
  const { host = '127.0.0.1', port } = note?.value ?? {};
  const isHere = hostKind(host) !== 'remote';
  const ports = [...(port === undefined || !isHere ? [] : [port]), ...sources.defaultPorts];
  return [...new Set(ports)].map((port) => rootUrl('http', '127.0.0.1', port));
}

/** What is read from a file, and its path. */
interface Note<T> {
  readonly path: string;
  readonly value: T;
}

/** The first usable file of that name in the folders that LM Studio may call its home. */
async function readFirst<T>(
  sources: AddressSources,
  name: string,
  schema: z.ZodType<T>,
): Promise<Note<T> | undefined> {
  for (const folder of await homesOf(sources)) {
    const note = await readOne(sources, join(folder, name), schema);
    if (note !== undefined) return note;
  }
  return undefined;
}

async function homesOf({ home, readTextFile }: AddressSources): Promise<readonly string[]> {
  const pointer = await readTextFile(join(home, '.lmstudio-home-pointer'));
  const pointed = pointer.kind === 'text' ? pointer.text.trim() : '';
  return pointed === ''
    ? [join(home, '.cache', 'lm-studio'), join(home, '.lmstudio')]
    : [expandPath(pointed, home)];
}

async function readOne<T>(
  { readTextFile }: AddressSources,
  path: string,
  schema: z.ZodType<T>,
): Promise<Note<T> | undefined> {
  const file = await readTextFile(path);
  const parsed = file.kind === 'text' ? schema.safeParse(parseJson(file.text)) : undefined;
  return parsed?.success === true ? { path, value: parsed.data } : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Half-written or foreign: the default port is looked at instead.
    return undefined;
  }
}
