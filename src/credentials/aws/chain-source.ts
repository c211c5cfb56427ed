/** How the AWS chain is named as a source, in the words that the operators' other tools use. */
import { type Environment, variable } from '../../platform/paths.ts';

/** `env: AWS_PROFILE` where that variable chooses the profile, else `aws-sdk default chain`. */
export function chainSourceOf(env: Environment): string {
  return variable(env, 'AWS_PROFILE') === undefined ? 'aws-sdk default chain' : 'env: AWS_PROFILE';
}
