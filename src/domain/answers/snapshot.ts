/** The state that watchers follow: everything that a client needs to know, of one revision, without secrets. */
import * as z from 'zod';
import { type Answer, revision } from './answer.ts';
import { endpointAnswer } from './discovery.ts';
import { defaultModel, publicHealthAnswer } from './health.ts';
import { findingAnswer } from './problem.ts';
import { providerAnswer } from './providers.ts';

/** Answer of `GET /v1/snapshot`, and the data of a `snapshot` event. What is absent is gone. */
export const snapshotAnswer = z.object({
  revision,
  health: z.object({
    ...publicHealthAnswer.shape,
    line: z.string().describe('Health in one line; there when the default model can be used').exactOptional(),
    findings: z.array(findingAnswer),
  }),
  defaultModel: defaultModel.nullable(),
  providers: z.array(providerAnswer).describe('As GET /v1/providers lists them'),
  models: z.array(z.string()).describe('provider/model of every model that a request could use now'),
  endpoints: z
    .array(
      z.object({
        ...endpointAnswer.omit({ evidence: true, models: true }).shape,
        models: z.array(z.string()).describe('Ids as the runtime accepts them'),
      }),
    )
    .describe('Endpoints of local runtimes'),
});

/** The state of one revision, JSON-ready. */
export type SnapshotAnswer = Answer<typeof snapshotAnswer>;
