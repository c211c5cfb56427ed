/**
 * The cap on request bodies. A declared length is judged at once; a chunked body is read here, because
 * its length is known only at its end and the router would read it without limit.
 */
import { IncomingMessage } from 'node:http';
import { ANONYMOUS, type Caller } from './callers/caller.ts';

/** Largest request body in bytes. No route takes more than a few hundred. */
const MAX_BODY_BYTES = 64 * 1024;

/** A request that passed the guard carries its caller, where no header of a client can reach. */
export class GuardedRequest extends IncomingMessage {
  caller: Caller = ANONYMOUS;
  /** A chunked body that was read here; the listener behind the guard takes it instead of the stream. */
  rawBody?: Buffer;
}

/** How the body of a request stands against the cap. */
export type BodyVerdict = 'fits' | 'unknown-length' | 'too-large';

/** Judges a body by the request's header lines. */
export function judgeBody(request: IncomingMessage): BodyVerdict {
  if (request.headers['transfer-encoding'] !== undefined) return 'unknown-length';
  const length = request.headers['content-length'];
  return length !== undefined && Number(length) > MAX_BODY_BYTES ? 'too-large' : 'fits';
}

/** Reads a body up to the cap. `lost` means that the connection ended before the body did. */
export function readCappedBody(request: IncomingMessage): Promise<Buffer | 'too-large' | 'lost'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const onData = (chunk: Buffer): void => {
      bytes += chunk.byteLength;
      if (bytes <= MAX_BODY_BYTES) {
        chunks.push(chunk);
        return;
      }
      request.off('data', onData);
      resolve('too-large');
    };
    request.on('data', onData);
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', () => resolve('lost'));
    request.once('close', () => resolve('lost'));
  });
}
