/**
 * Finding the address of a host name for a connection, and refusing one that leads to the metadata service of a
 * cloud. The connection goes to an address that was judged here, so a name that changes in between gains nothing.
 */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isMetadataHost } from '../domain/metadata-host.ts';

/** Code of the error for such a name, beside those of the system. */
export const METADATA_REFUSED = 'EMETADATA';

/**
 * @param lookup what finds the addresses. @default the system's way
 */
export function guardedLookup(lookup: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, options, (error, address, family) => {
      const found = typeof address === 'string' ? [address] : (address ?? []).map((entry) => entry.address);
      if (error === null && [hostname, ...found].some(isMetadataHost)) {
        const refusal: NodeJS.ErrnoException = new Error('the name leads to the metadata service of a cloud');
        refusal.code = METADATA_REFUSED;
        done(refusal, address, family);
        return;
      }
      done(error, address, family);
    });
  };
}
