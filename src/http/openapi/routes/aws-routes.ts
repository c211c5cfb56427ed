/** The route for AWS SDKs, as the OpenAPI document describes it. */
import { awsCredentialsAnswer, awsProblemAnswer } from '../../../domain/answers/aws-credentials.ts';
import type { RouteGroup } from '../route-description.ts';

/** `/v1/aws/credentials/:provider`. */
export const AWS_ROUTES: RouteGroup = {
  title: 'AWS',
  schemas: { AwsCredentials: awsCredentialsAnswer, AwsProblem: awsProblemAnswer },
  routes: [
    {
      method: 'get',
      path: '/v1/aws/credentials/:provider',
      id: 'getAwsCredentials',
      summary: 'AWS keys of a provider, as any AWS SDK reads them; Authorization may be the bare token',
      token: 'needed',
      pathParameters: { provider: 'Id of the provider' },
      answers: [{ status: 200, description: 'The keys', schema: awsCredentialsAnswer }],
      problem: awsProblemAnswer,
      errors: [
        'no-auth',
        'auth-expired',
        'credential-source-down',
        'reauth-required',
        'auth-required',
        'unknown-provider',
        'runtime-down',
        'config-invalid',
      ],
      otherStatuses: [{ status: 503, code: 'no-auth' }],
    },
  ],
};
