/** Requests of a token that is limited to one provider, for what belongs to others. Each is 403. */

/** Who is limited to what, and what stands beyond. */
export interface Limits {
  /** The only provider of the token. */
  readonly own: string;
  /** A provider beyond it, with a model of it that is the default model and has the alias. */
  readonly other: string;
  readonly model: string;
  readonly alias: string;
}

/** Paths to GET, each with the reason. */
export function pathsBeyond({
  own,
  other,
  model,
  alias,
}: Limits): readonly (readonly [path: string, why: string])[] {
  const encoded = `%${(other.codePointAt(0) ?? 0).toString(16)}${other.slice(1)}`;
  return [
    ['/v1/resolve', 'the default model is another provider’s'],
    [`/v1/resolve?model=${model}`, 'another provider'],
    [`/v1/resolve?model=${alias}`, 'an alias of another provider’s model'],
    [`/v1/resolve?provider=${other}`, 'another provider alone'],
    [`/v1/resolve?provider=${other.toUpperCase()}`, 'in another spelling'],
    ['/v1/resolve?model=nobody/nothing', 'one that nobody defines'],
    ['/v1/resolve?model=gpt-5', 'no provider at all'],
    ['/v1/resolve?resolution=rs_forged.forged', 'a forged resolution'],
    [`/v1/explain?model=${model}`, 'the explanation of it'],
    [`/v1/providers/${other}`, 'its list entry'],
    [`/v1/providers/${encoded}`, 'the same, encoded'],
    [`/v1/aws/credentials/${other}`, 'its keys for AWS clients'],
    ['/v1/discovery', 'the machine’s runtimes'],
    ['/v1/events', 'what happens'],
    ['/v1/snapshot', 'everything'],
    [`/v1/setup/${own}`, 'a set-up'],
    ['/v1/tokens', 'the tokens'],
    ['/v1/nothing', 'no route'],
    ['/metrics', 'the counts'],
  ];
}

/** Requests that change something, by method and path. */
export function changesBeyond({
  own,
}: Pick<Limits, 'own'>): readonly (readonly [method: string, path: string])[] {
  return [
    ['POST', '/v1/discovery/scan'],
    ['POST', `/v1/setup/${own}`],
    ['POST', '/v1/logins'],
    ['POST', '/v1/tokens/lease'],
    ['PUT', '/v1/default-model'],
  ];
}
