/**
 * The log: one line per event, readable on a terminal and JSON elsewhere, with every revealed secret
 * struck out before a line leaves the process.
 */
import { styleText } from 'node:util';
import { pino } from 'pino';
import { toIso } from './clock.ts';
import { isRecord } from '../domain/record.ts';
import { escapeControlCharacters } from '../domain/untrusted-text.ts';
import type { LogFormat, Logger, LogLevel } from './logger.ts';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Until it is set otherwise. */
  readonly format: LogFormat;
  /** Colours in the `pretty` format. @default false */
  readonly colour?: boolean;
  readonly write: (line: string) => void;
  /** The same for lines of which there may be very many; keeps their order among all lines. @default write */
  readonly writeSoon?: (line: string) => void;
  /** Values that must never be printed, asked at each line. */
  readonly secrets?: () => Iterable<string>;
}

/** Builds the log. */
export function createLogger(options: LoggerOptions): Logger {
  const { colour = false, write, writeSoon = write } = options;
  let { format } = options;
  /** A line as it leaves the process. */
  const toOutput = (line: string): string => {
    const clean = strikeOut(line, options.secrets?.() ?? []);
    return format === 'json' ? clean : toText(clean, colour);
  };
  const destination = { write: (line: string) => write(toOutput(line)) };
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
    repeated(message, fields) {
      const line = JSON.stringify({ level: 'info', time: NO_TIME, ...fields, msg: message });
      const output = toOutput(`${line}\n`);
      const [from, to] = format === 'json' ? ([0, NO_TIME.length] as const) : CLOCK;
      const written = NO_TIME.slice(from, to);
      const at = output.indexOf(written);
      const [head, tail] = [output.slice(0, at), output.slice(at + written.length)];
      let latest = { at: Number.NaN, line: '' };
      return () => {
        if (!log.isLevelEnabled('info')) return;
        const now = Date.now();
        // Many leave within one millisecond, and a time costs more to write than a line.
        if (now !== latest.at) latest = { at: now, line: `${head}${toIso(now).slice(from, to)}${tail}` };
        writeSoon(latest.line);
      };
    },
    setLevel(level) {
      log.level = level;
    },
    setFormat(wanted) {
      format = wanted;
    },
  };
}

/** Stands where a line's time will be: as long as every time, and in no other text. */
const NO_TIME = '0000-00-00T00:00:00.000Z';

/** Where the time of day stands in a time. */
const CLOCK = [11, 19] as const;

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
  return `${String(time).slice(...CLOCK)} ${coloured} ${text}\n`;
}

function formatField(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
