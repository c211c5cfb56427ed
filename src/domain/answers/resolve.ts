/** The answer of a resolution: the one answer that holds secrets. */
import * as z from 'zod';
import { ORIGINS } from '../provider.ts';
import { type Answer, isoTime, revision } from './answer.ts';
import { contextWindowSource } from './model-row.ts';

const source = z.string().describe('Where the credential came from');
const expiresAt = isoTime
  .nullable()
  .describe('Null when the credential does not expire, or nobody knows when it does');
const region = z.string().nullable();

/** AWS keys as any SDK wants them. */
const awsKeys = z.object({
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  sessionToken: z.string().nullable(),
  region,
  expiration: isoTime.nullable(),
});

/** How the request is authenticated; `mode` tells which of these it is. */
export const resolvedAuthAnswer = z.union([
  z.object({ mode: z.literal('none'), source: z.literal('provider-policy') }),
  z.object({ mode: z.literal('api-key'), source, apiKey: z.string(), expiresAt }),
  z.object({ mode: z.literal('token'), source, token: z.string(), expiresAt }),
  z.object({ mode: z.literal('oauth'), source, accessToken: z.string(), expiresAt }),
  z.object({ mode: z.literal('aws-sdk'), source, aws: awsKeys, expiresAt }),
  z.object({ mode: z.literal('aws-sdk'), source, bearerToken: z.string(), region, expiresAt: z.null() }),
]);

/** How the request is authenticated, JSON-ready. */
export type ResolvedAuthAnswer = Answer<typeof resolvedAuthAnswer>;

/** Answer of `GET /v1/resolve`. */
export const resolveAnswer = z.object({
  revision,
  resolutionId: z.string().describe('Pins provider and profile for the request that it serves'),
  digest: z.string().describe('Equal digests mean the same decision; sha256:…'),
  model: z
    .object({
      ref: z.string().describe('provider/model'),
      id: z.string().describe('The id exactly as the provider accepts it'),
      name: z.string(),
      contextWindow: z.number(),
      contextWindowSource,
      maxContextWindow: z.number().nullable(),
      maxTokens: z.number(),
      reasoning: z.boolean(),
      input: z.array(z.string()),
    })
    .nullable()
    .describe('Null when a provider alone was asked for'),
  provider: z.object({
    id: z.string(),
    name: z.string(),
    baseUrl: z.string(),
    api: z.string().describe('The wire format that the provider speaks'),
    origin: z.enum(ORIGINS),
  }),
  auth: resolvedAuthAnswer,
  request: z.object({
    headers: z.record(z.string(), z.string()).describe("Headers as the provider's api wants them"),
  }),
});

/** Answer of `GET /v1/resolve`, JSON-ready. */
export type ResolveAnswer = Answer<typeof resolveAnswer>;
