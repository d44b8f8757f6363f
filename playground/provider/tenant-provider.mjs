import { namesCertificate, originAllowed, redirectUriAllowed, toMetadata } from './clients.mjs'
import { grantEverything, registerDirectGrants } from './direct-grants.mjs'
import { isKnown, offlineScope, resources, scopesOf, unknownScope } from './resources.mjs'
import { requestedContext, satisfies, signInPolicy } from './sign-in-policy.mjs'
import { claimsByScope, idTokenClaims, shapeAccessToken } from './tokens.mjs'
import { isMember, userBySubject } from './users.mjs'

/**
 * One `Provider` of oidc-provider: it has one issuer, so each tenant has one, and so has each shared name. Those of the shared names
 * only sign people in; their tokens come from the provider of the home tenant.
 */
export function createTenantProvider({ library, key, tenant, environment }) {
  const { Provider, errors, interactionPolicy } = library
  const { base, clients, settings, store, keys, pages } = environment
  const clientOf = ({ clientId }) => Object.values(clients).find((client) => client.clientId === clientId)
  const secure = base.startsWith('https:')
  const cookie = { httpOnly: true, overwrite: true, signed: true, sameSite: secure ? 'none' : 'lax', secure }

  function resourceServer(ctx, resource) {
    if (!isKnown(resource, ctx.oidc.client.clientId)) throw new errors.InvalidTarget(`the resource ${resource} does not exist`)
    const unknown = unknownScope(resource, [...ctx.oidc.requestParamScopes])
    if (unknown) throw new errors.InvalidScope('the scope does not exist on the resource', unknown)
    if (ctx.oidc.params.grant_type === 'client_credentials' && ctx.oidc.params.scope !== `${resource}/.default`) {
      throw new errors.InvalidScope('the scope must be {resource}/.default', ctx.oidc.params.scope)
    }
    const audience = resources[resource]?.audience ?? ctx.oidc.client.clientId
    return { audience, scope: scopesOf(resource).join(' '), accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }
  }

  /** Consent is implied: every sign-in starts with a grant of everything there is. */
  async function implyConsent({ oidc }) {
    const grant = grantEverything(oidc.provider, oidc.account.accountId, oidc.client.clientId)
    await grant.save()
    return grant
  }

  /** The last word on a refresh before anything is spent: conditional access. */
  function beforeRefresh({ oidc }) {
    if (!satisfies(requestedContext(oidc.body.claims), oidc.refreshToken.acr)) {
      throw Object.assign(new errors.InteractionRequired('the authentication context is not satisfied'), { claims: oidc.body.claims })
    }
    const spa = clientOf(oidc.client).type === 'spa'
    return settings.rotateRefreshTokens || spa
  }

  function refreshTokenSeconds(_ctx, token, client) {
    const { spaRefreshTokenSeconds, refreshTokenSeconds: seconds } = settings
    if (clientOf(client).type !== 'spa') return seconds
    const age = token.iiat ? Math.floor(Date.now() / 1000) - token.iiat : 0
    return Math.max(1, spaRefreshTokenSeconds - age)
  }

  const provider = new Provider(tenant ? `${base}/${key}/v2.0` : `${base}/${key}`, {
    adapter: store.adapterFor(key),
    clients: Object.values(clients).map(toMetadata),
    jwks: keys,
    cookies: {
      keys: environment.cookieKeys,
      names: { session: 'ESTSAUTH', interaction: 'ESTSINTERACTION', resume: 'ESTSRESUME' },
      long: cookie,
      short: cookie,
    },
    routes: {
      authorization: `/${key}/oauth2/v2.0/authorize`,
      token: `/${key}/oauth2/v2.0/token`,
      device_authorization: `/${key}/oauth2/v2.0/devicecode`,
      code_verification: `/${key}/oauth2/v2.0/deviceauth`,
      end_session: `/${key}/oauth2/v2.0/logout`,
      jwks: `/${key}/discovery/v2.0/keys`,
    },
    scopes: ['openid', 'offline_access', offlineScope, 'profile', 'email'],
    claims: claimsByScope,
    conformIdTokenClaims: false,
    responseTypes: ['code', 'none'],
    extraParams: ['claims', 'client_info', 'domain_hint'],
    enabledJWA: { clientAuthSigningAlgValues: ['RS256', 'PS256'] },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    clientBasedCORS: (_ctx, origin, client) => settings.anyOrigin || originAllowed(clientOf(client), origin),
    pkce: { required: (_ctx, client) => clientOf(client).type === 'spa' },
    clockTolerance: 300,
    expiresWithSession: () => false,
    issueRefreshToken: (_ctx, client, source) => client.grantTypeAllowed('refresh_token') && source.scopes.has(offlineScope),
    rotateRefreshToken: beforeRefresh,
    loadExistingGrant: implyConsent,
    findAccount(_ctx, subject) {
      const user = userBySubject(subject)
      const directory = tenant ?? (user && { id: user.homeTenantId })
      if (!user || !isMember(user, directory.id)) return undefined
      return { accountId: subject, claims: () => idTokenClaims(user, directory) }
    },
    assertJwtClientAuthClaimsAndHeader(_ctx, _claims, header, client) {
      if (!namesCertificate(clientOf(client), header)) throw new errors.InvalidClientAuth('unknown certificate thumbprint')
    },
    ttl: {
      AccessToken: () => settings.accessTokenSeconds,
      ClientCredentials: () => settings.accessTokenSeconds,
      IdToken: () => settings.idTokenSeconds,
      RefreshToken: refreshTokenSeconds,
      AuthorizationCode: () => settings.codeSeconds,
      DeviceCode: () => settings.deviceCodeSeconds,
      Grant: 365 * 86_400,
      Interaction: 3600,
      Session: 86_400,
    },
    formats: {
      customizers: { jwt: (ctx, token, jwt) => shapeAccessToken({ ctx, token, jwt, tenant, client: clientOf(ctx.oidc.client) }) },
    },
    interactions: { policy: signInPolicy(interactionPolicy, tenant), url: (_ctx, { uid }) => `/${key}/login/${uid}` },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      claimsParameter: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: {
        enabled: true,
        charset: 'base-20',
        mask: '****-****',
        userCodeInputSource: pages.deviceCode,
        userCodeConfirmSource: pages.deviceConfirm,
        successSource: pages.deviceDone,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx, _client, oneOf) => oneOf?.[0],
        useGrantedResource: () => true,
        getResourceServerInfo: resourceServer,
      },
      rpInitiatedLogout: { enabled: true, logoutSource: pages.signOut, postLogoutSuccessSource: pages.signedOut },
    },
    renderError: pages.error,
  })

  registerDirectGrants({ provider, errors, environment, tenant, clientOf, resourceServer })

  // Registered redirect URIs match as Entra matches them, and an assertion may name the token endpoint as the client addressed it.
  for (const method of ['redirectUriAllowed', 'postLogoutRedirectUriAllowed']) {
    provider.Client.prototype[method] = function allowed(uri) {
      return redirectUriAllowed(clientOf(this), uri)
    }
  }
  const expectedAudience = provider.OIDCContext.prototype.clientJwtAuthExpectedAudience
  provider.OIDCContext.prototype.clientJwtAuthExpectedAudience = function audiences() {
    return expectedAudience.call(this).add(this.ctx.req.addressedUrl)
  }
  provider.proxy = true
  return provider
}
