/**
 * Base URLs of the catalog that are not complete until the machine's variables are looked at: an AWS
 * region, a Cloudflare account, a Google location, an Azure resource. What an operator wrote stays as it is.
 */
import type { EffectiveProvider, ProviderDefinition } from '../domain/provider.ts';
import { baseUrlFault } from './definition-fields.ts';
import { fieldOf, fileOf } from './origin-file.ts';
import { type Environment, firstVariable, variable } from '../platform/paths.ts';

/** A base URL that can be used, or what is missing for one. */
export type CompletedBaseUrl =
  | { readonly kind: 'complete'; readonly baseUrl: string }
  | { readonly kind: 'incomplete'; readonly detail: string; readonly hints: readonly string[] };

/** Placeholders of the catalog, and the variable that fills each where it is not the placeholder's own name. */
const PLACEHOLDER_VARIABLES: Readonly<Record<string, string>> = { location: 'GOOGLE_CLOUD_LOCATION' };

/** Google's global endpoint is the host without a location. */
const LOCATION_IN_HOST = '{location}-';

const REGION_VARIABLES = ['AWS_REGION', 'AWS_DEFAULT_REGION'] as const;

/**
 * @param template the base URL of the model or its provider, undefined when neither has one
 * @param catalog what the catalog says of the same provider
 */
export function completeBaseUrl(
  provider: EffectiveProvider,
  template: string | undefined,
  env: Environment,
  catalog: ProviderDefinition | undefined,
): CompletedBaseUrl {
  if (template !== undefined && template !== '' && !isCatalogText(provider, template, catalog)) {
    return complete(template);
  }
  const base = template ?? mostCommonBaseUrl(provider, catalog);
  if (provider.id === 'amazon-bedrock') return complete(withRegion(base, provider, env));
  if (provider.id === 'azure-openai-responses' && !base) return azureBaseUrl(env);
  if (base === undefined || base === '') {
    return {
      kind: 'incomplete',
      detail: 'it has no baseUrl',
      hints: [`Set ${fieldOf(provider.origin, provider.id, 'baseUrl')} in ${fileOf(provider.origin)}`],
    };
  }
  return fillPlaceholders(base, env);
}

/** Whether the catalog supplied the base URL: it fills the gaps of a cfg entry, also in single model rows. */
function isCatalogText(
  { origin, baseUrl, completedFromCatalog }: EffectiveProvider,
  template: string,
  catalog: ProviderDefinition | undefined,
): boolean {
  if (origin === 'catalog') return true;
  const saysItself = baseUrl !== undefined && !completedFromCatalog.includes('baseUrl');
  if (origin !== 'cfg' || saysItself || catalog === undefined) return false;
  return catalog.baseUrl === template || (catalog.models ?? []).some((model) => model.baseUrl === template);
}

function complete(baseUrl: string): CompletedBaseUrl {
  return { kind: 'complete', baseUrl };
}

/** The URL that most models have, for a question about the provider alone; only where the catalog wrote them. */
function mostCommonBaseUrl(
  provider: EffectiveProvider,
  catalog: ProviderDefinition | undefined,
): string | undefined {
  const counts = new Map<string, number>();
  for (const { baseUrl } of provider.models) {
    if (baseUrl === undefined || !isCatalogText(provider, baseUrl, catalog)) continue;
    counts.set(baseUrl, (counts.get(baseUrl) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

function withRegion(base: string | undefined, provider: EffectiveProvider, env: Environment): string {
  const region = provider.region ?? firstVariable(env, REGION_VARIABLES)?.value;
  if (region === undefined || !/^[a-z0-9-]+$/.test(region)) {
    return base ?? 'https://bedrock-runtime.us-east-1.amazonaws.com';
  }
  return `https://bedrock-runtime.${region}.amazonaws.com`;
}

function azureBaseUrl(env: Environment): CompletedBaseUrl {
  const url = variable(env, 'AZURE_OPENAI_BASE_URL');
  if (url !== undefined) {
    const fault = baseUrlFault(url);
    if (fault === undefined) return complete(url.replace(/\/+$/, ''));
    return {
      kind: 'incomplete',
      detail: `AZURE_OPENAI_BASE_URL ${fault}`,
      hints: ['Mend the variable AZURE_OPENAI_BASE_URL, or unset it'],
    };
  }
  const resource = variable(env, 'AZURE_OPENAI_RESOURCE_NAME');
  if (resource !== undefined && /^[\w-]+$/.test(resource)) {
    return complete(`https://${resource}.openai.azure.com/openai/v1`);
  }
  return {
    kind: 'incomplete',
    detail: 'the address of the Azure OpenAI resource is not known',
    hints: ['Set AZURE_OPENAI_BASE_URL or AZURE_OPENAI_RESOURCE_NAME'],
  };
}

function fillPlaceholders(template: string, env: Environment): CompletedBaseUrl {
  const missing: string[] = [];
  const isGlobal = variable(env, 'GOOGLE_CLOUD_LOCATION') === 'global';
  const baseUrl = (isGlobal ? template.replace(LOCATION_IN_HOST, '') : template).replaceAll(
    /\{(\w+)\}/g,
    (whole, placeholder: string) => {
      const name = PLACEHOLDER_VARIABLES[placeholder] ?? placeholder;
      const value = variable(env, name);
      // A value goes into the host or the path of a URL that receives a credential: plain words only, and no "..".
      if (value === undefined || !/^[\w-][\w.-]*$/.test(value)) {
        missing.push(name);
        return whole;
      }
      return value;
    },
  );
  if (missing.length === 0) return complete(baseUrl);
  return {
    kind: 'incomplete',
    detail: `its base URL needs ${missing.join(' and ')}`,
    hints: missing.map((name) => `Set ${name}`),
  };
}
