/** Logins, as the OpenAPI document describes them. */
import { loginProgressAnswer, loginStartedAnswer } from '../../../domain/answers/logins.ts';
import { loginBody } from '../../login-routes.ts';
import type { RouteGroup } from '../route-description.ts';

/** `/v1/logins`. */
export const LOGIN_ROUTES: RouteGroup = {
  title: 'Logins',
  schemas: { Login: loginBody, LoginStarted: loginStartedAnswer, LoginProgress: loginProgressAnswer },
  routes: [
    {
      method: 'post',
      path: '/v1/logins',
      id: 'startLogin',
      summary: 'Starts a login at an authorization server, and says where a person has to go',
      token: 'needed',
      body: loginBody,
      answers: [{ status: 201, description: 'What to do now', schema: loginStartedAnswer }],
      errors: [
        'unknown-provider',
        'config-invalid',
        'address-in-use',
        'cannot-write',
        'login-failed',
        'login-server-down',
      ],
    },
    {
      method: 'get',
      path: '/v1/logins/:id',
      id: 'getLogin',
      summary: 'How far that login is',
      token: 'needed',
      pathParameters: { id: 'The loginId' },
      answers: [{ status: 200, description: 'Its state', schema: loginProgressAnswer }],
      errors: ['not-found'],
    },
  ],
};
