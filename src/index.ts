/** Library entry: the public types of the answers. */
export type { AuthMode, Origin } from './domain/provider.ts';
export type { ErrorCode } from './domain/errors.ts';
export type { EndpointState } from './domain/runtime-state.ts';
export type { ExplainAnswer } from './resolution/answers/explain-answer.ts';
export type { ModelsAnswer, ProvidersAnswer } from './resolution/answers/listings.ts';
export type { HealthReport } from './validation/health.ts';
