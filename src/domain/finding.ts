/** Something that is wrong and does not stop the program: health says `degraded` and lists it. */
import type { ErrorCode } from './errors.ts';

export interface Finding {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly hint: string;
}
