/** The answers that list providers and models. No secrets. */
import * as z from 'zod';
import { AUTH_MODES, ORIGINS } from '../provider.ts';
import { type Answer, revision } from './answer.ts';
import { coolDownAnswer } from './cool-down.ts';
import { contextWindowSource, modelRow } from './model-row.ts';
import { errorCode } from './problem.ts';

/** Whether a request to the provider could be authenticated now. */
export const authStatus = z
  .enum(['satisfied', 'missing', 'expired', 'unverified'])
  .describe(
    'unverified: the place that would tell was not looked at, because that takes a while, or its source is down',
  );

/** Whether a request to the provider could be authenticated now. */
export type AuthStatus = z.output<typeof authStatus>;

/** What is wrong with the source of a credential. */
const credentialTrouble = z.object({
  code: errorCode.describe('Code of a request when the credential has ended'),
  detail: z.string(),
  retryAt: z
    .string()
    .describe('When the source is asked again; there when nobody has to act')
    .exactOptional(),
});

/** How requests to a provider would be authenticated. */
export const providerAuth = z.object({
  mode: z.enum(AUTH_MODES).nullable(),
  source: z.string().nullable(),
  status: authStatus,
  coolDowns: z
    .array(coolDownAnswer)
    .describe('What keeps its credentials from being used first; left out where there is nothing')
    .exactOptional(),
  trouble: credentialTrouble
    .describe('Why its credential cannot be renewed now, or has ended; left out where there is nothing')
    .exactOptional(),
});

/** One provider. */
export const providerAnswer = z.object({
  id: z.string(),
  name: z.string(),
  baseUrl: z.string().nullable(),
  api: z.string().nullable(),
  origin: z.enum(ORIGINS).describe('The source whose definition counts, whole'),
  shadows: z.array(z.enum(ORIGINS)).describe('Sources whose definitions do not count'),
  auth: providerAuth,
  modelCount: z.int().min(0),
});

/** One provider, JSON-ready. */
export type ProviderAnswer = Answer<typeof providerAnswer>;

/** Answer of `GET /v1/providers`. */
export const providersAnswer = z.object({ revision, providers: z.array(providerAnswer) });

/** Answer of `GET /v1/providers`, JSON-ready. */
export type ProvidersAnswer = Answer<typeof providersAnswer>;

/** Answer of `GET /v1/providers/:id`. */
export const providerDetailAnswer = z.object({
  revision,
  ...providerAnswer.shape,
  models: z.array(modelRow),
});

/** Answer of `GET /v1/providers/:id`, JSON-ready. */
export type ProviderDetailAnswer = Answer<typeof providerDetailAnswer>;

/** One model in OpenAI's list shape. */
export const modelAnswer = z.object({
  id: z.string().describe('provider/model'),
  object: z.literal('model'),
  created: z.int().describe('Always 0: clients expect a number, and nobody knows it'),
  owned_by: z.string().describe('The provider'),
  name: z.string(),
  context_window: z.number(),
  context_window_source: contextWindowSource,
  max_context_window: z.number().nullable(),
  max_tokens: z.number(),
  reasoning: z.boolean(),
  input: z.array(z.string()),
});

/** One model in OpenAI's list shape, JSON-ready. */
export type ModelAnswer = Answer<typeof modelAnswer>;

/** Answer of `GET /v1/models`. */
export const modelsAnswer = z.object({ object: z.literal('list'), data: z.array(modelAnswer) });

/** Answer of `GET /v1/models`, JSON-ready. */
export type ModelsAnswer = Answer<typeof modelsAnswer>;
