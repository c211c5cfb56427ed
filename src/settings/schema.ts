/** This program's own settings: what they are, what each may be, and which flag and variable set it. */
import * as z from 'zod';
import type { ExchangeSettings } from '../domain/exchange.ts';
import { isLoopbackHost } from '../domain/loopback.ts';
import type { OAuthClients } from '../domain/oauth-client.ts';
import { RUNTIME_IDS, type RuntimeId } from '../domain/provider-id.ts';
import type { Secret } from '../domain/secret.ts';
import { hasControlCharacters } from '../domain/untrusted-text.ts';
import { LOG_FORMATS, type LogFormat, type LogLevel } from '../platform/logger.ts';
import { exchangeFields, exchangeProviders } from './exchange-settings.ts';
import { OAUTH_CLIENT_KEYS, oauthFields } from './oauth-settings.ts';

/** A place where the operator says that a runtime answers. */
export interface ConfiguredEndpoint {
  /** An http or https URL without user name and password; a path is where the runtime's API begins. */
  readonly url: string;
  /** The runtime that is expected there; it still has to identify itself. */
  readonly runtime?: RuntimeId | undefined;
  /** Name of the provider for people. */
  readonly name?: string | undefined;
}

/** Whether mDNS is browsed, and for what. */
export interface MdnsSettings {
  readonly enabled: boolean;
  /** Service types, for example `_ollama._tcp`. */
  readonly serviceTypes: readonly string[];
}

/** A program that may be asked for secrets. */
export interface SecretExecSettings {
  /** The name by which a reference means it: its `provider`. */
  readonly alias: string;
  /** Absolute path; in the file it may begin with `~/`. */
  readonly command: string;
  readonly args: readonly string[];
}

/** Every setting by its key, as it is named in `origins`. */
export interface SettingValues {
  /** Loopback address to listen on. @default '127.0.0.1' */
  readonly host: string;
  /** 0 lets the system choose; null: no port, only the Unix socket. @default 18780 */
  readonly port: number | null;
  /** Absolute path of a Unix socket to listen on, or null. @default null */
  readonly socket: string | null;
  /** Model reference or alias; beats the operator's config. @default null */
  readonly defaultModel: string | null;
  /** Absolute path of models.json. @default <state>/sidecar/models.json */
  readonly modelsJson: string;
  /** Tokens that the default model's context window must have; 0 switches the check off. @default 16000 */
  readonly minContextWindow: number;
  /** @default 'info' */
  readonly logLevel: LogLevel;
  /** Null: `pretty` on a terminal, `json` elsewhere. @default null */
  readonly logFormat: LogFormat | null;
  /** True: a context window that is too small stops the start. @default false */
  readonly strict: boolean;
  /** Hosts of the network that discovery may ask and write. @default [] */
  readonly 'discovery.trust': readonly string[];
  /** Places to look at besides the default ones. @default [] */
  readonly 'discovery.endpoints': readonly ConfiguredEndpoint[];
  /** Hosts that announce themselves by mDNS become candidates. @default off */
  readonly 'discovery.mdns': MdnsSettings;
  /** Hosts that Lemonade's beacon names become candidates. @default false */
  readonly 'discovery.beacon': boolean;
  /** In a container or WSL, the machine around it becomes a candidate. @default false */
  readonly 'discovery.containerHosts': boolean;
  /** True: the commands under `secrets.exec` may be run. @default false */
  readonly 'secrets.allowExec': boolean;
  /** Commands that references to secrets may name by their aliases. @default [] */
  readonly 'secrets.exec': readonly SecretExecSettings[];
  /** Providers whose key an AWS identity is exchanged for, by id. @default none */
  readonly exchange: Readonly<Record<string, ExchangeSettings>>;
  /** Providers to log in to, by id. @default none */
  readonly oauth: OAuthClients;
  /** The token that callers must show; null: the stored one. Settable by variable only. @default null */
  readonly token: Secret | null;
}

