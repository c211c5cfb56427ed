/** Loads this program's settings: a flag beats a variable beats sidecar.json5 beats the default. */
import { basename, dirname } from 'node:path';
import type * as z from 'zod';
import { idOfToken } from '../domain/caller-token.ts';
import type { Problem } from '../domain/errors.ts';
import { NO_OAUTH_CLIENTS } from '../domain/oauth-client.ts';
import { nearest } from '../domain/nearest.ts';
import { Secret } from '../domain/secret.ts';
import { escapeControlCharacters, quoteUntrusted } from '../domain/untrusted-text.ts';
import { fileRemedy } from '../platform/file-remedies.ts';
import type { readTextFile } from '../platform/files.ts';
import { findDuplicateJson5Key, placeOfJson5Key } from '../platform/json5-keys.ts';
import { describeSyntaxError, parseJson5 } from '../platform/json5-text.ts';
import { type Environment, expandPath, type Paths, variable } from '../platform/paths.ts';
import { withAbsoluteFiles } from './exchange-settings.ts';
import {
  type FullLayer,
  type Layered,
  type MergedSettings,
  mergeLayers,
  type SettingsLayer,
} from './layers.ts';
import {
  DEFAULT_SERVICE_TYPES,
  keysAt,
  SETTING_NAMES,
  settingsFile,
  type SettingsFile,
  settingTexts,
} from './schema.ts';

/** Flags as the command line has them, unparsed. */
export interface SettingsFlags {
  readonly host?: string;
  readonly port?: string;
  readonly socket?: string;
  readonly defaultModel?: string;
  readonly modelsJson?: string;
  readonly minContextWindow?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
  readonly strict?: boolean;
}

/** What loading needs. */
export interface SettingsInput {
  readonly flags: SettingsFlags;
  readonly env: Environment;
  readonly paths: Pick<Paths, 'home' | 'settings' | 'modelsJson'>;
  /** Folder that relative paths in flags are meant from. @default paths.home */
  readonly cwd?: string;
  readonly readTextFile: typeof readTextFile;
}

/** The settings with the origin of each, or everything that is wrong with them in one problem. */
export type SettingsLoad =
  | ({ readonly kind: 'loaded' } & MergedSettings)
  | { readonly kind: 'broken'; readonly problem: Problem };

/** Loads the settings. Every place is checked, also where a stronger one overrides it. */
export async function loadSettings(input: SettingsInput): Promise<SettingsLoad> {
  const { flags, env, paths } = input;
  const faults: string[] = [];
  const remedies: string[] = [];
  const file = await readSettingsFile(paths.settings, input.readTextFile, faults, remedies);
  const layers = [
    {
      ...textLayer(flagSource(flags), paths.home, input.cwd ?? paths.home, faults),
      strict:
        flags.strict === true ? { value: true, origin: `flag ${SETTING_NAMES.strict.flag}` } : undefined,
    },
    textLayer(variableSource(env), paths.home, paths.home, faults),
    fileLayer(file, paths),
  ];
  if (faults.length > 0) {
    const hints = faults.some((fault) => fault.includes(basename(paths.settings)))
      ? [remedies[0] ?? `Mend ${paths.settings}`]
      : ['Correct the flag or the variable; all of them are in docs/configuration.md'];
    return { kind: 'broken', problem: { code: 'config-invalid', detail: faults.join('; '), hints } };
  }
  return { kind: 'loaded', ...mergeLayers(layers, defaultLayer(paths)) };
}

async function readSettingsFile(
  path: string,
  read: typeof readTextFile,
  faults: string[],
  remedies: string[],
): Promise<SettingsFile> {
  const file = await read(path, { maxBytes: 1024 * 1024, refuseDeadLink: true });
  const fail = (detail: string): SettingsFile => {
    faults.push(detail);
    return {};
  };
  if (file.kind === 'missing') return {};
  if (file.kind === 'refused') {
    remedies.push(fileRemedy(path, file.reason));
    return fail(file.detail);
  }
  const parsed = parseJson5(file.text);
  if (parsed.kind === 'invalid') return fail(`${path} is not valid JSON5: ${describeSyntaxError(parsed)}`);
  const doubled = findDuplicateJson5Key(file.text);
  if (doubled !== undefined)
    return fail(`${path} has the key ${quoteUntrusted(doubled)} twice in one object`);
  const checked = settingsFile.safeParse(parsed.value);
  if (checked.success) return checked.data;
  const describe = (issue: z.core.$ZodIssue): string[] => describeIssue(issue, basename(path), file.text);
  return fail(checked.error.issues.flatMap(describe).join('; '));
}

function describeIssue(issue: z.core.$ZodIssue, file: string, text: string): string[] {
  const path = issue.path.map(String);
  const at = (keys: readonly string[]): string => {
    const place = placeOfJson5Key(text, keys);
    return place === undefined ? '' : ` at line ${place.line}, column ${place.column}`;
  };
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const [near] = nearest(key, keysAt(path), 1);
      const suggestion = near === undefined ? '' : ` (did you mean "${near}"?)`;
      return `Unknown key ${quoteUntrusted([...path, key].join('.'))} in ${file}${suggestion}${at([...path, key])}`;
    });
  }
  // Ids are keys too, and may be anything.
  const what = path.length === 0 ? '' : `${escapeControlCharacters(path.join('.'))} in `;
  return [`${what}${file} ${issue.message}${at(path)}`];
}

/** A text that somebody set, with the name to put into an error. */
interface GivenText {
  readonly text: string;
  readonly name: string;
  readonly origin: string;
}

