/**
 * The log: one line per event, readable on a terminal and JSON elsewhere, with every revealed secret
 * struck out before a line leaves the process.
 */
import { styleText } from 'node:util';
import { pino } from 'pino';
import { isRecord } from '../domain/record.ts';
import { escapeControlCharacters } from '../domain/untrusted-text.ts';

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** Facts beside a message: flat, no secrets. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** From now on only lines of this level or a graver one are written. */
  setLevel(level: LogLevel): void;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `text` for a terminal, `json` for everything else. */
  readonly format: 'text' | 'json';
  /** Colours in the `text` format. @default false */
  readonly colour?: boolean;
  readonly write: (line: string) => void;
  /** Values that must never be printed, asked at each line. */
  readonly secrets?: () => Iterable<string>;
}

/** Builds the log. */
export function createLogger(options: LoggerOptions): Logger {
  const { format, colour = false, write } = options;
  const destination = {
    write(line: string): void {
      const clean = strikeOut(line, options.secrets?.() ?? []);
      write(format === 'json' ? clean : toText(clean, colour));
    },
  };
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: [
        'apiKey',
        'token',
        'authorization',
        '*.apiKey',
        '*.token',
        '*.authorization',
        '*.headers.authorization',
      ],
    },
    destination,
  );
  return {
    error: (message, fields) => log.error(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    debug: (message, fields) => log.debug(fields ?? {}, message),
    setLevel(level) {
      log.level = level;
    },
  };
}

/** Removes the secrets from a JSON line, where each stands as JSON writes it; it stays valid JSON. */
function strikeOut(line: string, secrets: Iterable<string>): string {
  const spellings = [...secrets].flatMap((secret) => {
    if (secret.length < 8) return [];
    const once = escapedInJson(secret);
    // Twice: text that quotes foreign text, which held the secret.
    return [once, escapedInJson(once)];
  });
  // The longest first: a secret that begins with another one must not leave its end behind.
  const longestFirst = spellings.sort((a, b) => b.length - a.length);
  return longestFirst.reduce((clean, spelling) => clean.replaceAll(spelling, '[secret]'), line);
}

function escapedInJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** A logger that says nothing. */
export const silentLogger: Logger = { error() {}, warn() {}, info() {}, debug() {}, setLevel() {} };

const COLOURS = { error: 'red', warn: 'yellow', info: 'green', debug: 'gray' } as const;

function isColoured(level: unknown): level is keyof typeof COLOURS {
  return typeof level === 'string' && Object.hasOwn(COLOURS, level);
}

/** `12:00:01 warn  message  key=value`, from the JSON line. */
function toText(line: string, colour: boolean): string {
  const entry: unknown = JSON.parse(line);
  if (!isRecord(entry)) return line;
  const { level, time, msg, ...fields } = entry;
  const label = String(level).padEnd(5);
  const coloured =
    colour && isColoured(level) ? styleText(COLOURS[level], label, { validateStream: false }) : label;
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${formatField(value)}`);
  const text = escapeControlCharacters(`${String(msg)}${rest.join('')}`);
  return `${String(time).slice(11, 19)} ${coloured} ${text}\n`;
}

function formatField(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
