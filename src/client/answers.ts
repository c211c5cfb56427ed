/**
 * From a parsed answer to its type. The server has proved itself, and the types are made of its own schemas, so only
 * the kind of an answer is looked at: enough to tell it from that of another program's bug.
 */
import type { ExplainAnswer } from '../domain/answers/explain.ts';
import type { ModelsAnswer } from '../domain/answers/providers.ts';
import type { ResolveAnswer } from '../domain/answers/resolve.ts';
import type { SnapshotAnswer } from '../domain/answers/snapshot.ts';
import { isRecord } from '../domain/record.ts';
import type { SidecarEvent } from '../domain/sidecar-event.ts';

/** Tells one kind of answer. */
export type AnswerKind<T> = (body: unknown) => body is T;

export const isResolveAnswer: AnswerKind<ResolveAnswer> = (body): body is ResolveAnswer =>
  isRecord(body) && typeof body['resolutionId'] === 'string';

export const isExplainAnswer: AnswerKind<ExplainAnswer> = (body): body is ExplainAnswer =>
  isRecord(body) && Array.isArray(body['steps']);

export const isModelsAnswer: AnswerKind<ModelsAnswer> = (body): body is ModelsAnswer =>
  isRecord(body) && Array.isArray(body['data']);

export const isSnapshotAnswer: AnswerKind<SnapshotAnswer> = (body): body is SnapshotAnswer =>
  isRecord(body) && typeof body['revision'] === 'number' && Array.isArray(body['providers']);

/** Kinds of notices that this version knows; a newer server may send others, which are passed over. */
const NOTICES: Readonly<Record<SidecarEvent['kind'], true>> = {
  runtime: true,
  health: true,
  login: true,
  credential: true,
  setup: true,
};

export const isNotice: AnswerKind<SidecarEvent> = (body): body is SidecarEvent =>
  isRecord(body) && typeof body['kind'] === 'string' && Object.hasOwn(NOTICES, body['kind']);
