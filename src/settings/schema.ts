/** This program's own settings: what they are, what each may be, and which flag and variable set it. */
import * as z from 'zod';
import { isLoopbackHost } from '../domain/loopback.ts';
import type { Secret } from '../domain/secret.ts';
import { hasControlCharacters } from '../domain/untrusted-text.ts';
import type { LogLevel } from '../platform/logger.ts';

/** Every setting by its key, as it is named in `origins`. */
export interface SettingValues {
  /** Loopback address to listen on. @default '127.0.0.1' */
  readonly host: string;
  /** 0 lets the system choose. @default 18780 */
  readonly port: number;
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
  /** True: a context window that is too small stops the start. @default false */
  readonly strict: boolean;
  /** Hosts of the network that discovery may ask and write. @default [] */
  readonly 'discovery.trust': readonly string[];
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
  strict: { flag: '--strict' },
  token: { variable: 'PROVIDER_SIDECAR_TOKEN' },
} as const;

/** Levels of the log, quietest first. */
const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const satisfies readonly LogLevel[];

const PORT_RULE = 'must be a whole number from 0 to 65535';
const TOKENS_RULE = 'must be a whole number of tokens, 0 or more';

const text = z
  .string('must be a string')
  .trim()
  .min(1, 'must not be empty')
  .refine((value) => !hasControlCharacters(value), 'must not hold control characters');

/** Rules of the values, as sidecar.json5 writes them. */
const settingFields = {
  host: text
    .refine(isLoopbackHost, 'must be a loopback address (127.0.0.1, ::1, localhost): only loopback is served')
    .transform((host) => host.replace(/^\[|\]$/g, '')),
  port: z.int(PORT_RULE).min(0, PORT_RULE).max(65_535, PORT_RULE),
  socket: text,
  defaultModel: text,
  modelsJson: text,
  minContextWindow: z.int(TOKENS_RULE).min(0, TOKENS_RULE),
  logLevel: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`),
  strict: z.boolean('must be true or false'),
  trust: z.array(text, 'must be a list of URLs'),
} as const;

/** The same rules for the texts that flags and variables are. */
export const settingTexts = {
  ...settingFields,
  port: z
    .string()
    .regex(/^\d{1,5}$/, PORT_RULE)
    .transform(Number)
    .pipe(settingFields.port),
  minContextWindow: z
    .string()
    .regex(/^\d{1,12}$/, TOKENS_RULE)
    .transform(Number)
    .pipe(settingFields.minContextWindow),
  token: z
    .string()
    .regex(/^[\x21-\x7e]{32,}$/, 'must be at least 32 visible ASCII characters, without spaces'),
} as const;

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
    strict: settingFields.strict.optional(),
    discovery: z.strictObject({ trust: settingFields.trust.optional() }, 'must be an object').optional(),
  },
  'must be an object',
);

/** The settings as sidecar.json5 has them. */
export type SettingsFile = z.infer<typeof settingsFile>;
