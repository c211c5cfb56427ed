/** What to do about a file that is there and was not read: the words for every reason, in one place. */
import type { FileRefusal } from './files.ts';

/**
 * The hint for a refused file.
 *
 * @param path of the file
 * @param reason as `readTextFile` gave it
 */
export function fileRemedy(path: string, reason: FileRefusal): string {
  switch (reason) {
    case 'unreadable':
      return `Let this user read the file and enter its folders: chmod u+r ${path}, or chown it to this user`;
    case 'not-a-file':
      return `Move away what stands at ${path}, and put a plain file there`;
    case 'symlink':
      return `Replace the link ${path} by the file itself`;
    case 'dead-link':
      return `Put the file where the link leads, or replace or remove the link ${path}`;
    case 'foreign-owner':
      return `Let this user own the file: chown it, or put a copy at ${path}`;
    case 'wide-mode':
      return `Let nobody else read the file: chmod 600 ${path}`;
    case 'too-large':
      return `Put a smaller file at ${path}; this one is probably another file than was meant`;
    case 'not-utf8':
    case 'byte-order-mark':
      return `Save ${path} as UTF-8 text without a byte order mark`;
    case 'nul-character':
      return `Remove the NUL characters from ${path}, or put the right file there`;
  }
}
