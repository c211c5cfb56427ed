/** What the program that asks the AWS chain prints: one JSON document, made and read with the same schema. */
import * as z from 'zod';

/** Most of the text that an error of the chain may bring along, in characters. */
export const MAX_REASON = 400;

export const chainAnswerSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('found'),
    accessKeyId: z.string(),
    secretAccessKey: z.string(),
    sessionToken: z.string().nullable(),
    /** Unix milliseconds; null when they do not expire. */
    expiration: z.number().nullable(),
    /** Which of the SDK's ways led to them, as the SDK marks it. */
    features: z.array(z.string()),
  }),
  z.object({
    kind: z.literal('failed'),
    /** Why each part of the chain had nothing, in the order in which they were asked. */
    reasons: z.array(
      z.object({
        part: z.string(),
        text: z.string().max(MAX_REASON),
        /** True when the service behind it did not answer, or not as one that works. */
        isDown: z.boolean(),
      }),
    ),
  }),
]);

/** The chain's answer. Reasons show no secret. */
export type ChainAnswer = z.infer<typeof chainAnswerSchema>;

/** What the program is asked, in a variable of its environment. */
export const CHAIN_REQUEST = 'PROVIDER_SIDECAR_AWS_CHAIN';

/** The whole chain; anything else is the name of one profile, after a colon. */
export const WHOLE_CHAIN = 'chain';

/** Asks for this profile and nothing else. */
export const PROFILE_PREFIX = 'profile:';
