/** The codes: what each means for an HTTP caller and for a shell, compared in full with the design. */
import { describe, expect, it } from 'vitest';
import {
  ERROR_CODES,
  EXIT,
  factsOf,
  messageOf,
  SidecarError,
  systemCodeOf,
  toSidecarError,
} from '../../src/domain/errors.ts';

/** Section 9 of the design: the codes that an HTTP caller meets. */
const STATUS_OF_DESIGN = {
  'bad-request': 400,
  unauthorized: 401,
  'host-not-allowed': 403,
  'origin-not-allowed': 403,
  'forwarded-not-allowed': 403,
  'scope-not-allowed': 403,
  'unknown-provider': 404,
  'unknown-model': 404,
  'not-found': 404,
  'provider-changed': 409,
  'no-default-model': 409,
  'no-auth': 424,
  'auth-expired': 424,
  'runtime-down': 503,
  'auth-required': 424,
  'config-invalid': 503,
  internal: 500,
};

/** Codes beyond that table: of health, of the command line, of logins and of streams. */
const STATUS_BEYOND = {
  'context-window-too-small': 503,
  'credential-cooling-down': 424,
  'cannot-write': 500,
  'address-in-use': 503,
  'not-running': 503,
  'not-permitted': 403,
  'too-many-readers': 503,
  'reauth-required': 424,
  'credential-source-down': 503,
  'login-failed': 502,
  'login-server-down': 503,
};

/** Section 10: "0 done, 1 the thing asked for failed, 64 usage, 69 …, 73 cannot write, 77 not permitted, 78 …". */
const EXIT_CODE_OF = {
  'bad-request': 64,
  unauthorized: 77,
  'host-not-allowed': 77,
  'origin-not-allowed': 77,
  'forwarded-not-allowed': 77,
  'scope-not-allowed': 77,
  'unknown-provider': 1,
  'unknown-model': 1,
  'not-found': 1,
  'provider-changed': 1,
  'no-default-model': 1,
  'no-auth': 1,
  'auth-expired': 1,
  'auth-required': 1,
  'runtime-down': 69,
  'config-invalid': 78,
  internal: 70,
  'context-window-too-small': 78,
  'credential-cooling-down': 1,
  'cannot-write': 73,
  'address-in-use': 69,
  'not-running': 69,
  'not-permitted': 77,
  'too-many-readers': 69,
  'reauth-required': 1,
  'credential-source-down': 69,
  'login-failed': 1,
  'login-server-down': 69,
};

function column(field: 'status' | 'exitCode'): Record<string, number> {
  return Object.fromEntries(Object.entries(ERROR_CODES).map(([code, facts]) => [code, facts[field]]));
}

describe('error codes', () => {
  it('have the statuses that section 9 lists, and no code is missing from either side', () => {
    expect(column('status')).toEqual({ ...STATUS_OF_DESIGN, ...STATUS_BEYOND });
  });

  it('have the exit codes that section 10 lists', () => {
    expect(column('exitCode')).toEqual(EXIT_CODE_OF);
  });

  it('use "0 done, 1 the thing asked for failed, 64 usage, 69 unavailable, 73 cannot write, 75 try later, 77 not permitted, 78 configuration"', () => {
    expect(EXIT).toEqual({
      ok: 0,
      failed: 1,
      usage: 64,
      unavailable: 69,
      internal: 70,
      cannotWrite: 73,
      tryLater: 75,
      notPermitted: 77,
      config: 78,
    });
  });

  it('each have a title of their own, one line without a full stop', () => {
    const titles = Object.values(ERROR_CODES).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    for (const title of titles) expect(title).toMatch(/^[A-Z][^\n]{5,70}[^.\n]$/);
  });

  it('are looked up whole', () => {
    expect(factsOf('no-auth')).toEqual({ status: 424, exitCode: 1, title: 'No usable credential was found' });
  });
});

describe('SidecarError', () => {
  it('is an error with a code, and says the same as plain data', () => {
    const cause = new Error('disk');
    const error = new SidecarError('cannot-write', 'Cannot write x', ['Free some space'], { cause });
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.message, error.cause]).toEqual(['SidecarError', 'Cannot write x', cause]);
    expect(error.toProblem()).toEqual({
      code: 'cannot-write',
      detail: 'Cannot write x',
      hints: ['Free some space'],
    });
  });

  it('comes back from a problem unchanged', () => {
    const problem = { code: 'no-auth', detail: 'Nothing found', hints: ['Set X'] } as const;
    expect(toSidecarError(problem).toProblem()).toEqual(problem);
  });

  it('has no hints when none are given', () => {
    expect(new SidecarError('internal', 'x').hints).toEqual([]);
  });
});

describe('what was thrown', () => {
  it.each([
    [new Error('plain'), 'plain', undefined],
    [Object.assign(new Error('gone'), { code: 'ENOENT' }), 'gone', 'ENOENT'],
    [Object.assign(new Error('odd'), { code: 7 }), 'odd', undefined],
    ['text', 'text', undefined],
    [undefined, 'undefined', undefined],
    [null, 'null', undefined],
    [{ code: 'ENOENT' }, '[object Object]', undefined],
  ])('%s is told as %s with system code %s', (thrown, message, code) => {
    expect(messageOf(thrown)).toBe(message);
    expect(systemCodeOf(thrown)).toBe(code);
  });
});
