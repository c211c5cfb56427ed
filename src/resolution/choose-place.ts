/**
 * Which of the places that hold a credential serves a request. In their order, except that one whose provider
 * refused it is passed over: for good while the key is the same (401), else only as long as another one is left.
 */
import { type CoolDown, type CoolDownReason, isDead } from '../domain/cool-down.ts';
import type { ResolvedAuth } from '../domain/auth.ts';
import { coolDownNow } from '../credentials/credential-health.ts';
import { toIso } from '../platform/clock.ts';
import type { AuthPlace } from './auth-place.ts';

/** A place that holds a credential. */
type Hit = Extract<AuthPlace, { kind: 'hit' }>;

/** What the choice depends on besides the places. */
export interface ChoiceRequest {
  /** The model that the credential is for; left out: the provider alone. */
  readonly ref?: string;
  /** True for the credential that a request has begun with: it is used, whatever cool-down it has. */
  readonly isPinned?: (auth: ResolvedAuth) => boolean;
  /** Unix milliseconds. */
  readonly now: number;
}

/**
 * Marks a place with what is known of its credential.
 *
 * @param history every cool-down that this version of the credential had
 */
export function judgePlace(place: Hit, history: readonly CoolDown[], request: ChoiceRequest): Hit {
  if (history.length === 0) return place;
  const { ref = null, isPinned, now } = request;
  const coolDown = coolDownNow(history, ref, now);
  // A request that began elsewhere because of this one's cool-down must not come back to it.
  const setAside = isPinned === undefined ? coolDown !== undefined : !isPinned(place.auth);
  const notes = [place.note, coolDown === undefined ? undefined : coolDownText(coolDown)];
  const note = notes.filter((text) => text !== undefined).join('; ');
  return {
    ...place,
    ...(note === '' ? {} : { note }),
    ...(coolDown === undefined ? {} : { coolDown }),
    ...(setAside ? { setAside } : {}),
  };
}

/** True for a place behind which no weaker one is looked at. */
export function isAnswer(place: AuthPlace): boolean {
  return place.kind === 'hit' && place.setAside !== true;
}

/**
 * The place whose credential is used. Where all are cooling down it is the one whose cool-down ends first:
 * a limit may be lifted early, and only the provider knows. Undefined where there is none, or only dead ones.
 */
export function chosenPlace(places: readonly AuthPlace[]): Hit | undefined {
  const hits = places.flatMap((place) => (place.kind === 'hit' ? [place] : []));
  const answer = hits.find(isAnswer);
  if (answer !== undefined) return isRefused(answer) ? undefined : answer;
  const end = ({ coolDown }: Hit): number => coolDown?.until ?? 0;
  return hits
    .filter((hit) => !isRefused(hit))
    .reduce<Hit | undefined>(
      (best, hit) => (best === undefined || end(hit) < end(best) ? hit : best),
      undefined,
    );
}

/** True for a place whose credential was refused for good: it holds a key, and the key is worth nothing. */
export function isRefused(place: AuthPlace): boolean {
  return place.kind === 'hit' && place.coolDown !== undefined && isDead(place.coolDown);
}

/** A cool-down in words. */
export function coolDownText({ reason, status, until, ref }: CoolDown): string {
  const what = `its provider refused it with ${status}${WORDS[reason]}`;
  const where = ref === null ? '' : ` for ${ref}`;
  if (until === null) return `${what}${where}; it is not used until it changes`;
  return `${what}${where}; others come first until ${toIso(until)}`;
}

const WORDS: Readonly<Record<CoolDownReason, string>> = {
  unauthorized: '',
  billing: ' (billing)',
  forbidden: ' (not permitted)',
  'rate-limit': ' (rate limit)',
  upstream: ' (the provider is in trouble)',
};
