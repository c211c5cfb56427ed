/** Liveness and health, as the OpenAPI document describes them. */
import { healthAnswer, livezAnswer, publicHealthAnswer } from '../../../domain/answers/health.ts';
import { errorCode, findingAnswer, problemAnswer, problemDetails } from '../../../domain/answers/problem.ts';
import * as z from 'zod';
import type { RouteGroup } from '../route-description.ts';

const anyHealth = z.union([healthAnswer, publicHealthAnswer]);

/** `/livez` and `/health`. */
export const HEALTH_ROUTES: RouteGroup = {
  title: 'Health',
  schemas: {
    Liveness: livezAnswer,
    Health: healthAnswer,
    PublicHealth: publicHealthAnswer,
    AnyHealth: anyHealth,
    Finding: findingAnswer,
    ErrorCode: errorCode,
    Problem: problemAnswer,
    ProblemDetails: problemDetails,
  },
  routes: [
    {
      method: 'get',
      path: '/livez',
      id: 'getLiveness',
      summary: 'The process lives; it answers a challenge with a proof that it knows the token',
      token: 'none',
      query: {
        challenge: '22 to 128 random characters of base64url',
        caller: 'Id of the token with a name whose digest is the key of the proof',
      },
      answers: [{ status: 200, description: 'It lives', schema: livezAnswer }],
      errors: [],
    },
    {
      method: 'get',
      path: '/health',
      id: 'getHealth',
      summary: 'Whether the default model could be used now; with the token also why',
      token: 'optional',
      answers: [
        { status: 200, description: 'The default model can be used', schema: anyHealth },
        { status: 503, description: 'The default model cannot be used, or there is none', schema: anyHealth },
      ],
      errors: [],
    },
  ],
};
