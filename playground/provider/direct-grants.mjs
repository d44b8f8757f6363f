import { createLocalJWKSet, errors as joseErrors, jwtVerify } from 'jose'
import { samlGrants } from './federation.mjs'
import { offlineScope, resources, scopesOf } from './resources.mjs'
import { requestedContext, satisfies } from './sign-in-policy.mjs'
import { idTokenClaims } from './tokens.mjs'
import { isMember, userByName, userBySubject } from './users.mjs'

export const passwordGrant = 'password'
export const onBehalfOfGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** The grants that bring a person along instead of a code: for these, a scope without a resource means Graph. */
export const isDirect = (grantType) => [passwordGrant, onBehalfOfGrant, ...Object.values(samlGrants)].includes(grantType)

/**
 * Teaches a provider of oidc-provider the grants it does not have. Must run before the first request, which reads the clients.
 * `resourceServer(ctx, resource)` describes an API; it refuses one that does not exist.
 */
export function registerDirectGrants({ provider, errors, environment, tenant, clientOf, resourceServer }) {
  const { settings, keys, federation } = environment
  const signingKeys = createLocalJWKSet({ keys: keys.keys.map(({ kty, n, e, kid, alg, use }) => ({ kty, n, e, kid, alg, use })) })
  const refuse = (detail, more = {}) => Object.assign(new errors.InvalidGrant(detail), more)

  provider.registerGrantType(passwordGrant, checkPassword, ['username', 'password', 'scope', 'resource'])
  provider.registerGrantType(onBehalfOfGrant, checkAssertion, ['assertion', 'requested_token_use', 'scope', 'resource'])

  async function checkPassword(ctx) {
    const { username = '', password } = ctx.oidc.params
    const user = userByName(username)
    if (!user || !isMember(user, tenant?.id)) throw refuse('unknown user name')
    // The cloud does not know the password of a federated person.
    if (user.federated || user.password !== password) throw refuse('wrong password')
    return answer(ctx, user, 'c1')
  }

  async function checkAssertion(ctx) {
    const { assertion = '', requested_token_use: use } = ctx.oidc.params
    if (use !== 'on_behalf_of') throw new errors.InvalidRequest('missing required parameter requested_token_use')
    const { sub, scp, acrs = [] } = await verify(assertion, clientOf(ctx.oidc.client))
    const user = scp && userBySubject(sub)
    if (!user) throw refuse('assertion of an application')
    if (!settings.onBehalfOfConsent) throw refuse('consent is missing')
    return answer(ctx, user, acrs.find((context) => context !== 'c1') ?? 'c1')
  }

  for (const name of Object.values(samlGrants)) provider.registerGrantType(name, checkFederated, ['assertion', 'scope', 'resource'])

  async function checkFederated(ctx) {
    const { subject, isOver } = federation.find(ctx.oidc.params.assertion) ?? {}
    if (isOver) throw refuse('assertion is expired')
    const user = userBySubject(subject)
    if (!user || !isMember(user, tenant?.id)) throw refuse('assertion is not valid')
    return answer(ctx, user, 'c1')
  }

  /** The claims of an access token that this tenant issued for the API that presents it. */
  async function verify(assertion, client) {
    let claims
    try {
      claims = (await jwtVerify(assertion, signingKeys, { algorithms: ['RS256'], clockTolerance: 5 })).payload
    } catch (error) {
      throw refuse(error instanceof joseErrors.JWTExpired ? 'assertion is expired' : 'assertion is not valid')
    }
    if (claims.tid !== tenant?.id) throw refuse('assertion is not valid')
    if (![client.identifierUri, client.clientId].includes(claims.aud)) throw refuse('assertion audience')
    return claims
  }

  /** What the token endpoint answers for a person who was recognized: `acr` is the authentication context of their sign-in. */
  async function answer(ctx, user, acr) {
    const { oidc } = ctx
    const claims = oidc.body.claims
    if (!satisfies(requestedContext(claims), acr)) {
      throw Object.assign(new errors.InteractionRequired('the authentication context is not satisfied'), { claims })
    }
    const { client, params } = oidc
    const scope = params.scope ?? ''
    const scopes = scope.split(' ')
    oidc.entity('Account', { accountId: user.subject })
    oidc.entity('SignIn', { acr })
    const grantId = await grantEverything(provider, user.subject, client.clientId).save()
    const signedIn = { accountId: user.subject, client, grantId, gty: 'direct', expiresWithSession: false }

    const { resource } = params
    const described = resourceServer(ctx, resource)
    const accessToken = new provider.AccessToken(signedIn)
    accessToken.resourceServer = new provider.ResourceServer(resource, described)
    accessToken.scope = scopes.filter((name) => scopesOf(resource).includes(name)).join(' ')
    oidc.entity('AccessToken', accessToken)

    ctx.body = {
      access_token: await accessToken.save(),
      expires_in: accessToken.expiration,
      token_type: accessToken.tokenType,
      scope: accessToken.scope,
      ...(scopes.includes(offlineScope) ? { refresh_token: await refreshToken() } : {}),
      ...(scopes.includes('openid') ? { id_token: await idToken() } : {}),
    }

    function refreshToken() {
      const now = Math.floor(Date.now() / 1000)
      return new provider.RefreshToken({ ...signedIn, acr, amr: ['pwd'], authTime: now, resource, scope, rotations: 0 }).save()
    }

    function idToken() {
      const token = new provider.IdToken({ sub: user.subject, ...idTokenClaims(user, tenant) }, { ctx })
      token.scope = scopes.filter((name) => ['openid', 'profile', 'email'].includes(name)).join(' ')
      return token.issue({ use: 'idtoken' })
    }
  }
}

/** Consent is implied: a grant of everything there is. */
export function grantEverything(provider, accountId, clientId) {
  const grant = new provider.Grant({ accountId, clientId })
  grant.addOIDCScope(`openid profile email ${offlineScope}`)
  for (const resource of [...Object.keys(resources), `api://${clientId}`]) {
    grant.addResourceScope(resource, scopesOf(resource).join(' '))
  }
  return grant
}
