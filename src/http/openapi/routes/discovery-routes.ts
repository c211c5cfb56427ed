/** Discovery, as the OpenAPI document describes it. */
import {
  candidateAnswer,
  discoveryAnswer,
  endpointAnswer,
  evidenceAnswer,
} from '../../../domain/answers/discovery.ts';
import type { RouteGroup } from '../route-description.ts';

/** `/v1/discovery` and the scan. */
export const DISCOVERY_ROUTES: RouteGroup = {
  title: 'Discovery',
  schemas: {
    Discovery: discoveryAnswer,
    Endpoint: endpointAnswer,
    Evidence: evidenceAnswer,
    Candidate: candidateAnswer,
  },
  routes: [
    {
      method: 'get',
      path: '/v1/discovery',
      id: 'getDiscovery',
      summary: 'What the newest look at every endpoint found, with evidence',
      token: 'needed',
      answers: [{ status: 200, description: 'The endpoints', schema: discoveryAnswer }],
      errors: [],
    },
    {
      method: 'post',
      path: '/v1/discovery/scan',
      id: 'scan',
      summary: 'Looks at everything now, writes models.json, and answers when that is done',
      token: 'needed',
      answers: [{ status: 200, description: 'What the scan found', schema: discoveryAnswer }],
      errors: ['config-invalid'],
    },
  ],
};
