/** Where a person begins a login: the same words wherever one is needed. */

/** A command for people and a route for programs. */
export function loginHint(providerId: string): string {
  return `Log in: provider-sidecar oauth login ${providerId} (programs: POST /v1/logins with {"provider": "${providerId}"})`;
}