/** The key of a setting. */
export type SettingKey = keyof SettingValues;

/** What each setting may be set by, besides sidecar.json5. */
export const SETTING_NAMES = {
  host: { flag: '--host', variable: 'PROVIDER_SIDECAR_HOST' },
  port: { flag: '--port', variable: 'PROVIDER_SIDECAR_PORT' },
  socket: { flag: '--socket', variable: 'PROVIDER_SIDECAR_SOCKET' },
  defaultModel: { flag: '--default-model', variable: 'PROVIDER_SIDECAR_DEFAULT_MODEL' },
  modelsJson: { flag: '--models-json', variable: 'PROVIDER_SIDECAR_MODELS_JSON' },
  minContextWindow: { flag: '--min-context-window' },
  logLevel: { flag: '--log-level', variable: 'PROVIDER_SIDECAR_LOG_LEVEL' },
  logFormat: { flag: '--log-format', variable: 'PROVIDER_SIDECAR_LOG_FORMAT' },
  strict: { flag: '--strict' },
  token: { variable: 'PROVIDER_SIDECAR_TOKEN' },
} as const;

/** Levels of the log, quietest first. */
const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const satisfies readonly LogLevel[];

const PORT_RULE = 'must be a whole number from 0 to 65535, or "none"';

const noPort = z.literal('none').transform(() => null);
const TOKENS_RULE = 'must be a whole number of tokens, 0 or more';

const text = z
  .string('must be a string')
  .trim()
  .min(1, 'must not be empty')
  .refine((value) => !hasControlCharacters(value), 'must not hold control characters');

const URL_RULE = 'must be an http or https URL';

const runtimeUrl = text
  .refine((value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol), URL_RULE)
  // Checked apart, so that the password is not part of any message.
  .refine((value) => !hasUserInfo(value), 'must not hold a user name or password');

function hasUserInfo(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { username, password } = new URL(value);
  return username !== '' || password !== '';
}

const endpointFields = z.strictObject(
  {
    url: runtimeUrl,
    runtime: z.enum(RUNTIME_IDS, `must be one of ${RUNTIME_IDS.join(', ')}`).optional(),
    name: text.max(80, 'must not be longer than 80 characters').optional(),
  },
  'must be a URL, or an object with url',
);

const SERVICE_TYPE_RULE = 'must be a service type like _ollama._tcp';

const mdnsFields = z.strictObject(
  {
    enabled: z.boolean('must be true or false').optional(),
    serviceTypes: z
      .array(
        z
          .string(SERVICE_TYPE_RULE)
          .regex(/^_[a-z0-9][a-z0-9-]{0,13}[a-z0-9]?\._(?:tcp|udp)$/i, SERVICE_TYPE_RULE),
        'must be a list of service types',
      )
      .max(16, 'must not hold more than 16 service types')
      .optional(),
  },
  'must be an object',
);

/** What is browsed for where the settings name nothing. */
export const DEFAULT_SERVICE_TYPES = [
  '_ollama._tcp',
  '_lmstudio._tcp',
  '_llamacpp._tcp',
  '_vllm._tcp',
  '_llm._tcp',
  '_openai._tcp',
] as const;

