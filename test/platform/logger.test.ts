/** The log: one line per event in either format, and no secret in any of them. */
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { createLogger, type LoggerOptions } from '../../src/platform/create-logger.ts';
import type { Logger } from '../../src/platform/logger.ts';

const CANARY = 'sk-canary-0123456789';

/** A logger whose lines are kept. */
function logInto(options: Partial<LoggerOptions> = {}): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', format: 'json', write: (line) => lines.push(line), ...options });
  return { log, lines };
}

function errorWith(text: string): Error {
  return new Error(`answer was ${text}`, { cause: new Error(`because of ${text}`) });
}

describe('the json format', () => {
  it('is one JSON object per line with time, level, message and fields', () => {
    const { log, lines } = logInto();
    log.info('Listening', { url: 'http://127.0.0.1:1', nested: { a: [1] } });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      msg: 'Listening',
      url: 'http://127.0.0.1:1',
      nested: { a: [1] },
    });
  });
});

describe('the pretty format', () => {
  it('is time, level, message and fields', () => {
    const { log, lines } = logInto({ format: 'pretty' });
    log.warn('Ollama is down', { url: 'http://127.0.0.1:11434', note: 'two words', count: 2, odd: 'a=b' });
    expect(lines).toEqual([
      expect.stringMatching(
        /^\d\d:\d\d:\d\d warn  Ollama is down url=http:\/\/127\.0\.0\.1:11434 note="two words" count=2 odd="a=b"\n$/,
      ),
    ]);
  });

  it('a list is told item by item', () => {
    const { log, lines } = logInto({ format: 'pretty' });
    log.warn('No model', { hints: ['Start one', 'Or name one'] });
    expect(lines).toEqual([expect.stringMatching(/No model hints=\["Start one", "Or name one"\]\n$/)]);
  });

  it('has no colour unless it is asked for', () => {
    const { log, lines } = logInto({ format: 'pretty', level: 'debug' });
    const coloured = logInto({ format: 'pretty', level: 'debug', colour: true });
    for (const level of ['error', 'warn', 'info', 'debug'] as const) {
      log[level]('message', { a: 1 });
      coloured.log[level]('message', { a: 1 });
    }
    expect(lines).toHaveLength(4);
    expect(lines.filter((line) => line.includes('\u001b'))).toEqual([]);
    expect(coloured.lines.filter((line) => line.includes('\u001b'))).toHaveLength(4);
  });

  it('property: stays one line without control characters, whatever is logged', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', ' ', '\n', '\r', '\u001b', '\u009b', '\u2028', '"', '='),
    });
    fc.assert(
      fc.property(text, text, (message, value) => {
        const { log, lines } = logInto({ format: 'pretty' });
        log.info(message, { [`key${value}`]: value, err: new Error(value) });
        expect(lines).toHaveLength(1);
        expect(lines[0]?.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Zl}]/u);
      }),
    );
  });
});

