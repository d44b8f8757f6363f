/** The APIs that tokens are issued for. Scopes are written `{resource}/{name}`; a name without a resource belongs to Graph. */
export const graph = 'https://graph.microsoft.com'

export const resources = {
  [graph]: { audience: graph, scopes: ['User.Read', 'User.Read.All', 'Mail.Read'], roles: ['User.Read.All'] },
  'https://storage.azure.com': { audience: 'https://storage.azure.com', scopes: ['user_impersonation'], roles: [] },
  'api://notes': { audience: 'api://notes', scopes: ['Notes.Read', 'Notes.Write'], roles: ['Notes.Read.All'] },
}

export const openidScopes = ['openid', 'profile', 'email', 'offline_access']

/**
 * How `offline_access` travels inside: oidc-provider grants it with `prompt=consent` only, Entra whenever it is asked for.
 */
export const offlineScope = 'offline'

/** The scope strings of a resource as they are stored: `.default` included, Graph's without a prefix, everyone else's with it. */
export function scopesOf(resource) {
  const names = [...(resources[resource]?.scopes ?? []), '.default']
  return names.map((name) => (resource === graph && name !== '.default' ? name : `${resource}/${name}`))
}

/** Whether tokens can be had for a resource: an API above, or the client itself. */
export const isKnown = (resource, clientId) => resource in resources || resource === `api://${clientId}`

/** The first of the scopes that belongs to a resource but is not offered by it. */
export function unknownScope(resource, scopes) {
  const offered = scopesOf(resource)
  const belongs = (scope) => scope.startsWith(`${resource}/`) || (resource === graph && !scope.includes('/'))
  return scopes.find((scope) => belongs(scope) && ![...offered, ...openidScopes, offlineScope].includes(scope))
}

/** Splits a scope string into the OpenID scopes and, per resource, the scopes in their stored spelling. Unknown ones pass unchanged. */
export function parseScopes(text = '', clientId = undefined) {
  const openid = []
  const byResource = new Map()
  for (const scope of text.split(' ').filter(Boolean)) {
    const lower = scope.toLowerCase()
    if ([...openidScopes, offlineScope].includes(lower)) {
      openid.push(lower === 'offline_access' ? offlineScope : lower)
      continue
    }
    const resource = resourceOf(scope, clientId)
    const wanted = lower.replace(`${graph}/`, '')
    const known = scopesOf(resource).find((candidate) => [lower, wanted].includes(candidate.toLowerCase()))
    const stored = scope === clientId ? `${resource}/.default` : (known ?? scope)
    byResource.set(resource, [...(byResource.get(resource) ?? []), stored])
  }
  return { openid, byResource }
}

function resourceOf(scope, clientId) {
  const cut = scope.lastIndexOf('/')
  if (scope === clientId) return `api://${clientId}`
  if (cut < 0) return graph
  const prefix = scope.slice(0, cut)
  if (prefix === clientId) return `api://${clientId}`
  return Object.keys(resources).find((name) => name.toLowerCase() === prefix.toLowerCase()) ?? prefix
}

/** The short names that go into `scp`: what was granted, or everything the API offers when `.default` was. */
export function shortNames(resource, granted) {
  const names = granted.map((scope) => scope.slice(scope.lastIndexOf('/') + 1))
  return names.includes('.default') ? (resources[resource]?.scopes ?? []) : names
}
