/** Every route of the server, one group for each subject. A test compares them with the router's own. */
import type { RouteGroup } from './route-description.ts';
import { AWS_ROUTES } from './routes/aws-routes.ts';
import { DISCOVERY_ROUTES } from './routes/discovery-routes.ts';
import { EVENT_ROUTES } from './routes/event-routes.ts';
import { HEALTH_ROUTES } from './routes/health-routes.ts';
import { LISTING_ROUTES } from './routes/listing-routes.ts';
import { LOGIN_ROUTES } from './routes/login-routes.ts';
import { OWN_ROUTES } from './routes/own-routes.ts';
import { RESOLVE_ROUTES } from './routes/resolve-routes.ts';
import { SET_UP_ROUTES } from './routes/set-up-routes.ts';
import { TOKEN_ROUTES } from './routes/token-routes.ts';

/** In the order of the documentation. */
export const ROUTE_GROUPS: readonly RouteGroup[] = [
  HEALTH_ROUTES,
  RESOLVE_ROUTES,
  LISTING_ROUTES,
  DISCOVERY_ROUTES,
  EVENT_ROUTES,
  AWS_ROUTES,
  SET_UP_ROUTES,
  LOGIN_ROUTES,
  TOKEN_ROUTES,
  OWN_ROUTES,
];
