/** The answer that tells every step of a resolution, without secrets. */
import * as z from 'zod';
import { AUTH_MODES, ORIGINS } from '../provider.ts';
import { type Answer, revision } from './answer.ts';
import { contextWindowSource } from './model-row.ts';
import { errorCode } from './problem.ts';

/** One step, in the order in which they were taken. */
export const explainStep = z.object({
  step: z.enum(['default-model', 'provider', 'model', 'runtime', 'auth']).describe('Which rule'),
  place: z.string().describe('Which place was looked at'),
  found: z.string().describe('What it held, in words'),
  outcome: z.enum(['used', 'shadowed', 'empty', 'skipped', 'error']),
  note: z.string().exactOptional(),
  fingerprint: z
    .string()
    .describe('Keyed: equal secrets look equal on this machine, and no character of one shows')
    .exactOptional(),
});

/** Answer of `GET /v1/explain`. */
export const explainAnswer = z.object({
  revision,
  ref: z.string().nullable().describe('What was asked for; null for a default model that nobody named'),
  outcome: z.union([z.literal('resolved'), errorCode]),
  digest: z.string().exactOptional(),
  provider: z
    .object({
      id: z.string(),
      baseUrl: z.string().nullable(),
      api: z.string().nullable(),
      origin: z.enum(ORIGINS),
    })
    .exactOptional(),
  model: z.object({ id: z.string(), contextWindow: z.number(), contextWindowSource }).exactOptional(),
  auth: z.object({ mode: z.enum(AUTH_MODES), source: z.string() }).exactOptional(),
  detail: z.string().describe('What failed; with an outcome that is an error code').exactOptional(),
  hints: z.array(z.string()).exactOptional(),
  retryAt: z.string().describe('When another try may succeed though nobody did anything').exactOptional(),
  steps: z.array(explainStep),
});

/** Answer of `GET /v1/explain`, JSON-ready. */
export type ExplainAnswer = Answer<typeof explainAnswer>;
