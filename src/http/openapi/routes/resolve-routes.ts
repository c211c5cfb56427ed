/** Resolution and its explanation, as the OpenAPI document describes them. */
import { coolDownAnswer } from '../../../domain/answers/cool-down.ts';
import { explainAnswer, explainStep } from '../../../domain/answers/explain.ts';
import { resolveAnswer, resolvedAuthAnswer } from '../../../domain/answers/resolve.ts';
import type { ErrorCode } from '../../../domain/errors.ts';
import { rejectionBody } from '../../rejection-body.ts';
import type { RouteGroup } from '../route-description.ts';

const QUERY = {
  model: 'A model reference (provider/model) or an alias; left out: the default model',
  provider: 'A provider alone, for its credentials; not together with model',
  profile: 'Id of a stored profile to use',
  resolution: 'The resolutionId of an earlier answer, whose provider and profile must not change',
};

const RESOLVE_ERRORS: readonly ErrorCode[] = [
  'unknown-provider',
  'unknown-model',
  'no-default-model',
  'provider-changed',
  'no-auth',
  'auth-expired',
  'credential-source-down',
  'reauth-required',
  'auth-required',
  'runtime-down',
  'config-invalid',
];

/** `/v1/resolve`, the report of a refusal, and `/v1/explain`. */
export const RESOLVE_ROUTES: RouteGroup = {
  title: 'Resolution',
  schemas: {
    Resolution: resolveAnswer,
    ResolvedAuth: resolvedAuthAnswer,
    CoolDown: coolDownAnswer,
    RejectionBody: rejectionBody,
    Explanation: explainAnswer,
    Step: explainStep,
  },
  routes: [
    {
      method: 'get',
      path: '/v1/resolve',
      id: 'resolve',
      summary: 'The provider of a model, its URL, and how a request is authenticated; with secrets',
      token: 'needed',
      query: QUERY,
      answers: [{ status: 200, description: 'The resolution', schema: resolveAnswer }],
      errors: RESOLVE_ERRORS,
    },
    {
      method: 'post',
      path: '/v1/resolve/:resolutionId/rejected',
      id: 'rejected',
      summary:
        'Tells that the provider refused the credential of a resolution: a new one, or the final error',
      token: 'needed',
      pathParameters: { resolutionId: 'The resolutionId that the credential came with' },
      body: rejectionBody,
      answers: [{ status: 200, description: 'A new credential of the same identity', schema: resolveAnswer }],
      errors: RESOLVE_ERRORS,
    },
    {
      method: 'get',
      path: '/v1/explain',
      id: 'explain',
      summary: 'Every step of a resolution, without secrets; also of one that fails',
      token: 'needed',
      query: QUERY,
      answers: [{ status: 200, description: 'The steps and their outcome', schema: explainAnswer }],
      errors: [],
    },
  ],
};
