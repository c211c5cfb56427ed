/** What a log is, for everything that writes to one. What makes one stands in `create-logger.ts`, with its package. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** `pretty` for people, `json` for everything else. */
export const LOG_FORMATS = ['json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Facts beside a message: flat, no secrets. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /**
   * Prepares an `info` line that is written often and differs in its time alone. It is made and cleaned once, so
   * each writing costs next to nothing; it may reach the output a moment later, still in order.
   *
   * @returns writes the line with the time of the call
   */
  repeated(message: string, fields: LogFields): () => void;
  /** From now on only lines of this level or a graver one are written. */
  setLevel(level: LogLevel): void;
  /** From now on lines look like this. */
  setFormat(format: LogFormat): void;
}

/** A logger that says nothing. */
export const silentLogger: Logger = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  repeated: () => () => {},
  setLevel() {},
  setFormat() {},
};
