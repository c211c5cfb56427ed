/** The `openai` npm client, made of what a resolution says and of nothing else. */
import OpenAI from 'openai';
import type { ResolveAnswer } from '../../src/domain/answers/resolve.ts';

/** The headers of the resolution take the place of the one that the client would make of its key. */
export function openAiClient({ provider, request }: Pick<ResolveAnswer, 'provider' | 'request'>): OpenAI {
  return new OpenAI({
    baseURL: provider.baseUrl,
    apiKey: 'never sent',
    maxRetries: 0,
    defaultHeaders: { authorization: null, ...request.headers },
  });
}
