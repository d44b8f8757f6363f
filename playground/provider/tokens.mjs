import { createHash, randomBytes } from 'node:crypto'
import { isConfidential } from './clients.mjs'
import { graph, offlineScope, resources, shortNames } from './resources.mjs'
import { refreshIn } from './settings.mjs'
import { requestedContext } from './sign-in-policy.mjs'
import { userBySubject } from './users.mjs'

/** The claims about a person in an id token; oidc-provider picks by scope (`claimsByScope`). */
export function idTokenClaims(user, tenant) {
  return {
    oid: user.objectIds[tenant.id],
    tid: tenant.id,
    ver: '2.0',
    nbf: Math.floor(Date.now() / 1000),
    uti: unique(),
    name: user.name,
    preferred_username: user.username,
    email: user.username,
    ...(user.homeTenantId === tenant.id ? {} : { idp: `https://sts.windows.net/${user.homeTenantId}/` }),
  }
}

export const claimsByScope = {
  openid: ['sub', 'tid', 'ver', 'nbf', 'uti', 'idp'],
  profile: ['name', 'oid', 'preferred_username'],
  email: ['email'],
}

/** Rewrites the claims of an access token in place, from oidc-provider's to Entra's (version 2.0). */
export function shapeAccessToken({ ctx, token, jwt, tenant, client }) {
  const { payload } = jwt
  const { scope = '', jti, aud, iss, iat, exp } = payload
  const resource = token.resourceServer.identifier()
  const user = userBySubject(token.accountId)
  const claims = ctx.oidc.body?.claims
  const common = {
    aud,
    iss,
    iat,
    nbf: iat,
    exp,
    azp: client.clientId,
    azpacr: !isConfidential(client) ? '0' : client.certificate ? '2' : '1',
    tid: tenant.id,
    uti: jti,
    ver: '2.0',
    ...capabilities(claims),
  }
  jwt.header = { typ: 'JWT' }
  jwt.payload = user
    ? { ...common, ...delegated(user, tenant, shortNames(resource, scope.split(' '))), ...contexts(ctx, claims) }
    : { ...common, ...application(client, resource) }
}

function delegated(user, tenant, scopes) {
  const { name, username, objectIds, subject } = user
  return { sub: subject, oid: objectIds[tenant.id], name, preferred_username: username, scp: scopes.join(' ') || undefined }
}

function application(client, resource) {
  const objectId = createHash('sha256').update(client.clientId).digest('hex')
  const oid = objectId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5')
  return { sub: oid, oid, idtyp: 'app', roles: resources[resource]?.roles ?? [] }
}

/** The client's capabilities, as it declared them in the `claims` parameter. */
function capabilities(claims) {
  try {
    const { values } = JSON.parse(claims).access_token.xms_cc
    return { xms_cc: values }
  } catch {
    return {}
  }
}

/** The authentication contexts that the sign-in behind this token has satisfied. */
function contexts({ oidc }, claims) {
  const { acr } = oidc.entities.AuthorizationCode ?? oidc.entities.RefreshToken ?? oidc.entities.DeviceCode ?? oidc.entities.SignIn ?? {}
  const reached = [...new Set(['c1', acr].filter(Boolean))]
  return requestedContext(claims) || reached.length > 1 ? { acrs: reached } : {}
}

/** Adds what Entra's token endpoint says and oidc-provider does not. `form` is the request as the client sent it. */
export function shapeTokenResponse({ ctx, body, form, client, settings }) {
  const { oidc } = ctx
  const renewal = refreshIn(settings)
  const user = oidc.account && userBySubject(oidc.account.accountId)
  const { scope, ...rest } = body
  return {
    token_type: body.token_type,
    ...(user ? { scope: grantedScope(oidc, form, scope) } : {}),
    ...rest,
    ext_expires_in: body.expires_in,
    ...(renewal === undefined ? {} : { refresh_in: renewal }),
    ...(body.refresh_token && client.family ? { foci: client.family } : {}),
    ...(user && form.client_info === '1' ? { client_info: clientInfo(user) } : {}),
  }
}

/** Who signed in: the object id and tenant of the home account, also for a guest. */
export function clientInfo(user) {
  const info = { uid: user.objectIds[user.homeTenantId], utid: user.homeTenantId }
  return Buffer.from(JSON.stringify(info)).toString('base64url')
}

/** The API's scopes and the OpenID ones, but never `offline_access`. Graph's are spelled as they were asked for. */
function grantedScope(oidc, form, apiScopes = '') {
  const asked = oidc.params.scope ?? oidc.authorizationCode?.scope ?? oidc.deviceCode?.scope ?? ''
  const openid = asked.split(' ').filter((scope) => ['openid', 'profile', 'email'].includes(scope))
  const resource = oidc.accessToken?.resourceServer?.identifier()
  const granted = apiScopes.split(' ').filter((scope) => scope && scope !== offlineScope)
  const expanded = granted.some((scope) => scope.endsWith('/.default'))
    ? [...shortNames(resource, granted).map((name) => (resource === graph ? name : `${resource}/${name}`)), ...granted]
    : granted
  const prefixed = (form.scope ?? '').includes(`${graph}/`)
  const spelled = [...new Set(expanded)].map((scope) => (prefixed && !scope.includes('/') ? `${graph}/${scope}` : scope))
  return [...openid, ...spelled].join(' ')
}

const unique = () => randomBytes(16).toString('base64url')
