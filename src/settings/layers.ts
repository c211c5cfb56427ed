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
export type Settings = Omit<SettingValues, `discovery.${string}` | `secrets.${string}`> & {
  readonly discovery: DiscoverySettings;
  readonly secrets: SecretsSettings;
};

/** Which commands may be run for secrets. */
export interface SecretsSettings {
  readonly allowExec: SettingValues['secrets.allowExec'];
  readonly exec: SettingValues['secrets.exec'];
}

/** The settings of discovery. */
export interface DiscoverySettings {
  readonly trust: SettingValues['discovery.trust'];
  readonly endpoints: SettingValues['discovery.endpoints'];
  readonly mdns: SettingValues['discovery.mdns'];
  readonly beacon: SettingValues['discovery.beacon'];
  readonly containerHosts: SettingValues['discovery.containerHosts'];
}

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
    logFormat: pick('logFormat'),
    strict: pick('strict'),
    'discovery.trust': pick('discovery.trust'),
    'discovery.endpoints': pick('discovery.endpoints'),
    'discovery.mdns': pick('discovery.mdns'),
    'discovery.beacon': pick('discovery.beacon'),
    'discovery.containerHosts': pick('discovery.containerHosts'),
    'secrets.allowExec': pick('secrets.allowExec'),
    'secrets.exec': pick('secrets.exec'),
    exchange: pick('exchange'),
    oauth: pick('oauth'),
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
      logFormat: chosen.logFormat.value,
      strict: chosen.strict.value,
      token: chosen.token.value,
      exchange: chosen.exchange.value,
      oauth: chosen.oauth.value,
      secrets: { allowExec: chosen['secrets.allowExec'].value, exec: chosen['secrets.exec'].value },
      discovery: {
        trust: chosen['discovery.trust'].value,
        endpoints: chosen['discovery.endpoints'].value,
        mdns: chosen['discovery.mdns'].value,
        beacon: chosen['discovery.beacon'].value,
        containerHosts: chosen['discovery.containerHosts'].value,
      },
    },
    origins: {
      host: chosen.host.origin,
      port: chosen.port.origin,
      socket: chosen.socket.origin,
      defaultModel: chosen.defaultModel.origin,
      modelsJson: chosen.modelsJson.origin,
      minContextWindow: chosen.minContextWindow.origin,
      logLevel: chosen.logLevel.origin,
      logFormat: chosen.logFormat.origin,
      strict: chosen.strict.origin,
      'discovery.trust': chosen['discovery.trust'].origin,
      'discovery.endpoints': chosen['discovery.endpoints'].origin,
      'discovery.mdns': chosen['discovery.mdns'].origin,
      'discovery.beacon': chosen['discovery.beacon'].origin,
      'discovery.containerHosts': chosen['discovery.containerHosts'].origin,
      'secrets.allowExec': chosen['secrets.allowExec'].origin,
      'secrets.exec': chosen['secrets.exec'].origin,
      exchange: chosen.exchange.origin,
      oauth: chosen.oauth.origin,
      token: chosen.token.origin,
    },
  };
}
