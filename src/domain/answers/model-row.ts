/** A model as providers and endpoints list it: everything but its headers, which may be secret. */
import * as z from 'zod';
import { CONTEXT_WINDOW_SOURCES } from '../provider.ts';
import type { Answer } from './answer.ts';

/** How a context window is known. */
export const contextWindowSource = z
  .enum(CONTEXT_WINDOW_SOURCES)
  .describe(
    'loaded and configured: what a request gets; trained-max: an upper bound; assumed: a guess that nothing here confirms',
  );

/** One model. */
export const modelRow = z.object({
  id: z.string().describe('The id exactly as the provider accepts it'),
  name: z.string(),
  reasoning: z.boolean(),
  input: z.array(z.string()).describe('Kinds of input: text, image, …'),
  cost: z
    .object({
      input: z.number(),
      output: z.number(),
      cacheRead: z.number(),
      cacheWrite: z.number(),
    })
    .describe("Price per million tokens, in the provider's currency"),
  contextWindow: z.number().describe('Tokens that a request really gets, as far as that is known'),
  contextWindowSource: contextWindowSource.exactOptional(),
  maxContextWindow: z.number().describe('Tokens the model was trained for').exactOptional(),
  maxTokens: z.number().describe('Longest answer in tokens'),
  api: z.string().describe('Where one provider mixes several wire formats').exactOptional(),
  baseUrl: z.string().describe('Where one provider mixes several base URLs').exactOptional(),
});

/** One model, JSON-ready. */
export type ModelRow = Answer<typeof modelRow>;
