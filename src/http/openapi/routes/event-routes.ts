/** Watching, as the OpenAPI document describes it. */
import { snapshotAnswer } from '../../../domain/answers/snapshot.ts';
import type { RouteGroup } from '../route-description.ts';

/** The event stream and its long-poll twin. */
export const EVENT_ROUTES: RouteGroup = {
  title: 'Events',
  schemas: { Snapshot: snapshotAnswer },
  routes: [
    {
      method: 'get',
      path: '/v1/events',
      id: 'watchEvents',
      summary: 'The whole state at once and at each change, and what happens between, as Server-Sent Events',
      token: 'needed',
      answers: [{ status: 200, description: 'The stream', type: 'text/event-stream' }],
      errors: ['too-many-readers'],
    },
    {
      method: 'get',
      path: '/v1/snapshot',
      id: 'getSnapshot',
      summary: 'The whole state, or a wait until there is one that the caller does not know',
      token: 'needed',
      query: { since: 'Revision that the caller knows; the answer waits a while for another one' },
      answers: [{ status: 200, description: 'The state', schema: snapshotAnswer }],
      errors: ['too-many-readers'],
    },
  ],
};
