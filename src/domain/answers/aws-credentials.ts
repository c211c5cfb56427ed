/** AWS keys as the container-credential contract has them. */
import * as z from 'zod';
import { problemDetails } from './problem.ts';

/** Answer of `GET /v1/aws/credentials/:provider`. All four are strings, because AWS SDKs insist on it. */
export const awsCredentialsAnswer = z.object({
  AccessKeyId: z.string(),
  SecretAccessKey: z.string(),
  Token: z.string().describe('Session token; empty where there is none'),
  Expiration: z.iso.datetime().describe('When to ask again at the latest'),
});

/** Body of its errors: what AWS SDKs show stands beside. */
export const awsProblemAnswer = z.object({
  ...problemDetails.shape,
  Code: z.string().describe('The code again, where AWS SDKs look for it').exactOptional(),
  Message: z.string().describe('The detail again, where AWS SDKs look for it').exactOptional(),
});
