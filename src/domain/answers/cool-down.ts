/** Cool-downs of credentials as lists show them. No secrets: a fingerprint is keyed. */
import * as z from 'zod';
import { COOL_DOWN_REASONS } from '../cool-down.ts';
import { type Answer, isoTime } from './answer.ts';

/** One cool-down. */
export const coolDownAnswer = z.object({
  source: z.string().describe('Where the credential stands'),
  fingerprint: z.string().describe('Which version of the credential it is about'),
  reason: z.enum(COOL_DOWN_REASONS),
  status: z.int().describe('HTTP status of the refusal'),
  since: isoTime,
  until: isoTime.nullable().describe('Null: until the credential changes'),
  failures: z.int().min(1).describe('Cool-downs of this reason one after the other'),
  model: z
    .string()
    .nullable()
    .describe('The model that it is about; null: everything that the credential opens'),
});

/** One cool-down, JSON-ready. */
export type CoolDownAnswer = Answer<typeof coolDownAnswer>;
