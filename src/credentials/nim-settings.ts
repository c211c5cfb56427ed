/** What the environment says of NVIDIA NIM: the hosted service or a server of one's own, its model, its window. */
import { sameSocket } from '../domain/base-url.ts';
import { isMetadataHost } from '../domain/metadata-host.ts';
import { NIM_SERVICE } from '../domain/nim-service.ts';
import { isPrivateHost } from '../domain/private-host.ts';
import { hasControlCharacters } from '../domain/untrusted-text.ts';
import { type Environment, variable } from '../platform/paths.ts';

/** The variables, checked. */
export interface NimSettings {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  /** True for any server but the hosted one: it needs no key unless it says so itself. */
  readonly selfHosted: boolean;
  /** True when that server is on this machine or in a private network, by its parsed address. */
  readonly isPrivate: boolean;
  /** Model id without `nim/` before it. */
  readonly model?: string;
  /** Tokens. */
  readonly contextLength?: number;
  /** What is wrong with the variables, in words that name them and show no value. */
  readonly defects: readonly string[];
}

/** Reads `JAATO_NIM_BASE_URL`, `JAATO_NIM_MODEL` and `JAATO_NIM_CONTEXT_LENGTH`. */
export function readNimSettings(env: Environment): NimSettings {
  const defects: string[] = [];
  const where = readBaseUrl(variable(env, 'JAATO_NIM_BASE_URL'), defects);
  const model = variable(env, 'JAATO_NIM_MODEL')?.replace(/^nim\//, '');
  if (model !== undefined && hasControlCharacters(model)) {
    defects.push('JAATO_NIM_MODEL holds control characters');
  }
  const length = variable(env, 'JAATO_NIM_CONTEXT_LENGTH');
  if (length !== undefined && !/^[1-9]\d{0,8}$/.test(length)) {
    defects.push('JAATO_NIM_CONTEXT_LENGTH must be a whole number of tokens, 1 or more');
  }
  return {
    ...where,
    ...(model === undefined ? {} : { model }),
    ...(length === undefined ? {} : { contextLength: Number(length) }),
    defects,
  };
}

type Where = Pick<NimSettings, 'baseUrl' | 'selfHosted' | 'isPrivate'>;

const HOSTED: Where = { baseUrl: NIM_SERVICE.baseUrl, selfHosted: false, isPrivate: false };

function readBaseUrl(text: string | undefined, defects: string[]): Where {
  if (text === undefined) return HOSTED;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    defects.push('JAATO_NIM_BASE_URL must be an http or https URL');
    return HOSTED;
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    defects.push('JAATO_NIM_BASE_URL must not hold a user name, a password or a query');
    return HOSTED;
  }
  if (isMetadataHost(url.hostname)) {
    defects.push('JAATO_NIM_BASE_URL leads to the metadata service of a cloud');
    return HOSTED;
  }
  const path = url.pathname.replace(/\/+$/, '');
  // A bare host means the place where every NIM container has its API.
  const baseUrl = `${url.origin}${path === '' ? '/v1' : path}`;
  const selfHosted = !sameSocket(baseUrl, NIM_SERVICE.baseUrl);
  return { baseUrl, selfHosted, isPrivate: selfHosted && isPrivateHost(url.hostname) };
}
