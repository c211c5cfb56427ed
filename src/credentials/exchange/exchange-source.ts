/** Which providers get their key by an exchange, and everything that is known of each: settings, variable, files. */
import { join } from 'node:path';
import { type ExchangeSettings, exchangeUrlDefect, GPU_DEV } from '../../domain/exchange.ts';
import { type Environment, type Paths, variable } from '../../platform/paths.ts';

/** One exchange, ready to be used. */
export interface ExchangeSource {
  readonly providerId: string;
  readonly displayName: string;
  /** The API, without a slash at its end. */
  readonly url: string;
  /** Where the key is used. */
  readonly baseUrl: string;
  /** `keys` hands over the AWS keys; `presigned` a proof that only this server can use. */
  readonly proof: { readonly kind: 'keys' } | { readonly kind: 'presigned'; readonly serverId: string };
  /** File that the key is stored in. */
  readonly keyFile: string;
  /** True where the folder of the file is ours or the API's own, and so is its mode. */
  readonly ownsFolder: boolean;
  /** File of this program's own that says which server the stored key came from. */
  readonly originFile: string;
  readonly requiredRole: string | null;
  /** What is wrong with the address, in words that name the variable; nothing is sent while it is set. */
  readonly defect: string | null;
}

/** The exchanges of the settings, by provider id. */
export type ExchangeSettingsById = Readonly<Record<string, ExchangeSettings>>;

/** Every exchange that has an address. `GPU_DEV_API_URL` makes `gpu-dev` one, and beats the settings. */
export function exchangeSources(
  settings: ExchangeSettingsById,
  env: Environment,
  paths: Pick<Paths, 'home' | 'sidecarDir'>,
): readonly ExchangeSource[] {
  const ids = new Set([GPU_DEV.id, ...Object.keys(settings)]);
  return [...ids].flatMap((id) => {
    const fields = Object.hasOwn(settings, id) ? (settings[id] ?? {}) : {};
    const fromVariable = id === GPU_DEV.id ? variable(env, GPU_DEV.urlVariable) : undefined;
    const url = fromVariable ?? fields.url;
    if (url === undefined) return [];
    const wrong = fromVariable === undefined ? undefined : exchangeUrlDefect(fromVariable);
    const defect = wrong === undefined ? null : `${GPU_DEV.urlVariable} ${wrong}`;
    return [toSource(id, fields, url, defect, paths)];
  });
}

/** The exchange as it would be at an address that nobody names now, for what is stored from there. */
export function exchangeSourceAt(
  providerId: string,
  url: string,
  settings: ExchangeSettingsById,
  paths: Pick<Paths, 'home' | 'sidecarDir'>,
): ExchangeSource {
  const fields = Object.hasOwn(settings, providerId) ? (settings[providerId] ?? {}) : {};
  return toSource(providerId, fields, url, null, paths);
}

/** Where a key of an exchange came from, as a resolution names it. */
export function exchangeSourceName(providerId: string): string {
  return `exchange:${providerId}`;
}

/** The command that logs in by hand. */
export function loginCommandOf(providerId: string): string {
  return `provider-sidecar ${providerId === GPU_DEV.id ? `${GPU_DEV.id} login` : `exchange login ${providerId}`}`;
}

function toSource(
  id: string,
  fields: ExchangeSettings,
  url: string,
  defect: string | null,
  { home, sidecarDir }: Pick<Paths, 'home' | 'sidecarDir'>,
): ExchangeSource {
  const isGpuDev = id === GPU_DEV.id;
  const folder = join(sidecarDir, 'exchange');
  const usual = isGpuDev ? join(home, GPU_DEV.keyFile) : join(folder, `${id}.json`);
  return {
    providerId: id,
    displayName: fields.name ?? (isGpuDev ? GPU_DEV.name : id),
    url: withoutSlash(url),
    baseUrl: withoutSlash(fields.baseUrl ?? url),
    proof:
      fields.proof === 'presigned' && fields.serverId !== undefined
        ? { kind: 'presigned', serverId: fields.serverId }
        : { kind: 'keys' },
    keyFile: fields.credentialsFile ?? usual,
    ownsFolder: fields.credentialsFile === undefined,
    originFile: join(folder, 'origins', `${id}.json`),
    requiredRole: fields.requiredRole ?? (isGpuDev ? GPU_DEV.requiredRole : null),
    defect,
  };
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
