/** The logout: the stored key goes, and what is no key file of ours stays. */
import { messageOf, SidecarError } from '../../domain/errors.ts';
import { removeDrafts, withFileLock } from '../../platform/files.ts';
import type { ForgetOutcome } from './exchanged-keys.ts';
import type { ExchangeSource } from './exchange-source.ts';
import { readKeyFile, removeKeyFile } from './key-file.ts';

/**
 * Removes key and record. Never rejects.
 *
 * @param now Unix milliseconds
 */
export async function forgetKey(source: ExchangeSource, now: number): Promise<ForgetOutcome> {
  try {
    const file = await readKeyFile(source, now);
    // Without a key there may be no folder either, and a logout makes none.
    if (file.kind === 'missing') return { kind: 'nothing-stored' };
    if (file.kind === 'refused' && file.reason !== 'wide-mode') {
      return { kind: 'failed', detail: `Not removed: ${file.detail}`, hints: file.hints };
    }
    await withFileLock(source.keyFile, async () => {
      await removeDrafts(source.keyFile);
      await removeKeyFile(source);
    });
    return { kind: 'removed' };
  } catch (error) {
    const hints = error instanceof SidecarError ? error.hints : [];
    return { kind: 'failed', detail: messageOf(error), hints };
  }
}
