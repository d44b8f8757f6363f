/** What a test may choose. `provider.settings` is live: a change counts from the next request on. */
export const defaults = {
  accessTokenSeconds: 3600,
  idTokenSeconds: 3600,
  refreshTokenSeconds: 90 * 86_400,
  /** Refresh tokens of single-page applications live for a day, and rotation does not prolong them. */
  spaRefreshTokenSeconds: 86_400,
  /** Seconds until a token should be renewed ahead of its end; undefined: half the lifetime of tokens that live two hours or more. */
  refreshInSeconds: undefined,
  /** A new refresh token with every refresh. */
  rotateRefreshTokens: true,
  /** How long a used refresh token still works, in seconds. Entra does not revoke them; 0 makes a second use revoke the whole chain. */
  rotationGraceSeconds: Number.POSITIVE_INFINITY,
  codeSeconds: 600,
  deviceCodeSeconds: 900,
  /** Seconds between two polls, as the answer to a device code request announces it. */
  deviceCodeInterval: 5,
  /** Answers `slow_down` to whoever asks for a device code sooner than that, and wants five seconds more from then on. */
  deviceCodeSlowDown: true,
  /** Whether people have agreed that an API calls another on their behalf. */
  onBehalfOfConsent: true,
  /** Answers pages of every origin, whatever the client; Entra answers those of single-page applications only. */
  anyOrigin: false,
  /** How long an assertion of the federated company is good. */
  samlAssertionSeconds: 600,
}

export function refreshIn({ accessTokenSeconds, refreshInSeconds }) {
  if (refreshInSeconds !== undefined) return refreshInSeconds ?? undefined
  return accessTokenSeconds >= 7200 ? Math.floor(accessTokenSeconds / 2) : undefined
}
