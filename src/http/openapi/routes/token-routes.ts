/** Tokens, as the OpenAPI document describes them. */
import { tokenRow, tokensAnswer } from '../../../domain/answers/tokens.ts';
import { leaseBody } from '../../callers/token-routes.ts';
import type { RouteGroup } from '../route-description.ts';

/** `/v1/tokens` and what is below it. */
export const TOKEN_ROUTES: RouteGroup = {
  title: 'Tokens',
  schemas: { Tokens: tokensAnswer, Token: tokenRow, LeaseBody: leaseBody },
  routes: [
    {
      method: 'get',
      path: '/v1/tokens',
      id: 'listTokens',
      summary: 'The tokens that are in force, read again from their files',
      token: 'needed',
      answers: [{ status: 200, description: 'The tokens, without their text', schema: tokensAnswer }],
      errors: ['cannot-write'],
    },
    {
      method: 'post',
      path: '/v1/tokens/lease',
      id: 'leaseToken',
      summary: 'Lets a token in for as long as the answer stays open',
      token: 'needed',
      body: leaseBody,
      answers: [{ status: 200, description: 'The lease', type: 'application/x-ndjson' }],
      errors: [],
    },
  ],
};
