/** Whether an error of the AWS SDK says that a service is out of reach or in trouble, and not that it said no. Pure. */
import { isRecord } from '../../domain/record.ts';

/** Codes of the system for a service that cannot be reached. The SDK often keeps only the text. */
const UNREACHABLE =
  /\b(?:ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|E(?:SOCKET)?TIMEDOUT|TimeoutError|socket hang up)\b/;

/** What the SDK says of a server's answer, and what services call it themselves. */
const IN_TROUBLE =
  /\bresponded with status: (?:429|5\d\d)\b|Throttl|TooManyRequests|ServiceUnavailable|Internal(?:Server)?(?:Error|Failure)|RequestTimeout/;

/** How deep causes are followed. */
const DEPTH = 4;

/** True for what another try may mend. */
export function isOutage(thrown: unknown): boolean {
  let current = thrown;
  for (let depth = 0; depth < DEPTH && isRecord(current); depth += 1) {
    const words = [current['name'], current['code'], current['message']].join(' ');
    if (UNREACHABLE.test(words) || IN_TROUBLE.test(words) || isTrouble(current['$metadata'])) return true;
    current = current['cause'];
  }
  return false;
}

function isTrouble(metadata: unknown): boolean {
  const status = isRecord(metadata) ? metadata['httpStatusCode'] : undefined;
  return typeof status === 'number' && (status === 429 || status >= 500);
}