/** Rules of the values, as sidecar.json5 writes them. */
const settingFields = {
  host: text
    .refine(isLoopbackHost, 'must be a loopback address (127.0.0.1, ::1, localhost): only loopback is served')
    .transform((host) => host.replace(/^\[|\]$/g, '')),
  port: z.union([z.int(PORT_RULE).min(0, PORT_RULE).max(65_535, PORT_RULE), noPort], PORT_RULE),
  socket: text,
  defaultModel: text,
  modelsJson: text,
  minContextWindow: z.int(TOKENS_RULE).min(0, TOKENS_RULE),
  logLevel: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`),
  logFormat: z.enum(LOG_FORMATS, `must be one of ${LOG_FORMATS.join(', ')}`),
  strict: z.boolean('must be true or false'),
  trust: z.array(text, 'must be a list of URLs'),
  endpoints: z
    .array(
      // A string is the short form of an object with nothing but a URL.
      z.preprocess((value) => (typeof value === 'string' ? { url: value } : value), endpointFields),
      'must be a list of URLs or objects',
    )
    .max(64, 'must not hold more than 64 endpoints'),
} as const;

/** The same rules for the texts that flags and variables are. */
export const settingTexts = {
  ...settingFields,
  port: z.union(
    [
      z
        .string()
        .regex(/^\d{1,5}$/)
        .transform(Number)
        .pipe(z.int(PORT_RULE).max(65_535, PORT_RULE)),
      noPort,
    ],
    PORT_RULE,
  ),
  minContextWindow: z
    .string()
    .regex(/^\d{1,12}$/, TOKENS_RULE)
    .transform(Number)
    .pipe(settingFields.minContextWindow),
  token: z
    .string()
    .regex(/^[\x21-\x7e]{32,}$/, 'must be at least 32 visible ASCII characters, without spaces'),
} as const;

const discoveryFields = z.strictObject(
  {
    trust: settingFields.trust.optional(),
    endpoints: settingFields.endpoints.optional(),
    mdns: mdnsFields.optional(),
    beacon: z.boolean('must be true or false').optional(),
    containerHosts: z.boolean('must be true or false').optional(),
  },
  'must be an object',
);

const COMMAND_RULE = 'must be an absolute path, or begin with "~/"';

const secretExecFields = z.strictObject(
  {
    alias: text.regex(
      /^[a-z][a-z0-9_-]{0,63}$/,
      'must be an alias like "vault": lower-case letters, digits, - and _',
    ),
    command: text.regex(/^(?:\/|~\/)/, COMMAND_RULE),
    args: z
      .array(
        z
          .string('must be a string')
          .refine((value) => !hasControlCharacters(value), 'must not hold control characters'),
        'must be a list of strings',
      )
      .default([]),
  },
  'must be an object with alias and command',
);

const secretsFields = z.strictObject(
  {
    allowExec: z.boolean('must be true or false').optional(),
    exec: z
      .array(secretExecFields, 'must be a list of objects')
      .max(32, 'must not hold more than 32')
      .optional(),
  },
  'must be an object',
);

/** sidecar.json5. Unknown keys are errors: a misspelt setting must not be ignored in silence. */
export const settingsFile = z.strictObject(
  {
    host: settingFields.host.optional(),
    port: settingFields.port.optional(),
    socket: settingFields.socket.optional(),
    defaultModel: settingFields.defaultModel.optional(),
    modelsJson: settingFields.modelsJson.optional(),
    minContextWindow: settingFields.minContextWindow.optional(),
    logLevel: settingFields.logLevel.optional(),
    logFormat: settingFields.logFormat.optional(),
    strict: settingFields.strict.optional(),
    discovery: discoveryFields.optional(),
    secrets: secretsFields.optional(),
    exchange: exchangeProviders.optional(),
    oauth: oauthFields.optional(),
  },
  'must be an object',
);

/** The settings as sidecar.json5 has them. */
export type SettingsFile = z.infer<typeof settingsFile>;

/** The keys that sidecar.json5 may have at a path, for suggestions about a misspelt one. */
export function keysAt(path: readonly string[]): readonly string[] {
  const [first, second] = path;
  if (first === undefined) return Object.keys(settingsFile.shape);
  if (first === 'secrets') return Object.keys((second === 'exec' ? secretExecFields : secretsFields).shape);
  if (first === 'exchange' && second !== undefined) return Object.keys(exchangeFields.shape);
  if (first === 'oauth') return second === undefined ? [] : OAUTH_CLIENT_KEYS;
  if (first !== 'discovery') return [];
  if (second === undefined) return Object.keys(discoveryFields.shape);
  if (second === 'mdns') return Object.keys(mdnsFields.shape);
  return second === 'endpoints' ? Object.keys(endpointFields.shape) : [];
}
