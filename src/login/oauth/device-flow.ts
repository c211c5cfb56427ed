/**
 * The device flow (RFC 8628): the person types a short code into a browser anywhere, while this program asks the
 * server again and again whether that has happened.
 */
import type { DeviceAuthorizationResponse } from 'openid-client';
import type { ServerConnection } from '../../credentials/oauth/authorization-server.ts';
import { readServerFailure } from '../../credentials/oauth/server-failure.ts';
import type { ReceivedTokens } from '../../credentials/oauth/token-response.ts';
import { hasControlCharacters } from '../../domain/untrusted-text.ts';
import { afterPoll, type PollAnswer, type PollState, startPolling, waitBeforePoll } from './device-poll.ts';
import {
  failedCall,
  type FlowOptions,
  grantParameters,
  type LoginStart,
  type LoginTask,
  receiveTokens,
} from './flow.ts';
import { type FailedLogin, failedLogin, type LoginOutcome } from './login-outcome.ts';
import { startLoginTime } from './login-time.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** Asks for a code, and begins to poll. */
export async function beginDeviceFlow(options: FlowOptions): Promise<LoginStart> {
  const { connection, clock, lifetimeMs } = options;
  const { library, configuration, settings } = connection;
  if (configuration.serverMetadata().device_authorization_endpoint === undefined) {
    return failedLogin('not-offered', 'it has no device authorization endpoint', [
      'Log in with the browser of this machine: without --device',
    ]);
  }
  let answer: DeviceAuthorizationResponse;
  try {
    answer = await library.initiateDeviceAuthorization(configuration, grantParameters(settings));
  } catch (error) {
    return failedCall(readServerFailure(error));
  }
  const task = toTask(answer);
  if (task === undefined) return failedLogin('invalid-answer', 'its address or its code cannot be shown');
  const now = clock();
  const state = startPolling(Math.min(answer.expires_in, lifetimeMs / 1_000), answer.interval, now);
  const time = startLoginTime(options.cancelled, state.expiresAt - now);
  const wait = async (): Promise<LoginOutcome> => {
    try {
      return await poll(state, answer.device_code, { ...options, cancelled: time.signal }, time.over);
    } finally {
      time.stop();
    }
  };
  return { kind: 'waiting', task, expiresAt: state.expiresAt, outcome: wait() };
}

/** What is shown to the person, as long as it is an address and a code and nothing else. */
function toTask(answer: DeviceAuthorizationResponse): LoginTask | undefined {
  const { verification_uri: uri, verification_uri_complete: complete, user_code: userCode } = answer;
  if (!isWebAddress(uri) || userCode.length > 64 || hasControlCharacters(userCode)) return undefined;
  return {
    flow: 'device',
    verificationUri: uri,
    userCode,
    ...(complete === undefined || !isWebAddress(complete) ? {} : { verificationUriComplete: complete }),
  };
}

function isWebAddress(text: string): boolean {
  return (
    text.length <= 2_048 &&
    /^[\x21-\x7e]+$/.test(text) &&
    URL.canParse(text) &&
    /^https?:$/.test(new URL(text).protocol)
  );
}

async function poll(
  first: PollState,
  deviceCode: string,
  options: FlowOptions,
  over: () => 'expired' | 'cancelled' | null,
): Promise<LoginOutcome> {
  const { clock, sleep, cancelled } = options;
  let state = first;
  for (;;) {
    const wait = waitBeforePoll(state, clock());
    if (wait === null) return failedLogin('expired');
    try {
      await sleep(wait, cancelled);
    } catch (error) {
      if (!cancelled.aborted) throw error;
    }
    if (cancelled.aborted) return failedLogin(over() ?? 'cancelled');
    const answer = await askOnce(deviceCode, options);
    if (typeof answer !== 'string') return 'kind' in answer ? answer : options.keep(answer);
    state = afterPoll(state, answer);
  }
}

/** One poll: tokens, the end, or what the next poll depends on. */
async function askOnce(
  deviceCode: string,
  { connection, clock, cancelled }: FlowOptions,
): Promise<ReceivedTokens | FailedLogin | PollAnswer> {
  try {
    const granted = await requestToken(connection, deviceCode);
    if (cancelled.aborted) return 'pending';
    return receiveTokens(granted, clock());
  } catch (error) {
    const failure = readServerFailure(error);
    if (failure.kind === 'unreachable') return 'unreachable';
    if (failure.kind === 'unusable') return failedCall(failure);
    switch (failure.error) {
      case 'authorization_pending':
        return 'pending';
      case 'slow_down':
        return 'slow-down';
      case 'access_denied':
        return failedLogin('access-denied');
      case 'expired_token':
        return failedLogin('expired');
      default:
        return failedCall(failure);
    }
  }
}

function requestToken({ library, configuration, settings }: ServerConnection, deviceCode: string) {
  const { resource } = settings;
  return library.genericGrantRequest(configuration, DEVICE_GRANT, {
    device_code: deviceCode,
    ...(resource === null ? {} : { resource }),
  });
}
