/** What liveness and health answer. */
import * as z from 'zod';
import { type Answer, revision } from './answer.ts';
import { endpointAnswer } from './discovery.ts';
import { errorCode, findingAnswer } from './problem.ts';

/** Answer of `GET /livez`. */
export const livezAnswer = z.object({
  status: z.literal('ok'),
  proof: z
    .string()
    .describe(
      'HMAC-SHA256 over livez:<host>:<challenge>, base64url; its key is the token, or the digest of one with a name',
    )
    .exactOptional(),
});

const status = z
  .enum(['ok', 'degraded', 'failing', 'unvalidated'])
  .describe('failing: the default model cannot be used; degraded: it can, and something else is wrong');

/** What `GET /health` says without a token. */
export const publicHealthAnswer = z.object({
  status,
  code: errorCode.describe('Code of the first finding').exactOptional(),
});

/** A default model and where it is named. */
export const defaultModel = z.object({
  ref: z.string().describe('provider/model'),
  source: z.string().describe('Who names it: a flag, a variable, a file, or auto'),
});

/** What `GET /health` says to a caller with a token. */
export const healthAnswer = z.object({
  ...publicHealthAnswer.shape,
  line: z.string().describe('Health in one line; there when the default model can be used').exactOptional(),
  revision,
  digest: z.string().describe("Digest of the default model's resolution").exactOptional(),
  defaultModel: defaultModel.nullable(),
  findings: z.array(findingAnswer),
  endpoints: z.array(endpointAnswer),
});

/** The whole health report, JSON-ready. */
export type HealthAnswer = Answer<typeof healthAnswer>;
