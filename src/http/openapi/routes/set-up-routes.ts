/** The set-up of a provider, as the OpenAPI document describes it. */
import { defaultModel } from '../../../domain/answers/health.ts';
import { providerAuth } from '../../../domain/answers/providers.ts';
import { defaultModelAnswer, setUpAnswer } from '../../../domain/answers/set-up.ts';
import type { ErrorCode } from '../../../domain/errors.ts';
import { connectBody, defaultModelBody } from '../../set-up-routes.ts';
import type { RouteGroup } from '../route-description.ts';

/** What the start-up validation refuses, and what writing the settings can meet. */
const CHANGE_ERRORS: readonly ErrorCode[] = [
  'unknown-provider',
  'unknown-model',
  'no-auth',
  'auth-expired',
  'credential-source-down',
  'reauth-required',
  'auth-required',
  'runtime-down',
  'config-invalid',
  'context-window-too-small',
  'cannot-write',
  'not-permitted',
];

/** `/v1/setup` and `/v1/default-model`. */
export const SET_UP_ROUTES: RouteGroup = {
  title: 'Set-up',
  schemas: {
    SetUp: setUpAnswer,
    ProviderAuth: providerAuth,
    DefaultModel: defaultModel,
    DefaultModelChange: defaultModelAnswer,
    ConnectBody: connectBody,
    DefaultModelBody: defaultModelBody,
  },
  routes: [
    {
      method: 'get',
      path: '/v1/setup/:provider',
      id: 'getSetUp',
      summary: 'What a program needs to set a provider up after a login',
      token: 'needed',
      pathParameters: { provider: 'Id of the provider' },
      answers: [{ status: 200, description: 'The state of its set-up', schema: setUpAnswer }],
      errors: ['unknown-provider', 'config-invalid'],
    },
    {
      method: 'post',
      path: '/v1/setup/:provider',
      id: 'connect',
      summary: 'Makes a model of the provider the default',
      token: 'needed',
      pathParameters: { provider: 'Id of the provider' },
      body: connectBody,
      answers: [{ status: 200, description: 'What counts now', schema: defaultModelAnswer }],
      errors: CHANGE_ERRORS,
    },
    {
      method: 'put',
      path: '/v1/default-model',
      id: 'setDefaultModel',
      summary: 'Makes a model of any provider the default',
      token: 'needed',
      body: defaultModelBody,
      answers: [{ status: 200, description: 'What counts now', schema: defaultModelAnswer }],
      errors: CHANGE_ERRORS,
    },
  ],
};
