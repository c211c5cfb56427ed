/** Library entry: the client, and the public types of the answers. */
export { createClient, SidecarClientError } from './client/client.ts';
export type {
  ClientOptions,
  RejectionReport,
  ResolveRequest,
  SidecarClient,
  WatchEvent,
  WatchOptions,
} from './client/client.ts';
export type { AuthMode, Origin } from './domain/provider.ts';
export type { ErrorCode } from './domain/errors.ts';
export type { EndpointState } from './domain/runtime-state.ts';
export type { DiscoveryAnswer } from './domain/answers/discovery.ts';
export type { ExplainAnswer } from './domain/answers/explain.ts';
export type { HealthAnswer } from './domain/answers/health.ts';
export type { ModelsAnswer, ProviderDetailAnswer, ProvidersAnswer } from './domain/answers/providers.ts';
export type { ResolveAnswer } from './domain/answers/resolve.ts';
export type { DefaultModelAnswer, SetUpState } from './domain/answers/set-up.ts';
export type { SnapshotAnswer } from './domain/answers/snapshot.ts';
export type { SidecarEvent } from './domain/sidecar-event.ts';
