/**
 * Whether a request of the platform's own fetch that failed may have reached its server. The error alone does not
 * say it: a deadline that passes looks the same before a connection and after it. So the client's own notices are
 * listened to, https://undici.nodejs.org/#/docs/api/DiagnosticsChannel.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { isRecord } from '../domain/record.ts';

export interface SendWatch {
  /**
   * True when it is certain that nothing was sent since the watch began: a connection to this server was begun, and
   * none came to be. What others send to the same server meanwhile counts too, so a doubt is never taken for a no.
   */
  readonly sentNothing: () => boolean;
  /** Ends it. */
  readonly stop: () => void;
}

/** @param url of the request that begins now */
export function watchSending(url: string): SendWatch {
  const { origin } = new URL(url);
  let begun = false;
  let reached = false;
  const onBegin = (message: unknown): void => {
    begun ||= originOfConnection(message) === origin;
  };
  const onConnection = (message: unknown): void => {
    reached ||= originOfConnection(message) === origin;
  };
  // Over a connection that was kept from before.
  const onHeaders = (message: unknown): void => {
    reached ||= originOfRequest(message) === origin;
  };
  const listeners = [
    ['undici:client:beforeConnect', onBegin],
    ['undici:client:connected', onConnection],
    ['undici:client:sendHeaders', onHeaders],
  ] as const;
  for (const [channel, listener] of listeners) subscribe(channel, listener);
  return {
    sentNothing: () => begun && !reached,
    stop: () => {
      for (const [channel, listener] of listeners) unsubscribe(channel, listener);
    },
  };
}

function originOfConnection(message: unknown): string | undefined {
  const server = isRecord(message) ? message['connectParams'] : undefined;
  return isRecord(server) ? `${String(server['protocol'])}//${String(server['host'])}` : undefined;
}

function originOfRequest(message: unknown): string | undefined {
  const request = isRecord(message) ? message['request'] : undefined;
  return isRecord(request) ? String(request['origin']) : undefined;
}
