/** What the token routes answer. */
import * as z from 'zod';
import { type Answer, isoTime } from './answer.ts';

const names = z.array(z.string()).nullable();

/** One token that is in force. */
export const tokenRow = z.object({
  name: z.string(),
  kind: z
    .enum(['endpoint', 'stored', 'lease'])
    .describe('endpoint: the one of endpoint.json; lease: the one of a program that exec runs'),
  providers: names.describe('Ids of the providers that it may ask for; null: every one'),
  models: names.describe('provider/model or provider/*; null: every one'),
  secrets: z.boolean().describe('False: nothing that holds a credential'),
  expiresAt: isoTime.nullable().describe('null: until it is revoked, or its program ends'),
});

/** Answer of `GET /v1/tokens`. No digest is in it: that is the key of a proof. */
export const tokensAnswer = z.object({ tokens: z.array(tokenRow) });

export type TokensAnswer = Answer<typeof tokensAnswer>;
