/** What discovery answers: every endpoint with its state and its evidence. */
import * as z from 'zod';
import { RUNTIME_IDS } from '../provider-id.ts';
import { ENDPOINT_STATES } from '../runtime-state.ts';
import { type Answer, isoTime, revision } from './answer.ts';
import { modelRow } from './model-row.ts';

const runtime = z.enum(RUNTIME_IDS).nullable();

/** One question that was put to an endpoint, and what came back. */
export const evidenceAnswer = z.object({
  request: z.string(),
  answer: z.string().describe('In words; foreign text is quoted and cut'),
  at: isoTime,
});

/** Everything known of one endpoint. */
export const endpointAnswer = z.object({
  url: z.string().describe('Root URL as it was dialled'),
  runtime: runtime.describe('The runtime that was identified, or the one that is expected there'),
  provider: z.string().nullable().describe('The provider id that the endpoint has, or would have'),
  name: z.string().describe("The operator's own name for it").exactOptional(),
  trustedBy: z
    .string()
    .describe('The setting that lets this endpoint of another host be asked')
    .exactOptional(),
  version: z.string().nullable(),
  state: z.enum(ENDPOINT_STATES),
  since: isoTime.describe('Since when the endpoint is in this state'),
  models: z.array(modelRow),
  hint: z.string().describe('What to do about a state that is not up').exactOptional(),
  evidence: z.array(evidenceAnswer),
});

/** A host that might serve models and is not trusted. */
export const candidateAnswer = z.object({
  url: z.string(),
  runtime,
  foundBy: z.string().describe('How it became known'),
  hint: z.string().describe('The settings line that would trust it'),
  announced: z.boolean().describe('True when a host of the network told of it').exactOptional(),
});

/** Answer of `GET /v1/discovery` and of a scan. */
export const discoveryAnswer = z.object({
  revision,
  scannedAt: isoTime.nullable().describe('Null before the first scan'),
  endpoints: z.array(endpointAnswer),
  candidates: z.array(candidateAnswer).describe('Hosts that are not trusted: listed, never dialled'),
  leftOut: z
    .array(z.object({ provider: z.string(), model: z.string(), reason: z.string() }))
    .describe('Models that a runtime lists and models.json does not get'),
});

/** Answer of `GET /v1/discovery`, JSON-ready. */
export type DiscoveryAnswer = Answer<typeof discoveryAnswer>;
