/** Data files that ship with the program. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SidecarError } from '../../src/domain/errors.ts';
import { readDataFile } from '../../src/platform/data-file.ts';
import { tempFolder } from './temp-folder.ts';

describe('readDataFile', () => {
  it('gives the text of the file', async () => {
    const path = join(await tempFolder(), 'data.json');
    await writeFile(path, '{"ö":1}');
    expect(readDataFile(pathToFileURL(path))).toBe('{"ö":1}');
  });

  it('says internal, the path and the remedy for one that is missing', async () => {
    const path = join(await tempFolder(), 'data.json');
    const attempt = (): string => readDataFile(pathToFileURL(path));
    expect(attempt).toThrow(SidecarError);
    expect(attempt).toThrow(
      expect.objectContaining({
        code: 'internal',
        message: `The data file ${path} cannot be read (ENOENT)`,
        hints: ['Install the program again'],
      }),
    );
  });
});
