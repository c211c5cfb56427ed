/** The lists of providers and models, as the OpenAPI document describes them. */
import * as z from 'zod';
import {
  modelAnswer,
  modelsAnswer,
  providerAnswer,
  providerDetailAnswer,
  providersAnswer,
} from '../../../domain/answers/providers.ts';
import { modelRow } from '../../../domain/answers/model-row.ts';
import type { RouteGroup } from '../route-description.ts';

/** `/v1/providers` and `/v1/models`. */
export const LISTING_ROUTES: RouteGroup = {
  title: 'Lists',
  schemas: {
    Providers: providersAnswer,
    Provider: providerAnswer,
    ProviderDetail: providerDetailAnswer,
    ModelRow: modelRow,
    Models: modelsAnswer,
    Model: modelAnswer,
  },
  routes: [
    {
      method: 'get',
      path: '/v1/providers',
      id: 'listProviders',
      summary: 'Providers that count, with their origin and how they are authenticated',
      token: 'needed',
      query: {
        all: {
          meaning: 'true: also catalog providers that nothing here can authenticate with',
          schema: z.enum(['true', 'false']),
        },
      },
      answers: [{ status: 200, description: 'The providers', schema: providersAnswer }],
      errors: [],
    },
    {
      method: 'get',
      path: '/v1/providers/:id',
      id: 'getProvider',
      summary: 'One provider with its models',
      token: 'needed',
      pathParameters: { id: 'Id of the provider' },
      answers: [{ status: 200, description: 'The provider', schema: providerDetailAnswer }],
      errors: ['unknown-provider', 'config-invalid'],
    },
    {
      method: 'get',
      path: '/v1/models',
      id: 'listModels',
      summary: "Every model that a request could use now, in the list shape of OpenAI's API",
      token: 'needed',
      answers: [{ status: 200, description: 'The models', schema: modelsAnswer }],
      errors: [],
    },
  ],
};
