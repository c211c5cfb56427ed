/** Body of `POST /v1/resolve/:resolutionId/rejected`: what the provider answered to the caller. */
import * as z from 'zod';
import { coolDownReason } from '../domain/cool-down.ts';
import type { Rejection } from '../domain/rejection.ts';

/** Longest text of a provider that is looked at, in characters. */
const LONGEST_MESSAGE = 1_000;

/** All of it may be left out. `retryAfter` is in seconds, or the text of the header (RFC 9110, section 10.2.3). */
export const rejectionBody = z.strictObject({
  status: z
    .int('must be a number')
    .refine((status) => coolDownReason(status) !== undefined, 'must be 401, 402, 403, 429 or 5xx')
    .default(401),
  message: z.string('must be a string').nullish(),
  retryAfter: z
    .union(
      [
        z.number().nonnegative(),
        z.string().regex(/^\s*\d{1,9}\s*$/),
        z
          .string()
          .max(64)
          .refine((text) => !Number.isNaN(Date.parse(text))),
      ],
      'must be seconds or an HTTP date',
    )
    .nullish(),
});

/**
 * The report in the program's own terms.
 *
 * @param now Unix milliseconds
 */
export function toRejection(body: z.output<typeof rejectionBody>, now: number): Rejection {
  const { status, message, retryAfter } = body;
  return {
    status,
    message: message?.slice(0, LONGEST_MESSAGE) ?? null,
    retryAfter: retryAfter === undefined || retryAfter === null ? null : secondsOf(retryAfter, now),
  };
}

function secondsOf(value: number | string, now: number): number {
  if (typeof value === 'number') return value;
  if (/^\s*\d+\s*$/.test(value)) return Number(value);
  return Math.max(0, (Date.parse(value) - now) / 1_000);
}
