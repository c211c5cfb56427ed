/** What the set-up routes take and answer. */
import * as z from 'zod';
import type { Problem } from '../domain/errors.ts';
import { hasControlCharacters } from '../domain/untrusted-text.ts';
import type { ProviderAnswer } from '../resolution/answers/listings.ts';
import type { DefaultModel } from '../resolution/default-model.ts';

/** Answer of `GET /v1/setup/:provider`. */
export interface SetUpState {
  readonly revision: number;
  readonly provider: Pick<ProviderAnswer, 'id' | 'name' | 'baseUrl' | 'origin'>;
  readonly auth: ProviderAnswer['auth'];
  readonly models: readonly {
    readonly ref: string;
    readonly id: string;
    readonly name: string;
    readonly contextWindow: number;
  }[];
  readonly defaultModel: DefaultModel | null;
  /** True when the default model is one of this provider's. */
  readonly connected: boolean;
}

/** Answer of a change of the default model. */
export interface DefaultModelAnswer {
  readonly revision: number;
  /** What counts now. A flag or a variable of the server beats the settings that were written. */
  readonly defaultModel: DefaultModel | null;
  /** True when the model that was asked for is the one that counts. */
  readonly inForce: boolean;
  readonly line: string | null;
  /** The `.env` that was written, where one was wanted; null when it could not be. */
  readonly envFile?: string | null;
  /** Why `envFile` is null. */
  readonly problem?: Problem;
}

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
