/** What a short command loads before it does anything: agents call them often, and loading is most of their time. */
import { expect, it } from 'vitest';
import { closureOf } from '../helpers/loaded-files.ts';

it.each(['status', 'exec', 'env', 'token'])(
  '"start to listening … and each short command": %s, which talks to the server, loads nothing that computes answers',
  (command) => {
    const { files, packages } = closureOf(`commands/${command}.ts`);
    expect(
      files.filter((file) => /^(?:preparation|discovery|resolution|settings|validation)/.test(file)),
    ).toEqual([]);
    expect(packages.filter((name) => !name.startsWith('node:'))).toEqual(['zod']);
  },
);

it.each(['resolve', 'auth', 'aws-credential-process', 'listings'])(
  '%s, which logs nothing, loads neither the log nor the server',
  (command) => {
    const { files, packages } = closureOf(`commands/${command}.ts`);
    expect(files).toContain('preparation/preparation.ts');
    expect(files).not.toContain('server.ts');
    expect(packages.filter((name) => !name.startsWith('node:')).sort()).toEqual(['json5', 'zod']);
  },
);
