/** Layers of settings, each value with the place it came from, and the strongest of them. Pure. */
import type { SettingKey, SettingValues } from './schema.ts';

/** A value and its origin: `flag --port`, `env: PROVIDER_SIDECAR_PORT`, `sidecar.json5: port`, `default`. */
export interface Layered<T> {
  readonly value: T;
  readonly origin: string;
}

/** What one place sets. */
export type SettingsLayer = { readonly [K in SettingKey]?: Layered<SettingValues[K]> | undefined };

/** The weakest layer, which has everything. */
export type FullLayer = { readonly [K in SettingKey]: Layered<SettingValues[K]> };

/** The program's settings. */
export type Settings = Omit<SettingValues, 'discovery.trust'> & {
  readonly discovery: { readonly trust: readonly string[] };
};

/** The settings that count, and where each of them came from. */
export interface MergedSettings {
  readonly settings: Settings;
  readonly origins: Readonly<Record<SettingKey, string>>;
}

/** @param layers strongest first; the first that sets a key counts */
export function mergeLayers(layers: readonly SettingsLayer[], defaults: FullLayer): MergedSettings {
  const pick = <K extends SettingKey>(key: K): Layered<SettingValues[K]> => {
    for (const layer of layers) {
      const found: SettingsLayer[K] = layer[key];
      if (found !== undefined) return found;
    }
    return defaults[key];
  };
  const chosen: FullLayer = {
    host: pick('host'),
    port: pick('port'),
    socket: pick('socket'),
    defaultModel: pick('defaultModel'),
    modelsJson: pick('modelsJson'),
    minContextWindow: pick('minContextWindow'),
    logLevel: pick('logLevel'),
    strict: pick('strict'),
    'discovery.trust': pick('discovery.trust'),
    token: pick('token'),
  };
  return {
    settings: {
      host: chosen.host.value,
      port: chosen.port.value,
      socket: chosen.socket.value,
      defaultModel: chosen.defaultModel.value,
      modelsJson: chosen.modelsJson.value,
      minContextWindow: chosen.minContextWindow.value,
      logLevel: chosen.logLevel.value,
      strict: chosen.strict.value,
      token: chosen.token.value,
      discovery: { trust: chosen['discovery.trust'].value },
    },
    origins: {
      host: chosen.host.origin,
      port: chosen.port.origin,
      socket: chosen.socket.origin,
      defaultModel: chosen.defaultModel.origin,
      modelsJson: chosen.modelsJson.origin,
      minContextWindow: chosen.minContextWindow.origin,
      logLevel: chosen.logLevel.origin,
      strict: chosen.strict.origin,
      'discovery.trust': chosen['discovery.trust'].origin,
      token: chosen.token.origin,
    },
  };
}