describe.each(['json', 'pretty'] as const)('no secret in the %s format', (format) => {
  it('"a value scrubber guards the log": in message, field, nested field, key and error', () => {
    const { log, lines } = logInto({ format, secrets: () => [CANARY] });
    log.error(`failed with ${CANARY}`, {
      plain: CANARY,
      inside: `Bearer ${CANARY};`,
      nested: { deep: [{ value: CANARY }] },
      [CANARY]: 'as a key',
      err: errorWith(CANARY),
      printed: inspect(errorWith(CANARY)),
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain(CANARY);
    expect(lines[0]).toContain('failed with [secret]');
    expect(lines[0]).toContain('Bearer [secret];');
    expect(lines[0]).toContain('answer was [secret]');
  });

  it('strikes out a secret with characters that JSON escapes', () => {
    const odd = 'pa"ss\\word-0123456789';
    const { log, lines } = logInto({ format, secrets: () => [odd] });
    log.info(`with ${odd}`, { field: odd, spaced: `a ${odd}`, quoted: JSON.stringify({ odd }) });
    expect(lines[0]).not.toContain('0123456789');
    expect(lines[0]).not.toContain('word');
  });

  it('keeps the line whole when a secret ends in a character that JSON escapes', () => {
    const { log, lines } = logInto({ format, secrets: () => ['ends-in-quote"', 'ends-in-slash\\'] });
    log.info('x', { a: 'ends-in-quote', b: 'ends-in-slash\\', c: 'last' });
    expect(lines[0]).toMatch(format === 'json' ? /"b":"\[secret\]","c":"last"/ : /b=\[secret\] c=last\n$/);
    expect(lines[0]).toContain('ends-in-quote');
  });

  it('strikes out the whole of a secret that begins with another', () => {
    const longer = `${CANARY}-and-the-rest`;
    const { log, lines } = logInto({ format, secrets: () => [CANARY, longer] });
    log.info(longer, { field: longer });
    expect(lines[0]).not.toContain('rest');
  });

  it('asks for the secrets at each line, so one that came later is struck out too', () => {
    const secrets = new Set<string>();
    const { log, lines } = logInto({ format, secrets: () => secrets });
    log.info('first');
    secrets.add(CANARY);
    log.info(CANARY);
    expect(lines.join('')).not.toContain(CANARY);
  });

  it('leaves words alone that are too short to be a secret', () => {
    const { log, lines } = logInto({ format, secrets: () => ['', 'a', 'ollama'] });
    log.info('ollama is up');
    expect(lines[0]).toContain('ollama is up');
  });

  it('"pino’s redaction behind it": a field named as one is never shown, known value or not', () => {
    const { log, lines } = logInto({ format });
    const fields = {
      apiKey: CANARY,
      token: CANARY,
      authorization: CANARY,
      headers: { authorization: CANARY },
    };
    log.info('flat', fields);
    log.info('nested', { request: fields });
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).not.toContain(CANARY);
  });

  it('a Secret prints as [secret]', () => {
    const { log, lines } = logInto({ format });
    log.info('x', { value: new Secret(CANARY), list: [new Secret(CANARY)] });
    expect(lines[0]).toContain('[secret]');
    expect(lines[0]).not.toContain(CANARY);
  });
});

describe('the level', () => {
  it.each([
    ['silent', []],
    ['error', ['error']],
    ['warn', ['error', 'warn']],
    ['info', ['error', 'warn', 'info']],
    ['debug', ['error', 'warn', 'info', 'debug']],
  ] as const)('%s writes %j', (level, written) => {
    const set = logInto({ level: 'info' });
    set.log.setLevel(level);
    for (const { log, lines } of [logInto({ level }), set]) {
      for (const name of ['error', 'warn', 'info', 'debug'] as const) log[name](name);
      expect(lines.map((line) => /"msg":"(\w+)"/.exec(line)?.[1])).toEqual(written);
    }
  });
});

describe('a line that is repeated', () => {
  const fields = { provider: 'acme', profile: null };

  it.each(['json', 'pretty'] as const)(
    'is the same line as any other, with the time of each writing (%s)',
    (format) => {
      const { log, lines } = logInto({ format });
      const repeat = log.repeated('Credential handed out', fields);
      expect(lines).toEqual([]);
      log.info('Credential handed out', fields);
      repeat();
      repeat();
      expect(lines).toHaveLength(3);
      const timeless = lines.map((line) =>
        line.replaceAll(/\d\d:\d\d:\d\d(?:\.\d{3}Z)?|\d{4}-\d\d-\d\dT/g, ''),
      );
      expect(new Set(timeless).size).toBe(1);
      if (format === 'json') expect(JSON.parse(lines[1] ?? '')).toMatchObject(fields);
      const times = lines.map((line) => /\d\d:\d\d:\d\d/.exec(line)?.[0]);
      expect(times).not.toContain('00:00:00');
    },
  );

  it('goes where lines may wait, is silent where info is, and holds no secret', () => {
    const soon: string[] = [];
    const { log, lines } = logInto({ writeSoon: (line) => soon.push(line), secrets: () => [CANARY] });
    const repeat = log.repeated('handed out', { source: `env: ${CANARY}` });
    repeat();
    log.setLevel('warn');
    repeat();
    expect(lines).toEqual([]);
    expect(soon).toHaveLength(1);
    expect(soon[0]).toContain('env: [secret]');
  });
});

it('takes another format while it runs', () => {
  const { log, lines } = logInto({ format: 'json' });
  log.setFormat('pretty');
  log.info('hello');
  expect(lines).toEqual([expect.stringMatching(/^\d\d:\d\d:\d\d info {2}hello\n$/)]);
});
