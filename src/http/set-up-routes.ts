/** What the set-up routes take and answer. */
import * as z from 'zod';
import type { DefaultModelAnswer, SetUpState } from '../domain/answers/set-up.ts';
import { hasControlCharacters } from '../domain/untrusted-text.ts';

/** What the routes ask. All reject with a SidecarError for what cannot be done. */
export interface SetUp {
  readonly describe: (provider: string) => Promise<SetUpState>;
  readonly connect: (provider: string, model: string, persist: boolean) => Promise<DefaultModelAnswer>;
  readonly changeDefaultModel: (ref: string) => Promise<DefaultModelAnswer>;
}

const model = z
  .string('must be a string')
  .trim()
  .min(1, 'must not be empty')
  .max(512, 'is too long')
  .refine((text) => !hasControlCharacters(text), 'must not hold control characters');

/** Body of `POST /v1/setup/:provider`. */
export const connectBody = z.strictObject({
  model,
  persist: z.boolean('must be true or false').default(false),
});

/** Body of `PUT /v1/default-model`. */
export const defaultModelBody = z.strictObject({ model });
