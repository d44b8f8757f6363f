/**
 * The second API: `GET /me` with the scope User.Read of the look-alike's Graph. It stands behind the first one, which calls it on behalf
 * of its own callers.
 */
export function answerProfile(claims) {
  if (!claims) return { status: 401, body: { error: 'invalid_token' } }
  if (!claims.scp?.split(' ').includes('User.Read')) return { status: 403, body: { error: 'insufficient_scope' } }
  return {
    status: 200,
    body: { displayName: claims.name, userPrincipalName: claims.preferred_username, id: claims.oid, calledBy: claims.azp },
  }
}

/**
 * What the first API has to ask the second: a token for it, on behalf of whoever called. The library is loaded with the first call, because
 * the playground itself runs without a build.
 */
export function createDelegate({ provider, profileUrl }) {
  const { clientId, secret } = provider.clients.api
  const clients = new Map()

  /** One client a tenant: each caches the tokens of its callers, under the token that they came with. */
  async function clientOf(tenantId) {
    const { ConfidentialClientApplication } = await import('msal-isomorphic')
    const options = { clientId, clientCredential: secret, clientCapabilities: ['CP1'] }
    const authority = provider.authority({ id: tenantId })
    if (!clients.has(tenantId)) {
      clients.set(tenantId, new ConfidentialClientApplication({ ...options, authority, knownAuthorities: [new URL(authority).host] }))
    }
    return clients.get(tenantId)
  }

  return {
    /** Asks the second API, or tells the refusal of the provider: `claims` are for the caller, who can sign in again with them. */
    async ask({ token, tenantId }) {
      const { isAuthError } = await import('msal-isomorphic')
      try {
        const app = await clientOf(tenantId)
        const result = await app.acquireTokenOnBehalfOf({
          userAssertion: token,
          scopes: ['https://graph.microsoft.com/User.Read'],
        })
        const response = await fetch(profileUrl, { headers: { authorization: `Bearer ${result.accessToken}` } })
        return { status: response.status, body: await response.json(), tokenSource: result.tokenSource }
      } catch (error) {
        if (!isAuthError(error)) throw error
        return { refusal: { code: error.code, error: error.error, claims: error.claims } }
      }
    },

    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()))
    },
  }
}