/** What a place says for a setting, unparsed. */
type TextSource = (key: keyof typeof SETTING_NAMES) => GivenText | undefined;

function flagSource(flags: SettingsFlags): TextSource {
  const texts: Readonly<Record<string, string | undefined>> = { ...flags, strict: undefined };
  return (key) => {
    const names = SETTING_NAMES[key];
    const text = texts[key];
    if (text === undefined || !('flag' in names)) return undefined;
    return { text, name: names.flag, origin: `flag ${names.flag}` };
  };
}

function variableSource(env: Environment): TextSource {
  return (key) => {
    const names = SETTING_NAMES[key];
    if (!('variable' in names)) return undefined;
    const text = variable(env, names.variable);
    // A token with a name is one that a program was given to ask with; it must not become the server's own.
    if (key === 'token' && text !== undefined && idOfToken(text) !== undefined) return undefined;
    return text === undefined ? undefined : { text, name: names.variable, origin: `env: ${names.variable}` };
  };
}

/** @param base folder that relative paths of this place are meant from */
function textLayer(source: TextSource, home: string, base: string, faults: string[]): SettingsLayer {
  const read = <T>(key: keyof typeof SETTING_NAMES, rule: z.ZodType<T>): Layered<T> | undefined => {
    const given = source(key);
    if (given === undefined) return undefined;
    const parsed = rule.safeParse(given.text);
    if (parsed.success) return { value: parsed.data, origin: given.origin };
    const shown = key === 'token' ? '' : `, not ${quoteUntrusted(given.text)}`;
    faults.push(`${given.name} ${parsed.error.issues[0]?.message ?? 'cannot be used'}${shown}`);
    return undefined;
  };
  const readPath = (key: 'socket' | 'modelsJson'): Layered<string> | undefined => {
    const path = read(key, settingTexts[key]);
    return path && { ...path, value: expandPath(path.value, home, base) };
  };
  const token = read('token', settingTexts.token);
  return {
    host: read('host', settingTexts.host),
    port: read('port', settingTexts.port),
    socket: readPath('socket'),
    defaultModel: read('defaultModel', settingTexts.defaultModel),
    modelsJson: readPath('modelsJson'),
    minContextWindow: read('minContextWindow', settingTexts.minContextWindow),
    logLevel: read('logLevel', settingTexts.logLevel),
    logFormat: read('logFormat', settingTexts.logFormat),
    token: token && { ...token, value: new Secret(token.value) },
  };
}

function fileLayer(file: SettingsFile, paths: SettingsInput['paths']): SettingsLayer {
  const name = basename(paths.settings);
  const at = <T>(key: string, value: T | undefined): Layered<T> | undefined =>
    value === undefined ? undefined : { value, origin: `${name}: ${key}` };
  const atPath = (key: string, value: string | undefined): Layered<string> | undefined =>
    at(key, value === undefined ? undefined : expandPath(value, paths.home, dirname(paths.settings)));
  return {
    host: at('host', file.host),
    port: at('port', file.port),
    socket: atPath('socket', file.socket),
    defaultModel: at('defaultModel', file.defaultModel),
    modelsJson: atPath('modelsJson', file.modelsJson),
    minContextWindow: at('minContextWindow', file.minContextWindow),
    logLevel: at('logLevel', file.logLevel),
    logFormat: at('logFormat', file.logFormat),
    strict: at('strict', file.strict),
    'discovery.trust': at('discovery.trust', file.discovery?.trust),
    'discovery.endpoints': at('discovery.endpoints', file.discovery?.endpoints),
    'discovery.mdns': at(
      'discovery.mdns',
      file.discovery?.mdns && {
        enabled: file.discovery.mdns.enabled ?? false,
        serviceTypes: file.discovery.mdns.serviceTypes ?? DEFAULT_SERVICE_TYPES,
      },
    ),
    'discovery.beacon': at('discovery.beacon', file.discovery?.beacon),
    'discovery.containerHosts': at('discovery.containerHosts', file.discovery?.containerHosts),
    'secrets.allowExec': at('secrets.allowExec', file.secrets?.allowExec),
    oauth: at('oauth', file.oauth),
    'secrets.exec': at(
      'secrets.exec',
      file.secrets?.exec?.map((entry) => ({ ...entry, command: expandPath(entry.command, paths.home) })),
    ),
    exchange: at(
      'exchange',
      file.exchange && withAbsoluteFiles(file.exchange, paths.home, dirname(paths.settings)),
    ),
  };
}

function defaultLayer(paths: SettingsInput['paths']): FullLayer {
  const origin = 'default';
  return {
    host: { value: '127.0.0.1', origin },
    port: { value: 18_780, origin },
    socket: { value: null, origin },
    defaultModel: { value: null, origin },
    modelsJson: { value: paths.modelsJson, origin },
    minContextWindow: { value: 16_000, origin },
    logLevel: { value: 'info', origin },
    logFormat: { value: null, origin },
    strict: { value: false, origin },
    'discovery.trust': { value: [], origin },
    'discovery.endpoints': { value: [], origin },
    'discovery.mdns': { value: { enabled: false, serviceTypes: DEFAULT_SERVICE_TYPES }, origin },
    'discovery.beacon': { value: false, origin },
    'discovery.containerHosts': { value: false, origin },
    'secrets.allowExec': { value: false, origin },
    'secrets.exec': { value: [], origin },
    exchange: { value: {}, origin },
    oauth: { value: NO_OAUTH_CLIENTS, origin },
    token: { value: null, origin },
  };
}
