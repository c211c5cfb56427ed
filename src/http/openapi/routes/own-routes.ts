/** What the server tells about itself, as the OpenAPI document describes it. */
import type { RouteGroup } from '../route-description.ts';

/** `/metrics` and `/openapi.json`. */
export const OWN_ROUTES: RouteGroup = {
  title: 'The server itself',
  schemas: {},
  routes: [
    {
      method: 'get',
      path: '/metrics',
      id: 'getMetrics',
      summary: 'Figures of the server, in the text form that Prometheus reads',
      token: 'needed',
      answers: [{ status: 200, description: 'The figures', type: 'text/plain' }],
      errors: [],
    },
    {
      method: 'get',
      path: '/openapi.json',
      id: 'getOpenApi',
      summary: 'This document',
      token: 'needed',
      answers: [{ status: 200, description: 'An OpenAPI 3.1 document' }],
      errors: [],
    },
  ],
};
