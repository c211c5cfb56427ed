/** What stands at a path, as a text that can be compared: the cheap way to know that nothing has changed. */
import { type BigIntStats, statSync } from 'node:fs';
import { systemCodeOf } from '../domain/errors.ts';

/** Text that differs whenever the file does: in content, in mode, in owner or in not being there. */
export function fileState(path: string): string {
  const facts = fileFacts(path);
  if (typeof facts === 'string') return facts;
  return [facts.dev, facts.ino, facts.size, facts.mtimeNs, facts.ctimeNs].join(' ');
}

/** What the system says of the path, or the code of its refusal. */
export function fileFacts(path: string): BigIntStats | string {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    return systemCodeOf(error) ?? 'unknown';
  }
}
