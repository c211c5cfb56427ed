/** Where LM Studio says on disk that its server listens. */
import { join } from 'node:path';
import * as z from 'zod';
import { expandPath, variable } from '../../platform/paths.ts';
import { hostKind, type Address } from '../address.ts';
import type { AddressSources } from './runtime.ts';

const CONFIG_FILE = join('.internal', 'http-server-config.json');

const configSchema = z.object({
  port: z.number().int().min(1).max(65_535),
  networkInterface: z.string().max(253).nullish(),
});

/** The port of LM Studio's own settings file, or the default ports; files that cannot be used are passed over. */
export async function findLmStudioAddresses(sources: AddressSources): Promise<readonly Address[]> {
  const configured = await readConfig(sources);
  const ports = configured === undefined ? sources.defaultPorts : [configured.port];
  const foundBy = configured?.path ?? 'default port';
  const bound = variable(sources.env, 'LMS_SERVER_HOST') ?? configured?.networkInterface;
  const local = ports.map((port) => ({ scheme: 'http', host: 'localhost', port, path: '', foundBy }));
  // Bound to one address of the network, the server does not answer on loopback.
  if (bound === undefined || hostKind(bound) !== 'remote') return local;
  const named = ports.map((port) => ({ scheme: 'http', host: bound, port, path: '', foundBy }));
  return [...local, ...named];
}

async function readConfig({
  home,
  readTextFile,
}: AddressSources): Promise<
  { path: string; port: number; networkInterface: string | undefined } | undefined
> {
  const pointer = await readTextFile(join(home, '.lmstudio-home-pointer'));
  const pointed = pointer.kind === 'text' ? pointer.text.trim() : '';
  const homes =
    pointed === ''
      ? [join(home, '.cache', 'lm-studio'), join(home, '.lmstudio')]
      : [expandPath(pointed, home)];
  for (const folder of homes) {
    const path = join(folder, CONFIG_FILE);
    const file = await readTextFile(path);
    if (file.kind !== 'text') continue;
    const config = configSchema.safeParse(parseJson(file.text));
    if (!config.success) continue;
    return { path, port: config.data.port, networkInterface: config.data.networkInterface ?? undefined };
  }
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Half-written or foreign: the default port is looked at instead.
    return undefined;
  }
}
