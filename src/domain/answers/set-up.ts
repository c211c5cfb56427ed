/** What the set-up of a provider answers. */
import * as z from 'zod';
import { ORIGINS } from '../provider.ts';
import { type Answer, revision } from './answer.ts';
import { defaultModel } from './health.ts';
import { problemAnswer } from './problem.ts';
import { providerAuth } from './providers.ts';

/** Answer of `GET /v1/setup/:provider`. */
export const setUpAnswer = z.object({
  revision,
  provider: z.object({
    id: z.string(),
    name: z.string(),
    baseUrl: z.string().nullable(),
    origin: z.enum(ORIGINS),
  }),
  auth: providerAuth,
  models: z.array(
    z.object({
      ref: z.string().describe('provider/model'),
      id: z.string(),
      name: z.string(),
      contextWindow: z.number(),
    }),
  ),
  defaultModel: defaultModel.nullable(),
  connected: z.boolean().describe("True when the default model is one of this provider's"),
});

/** Answer of `GET /v1/setup/:provider`, JSON-ready. */
export type SetUpState = Answer<typeof setUpAnswer>;

/** Answer of a change of the default model. */
export const defaultModelAnswer = z.object({
  revision,
  defaultModel: defaultModel
    .nullable()
    .describe('What counts now; a flag or a variable of the server beats what was written'),
  inForce: z.boolean().describe('True when the model that was asked for is the one that counts'),
  line: z.string().nullable(),
  envFile: z
    .string()
    .nullable()
    .describe('The .env that was written, where one was wanted; null when it could not be')
    .exactOptional(),
  problem: problemAnswer.describe('Why envFile is null').exactOptional(),
});

/** Answer of a change of the default model, JSON-ready. */
export type DefaultModelAnswer = Answer<typeof defaultModelAnswer>;
