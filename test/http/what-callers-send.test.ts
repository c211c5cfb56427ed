/** "What a caller sent is not repeated where it may be a secret": names of fields and of parameters. */
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readJsonBody } from '../../src/http/json-body.ts';
import { readQuery } from '../../src/http/query.ts';

const KEY = 'sk-proj-0123456789abcdef';

async function refusalOf(body: object): Promise<string> {
  const request = new Request('http://127.0.0.1/', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const read = await readJsonBody(request, z.strictObject({ status: z.number().optional() }));
  return read.kind === 'refused' ? read.response.text() : 'taken';
}

function refusalOfQuery(name: string): string {
  try {
    readQuery(`http://127.0.0.1/v1/resolve?${name}=1`, ['model']);
    return 'taken';
  } catch (error) {
    return String(error);
  }
}

describe('a name that nobody knows', () => {
  it('a misspelt field is quoted; a key in its place is not', async () => {
    expect(await refusalOf({ staus: 401 })).toContain(String.raw`unknown field \"staus\"`);
    const said = await refusalOf({ [KEY]: 1 });
    expect(said).toContain(`unknown field of ${KEY.length} characters`);
    expect(said).not.toContain('sk-proj');
  });

  it('a misspelt parameter is quoted; a key in its place is not', () => {
    expect(refusalOfQuery('modle')).toContain('Unknown parameter "modle"');
    const said = refusalOfQuery(KEY);
    expect(said).toContain(`Unknown parameter of ${KEY.length} characters`);
    expect(said).not.toContain('sk-proj');
  });

  it('nor is a long word without digits, or one that steers a terminal', async () => {
    for (const name of ['abcdefghijklmnopqrstuvwxyzabcd', '\u001b[31mred']) {
      expect(await refusalOf({ [name]: 1 })).toContain(`of ${name.length} characters`);
    }
  });
});
