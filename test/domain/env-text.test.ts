import { parseEnv } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setEnvVariables } from '../../src/domain/env-text.ts';

const VALUES = { JAATO_PROVIDER: 'nim', MODEL_NAME: 'nim/meta/llama-3.3-70b-instruct' };

/** Lines as people and programs write them, with the variables that are set among them. */
const line = fc.oneof(
  fc.constantFrom(
    '',
    '   ',
    '# a comment',
    '# MODEL_NAME=commented out',
    'MODEL_NAME=old',
    '  MODEL_NAME = old # why',
    'export MODEL_NAME="old"',
    "MODEL_NAME='a # b'",
    'MODEL_NAME="two',
    'lines"',
    'MODEL_NAME=',
    'JAATO_PROVIDER=ollama',
    'JAATO_PROVIDER_2=other',
    'A=1',
    'B="x\ny"',
    'C=`MODEL_NAME=inside`',
    'D="\nMODEL_NAME=inside\n"',
    'E=é # ü',
    'not an assignment',
  ),
  fc.string({ maxLength: 20 }),
);
const file = fc
  .tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'), fc.boolean(), fc.boolean())
  .map(([lines, end, closed, mark]) => `${mark ? '\ufeff' : ''}${lines.join(end)}${closed ? end : ''}`);

describe('setEnvVariables: every other byte of the file is preserved', () => {
  it('Node’s own parser then reads the new values, and every other variable as before', () => {
    let edits = 0;
    fc.assert(
      fc.property(file, (text) => {
        const edited = setEnvVariables(text, VALUES);
        if (edited === undefined) return;
        edits += 1;
        expect({ ...parseEnv(edited) }).toEqual({ ...parseEnv(text), ...VALUES });
        // Set once more, nothing changes.
        expect(setEnvVariables(edited, VALUES)).toBe(edited);
      }),
      { numRuns: 500 },
    );
    expect(edits).toBeGreaterThan(400);
  });

  it('lines that set something else stay, byte for byte and in their order', () => {
    const other = fc.constantFrom('', '# c', 'A=1', 'B = "x" # y', "export C='z'", '  D=é');
    fc.assert(
      fc.property(fc.array(other), fc.nat(), fc.constantFrom('\n', '\r\n'), (lines, at, end) => {
        const place = at % (lines.length + 1);
        const withOld = [...lines.slice(0, place), 'MODEL_NAME=old', ...lines.slice(place), ''];
        const edited = setEnvVariables(withOld.join(end), { MODEL_NAME: 'new/model' });
        expect(edited).toBe(withOld.join(end).replace('MODEL_NAME=old', 'MODEL_NAME=new/model'));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['', 'M=v\n'],
    ['A=1', 'A=1\nM=v\n'],
    ['A=1\r\n', 'A=1\r\nM=v\r\n'],
    ['M=old # why\nA=1\n', 'M=v # why\nA=1\n'],
    ['export M="old"\n', 'export M=v\n'],
    ['M=old\nM=older\n', 'M=old\nM=v\n'],
    ['M="two\nlines" # why\nA=1\n', 'M=v # why\nA=1\n'],
    ['T="\nM=inside\n"\n', 'T="\nM=inside\n"\nM=v\n'],
    ['# M=no\n', '# M=no\nM=v\n'],
    ['\ufeff# first\nA=1\n', '\ufeff# first\nA=1\nM=v\n'],
    ['M=v\n', 'M=v\n'],
  ])('%j becomes %j', (before, after) => {
    expect(setEnvVariables(before, { M: 'v' })).toBe(after);
  });

  it('quotes a value that would be cut or trimmed, and refuses one that no line can hold', () => {
    expect(setEnvVariables('', { M: 'a # b' })).toBe("M='a # b'\n");
    expect(setEnvVariables('', { M: "it's" })).toBe("M=`it's`\n");
    expect(setEnvVariables('', { M: 'a\nb' })).toBeUndefined();
    expect(setEnvVariables('', { 'A=B\nC': 'x' })).toBeUndefined();
  });
});
