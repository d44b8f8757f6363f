import { homeRealm } from '../core/cache/entities.ts'
import type { ConfidentialClientApplication } from '../core/client/confidential-client-application.ts'
import { contextOf } from '../core/client/context.ts'
import type { PublicClientApplication } from '../core/client/public-client-application.ts'
import { ClientAuthError, ClientConfigurationError, InteractionRequiredAuthError, isAuthError } from '../core/errors.ts'
import type { AccountInfo, TokenResult, UserResult } from '../core/types.ts'
import { unlessAborted } from './abort-signal.ts'
import { authorityFor } from './tenant.ts'
import type { ManagedIdentityLike } from './token-credential.ts'

/** What every call of the app takes from that of a client of the Azure SDK. */
interface CallOptions {
  signal?: AbortSignal
  timeout?: number
  claimsChallenge?: string
}

/** Asks an app for a token. */
export type Ask = (scopes: readonly string[], call: CallOptions, tenantId: string | undefined) => Promise<TokenResult>

/** For the application itself. */
export function asApplication(app: ConfidentialClientApplication, others: readonly string[]): Ask {
  const { tenant: own } = contextOf(app).authority
  return async (scopes, call, tenantId) => {
    const authority = await authorityFor(app, tenantId, { own, others }, call)
    return app.acquireTokenForClient({ scopes, ...call, ...(authority && { authority }) })
  }
}

/** For the caller of an API. Under `common` and its like the tenant is that of the assertion, whatever the service names. */
export function onBehalfOf(app: ConfidentialClientApplication, userAssertion: string): Ask {
  const { tenant, multiTenant } = contextOf(app).authority
  return async (scopes, call, tenantId) => {
    if (!multiTenant) await authorityFor(app, tenantId, { own: tenant, others: [] }, call)
    return app.acquireTokenOnBehalfOf({ userAssertion, scopes, ...call })
  }
}

/** For a machine. */
export function asManagedIdentity(app: ManagedIdentityLike): Ask {
  return async ([scope = '', ...more], call) => {
    if (more.length) throw new ClientConfigurationError('invalid_argument', 'A managed identity gets a token for one resource at a time.')
    return app.acquireTokenForClient({ resource: scope.replace(/\/\.default$/, ''), ...call })
  }
}

/** For somebody who has signed in, and may be asked to do so again. */
export function ofAccount(app: PublicClientApplication, account: AccountInfo, interactive: boolean, allowed: readonly string[]): Ask {
  const { tenant } = contextOf(app).authority
  const { homeAccountId, tenantId: signedInAt, username } = account
  const own = homeRealm(tenant, homeAccountId)
  const others = [...allowed, signedInAt]
  /** The page that is shown, for all who wait. */
  let page: Promise<UserResult> | undefined

  async function show(scopes: readonly string[], { signal, claimsChallenge }: CallOptions): Promise<UserResult> {
    const claims = claimsChallenge && { claimsChallenge }
    const result = await app.acquireTokenInteractive({
      scopes,
      ...claims,
      ...(signal && { signal }),
      ...(username && { loginHint: username }),
    })
    if (result.account.homeAccountId === homeAccountId) return result
    throw new ClientAuthError('account_mismatch', 'Somebody else has signed in.', result)
  }

  return async (scopes, call, tenantId) => {
    const authority = await authorityFor(app, tenantId, { own, others }, call)
    for (;;) {
      let required: InteractionRequiredAuthError
      try {
        const result = await app.acquireTokenSilentWithError({ scopes, account, ...call, ...(authority && { authority }) })
        if (result) return result
        required = nothingCached()
      } catch (error) {
        if (!isAuthError(error, 'interaction_required')) throw error
        required = error as InteractionRequiredAuthError
      }
      // The page is that of the app's own tenant.
      if (!interactive || authority) throw required
      if (!page) {
        const { claims = call.claimsChallenge } = required
        page = show(scopes, { ...call, ...(claims && { claimsChallenge: claims }) })
        try {
          return await page
        } finally {
          page = undefined
        }
      }
      // Once the person has signed in there may be a token for this call too.
      await unlessAborted(page, call.signal).catch((error) => {
        if (!isAuthError(error, 'aborted') || call.signal?.aborted) throw error
      })
    }
  }
}

function nothingCached(): InteractionRequiredAuthError {
  const error = new InteractionRequiredAuthError({ error: 'interaction_required', status: 0 })
  error.message = 'The cache has no token for this account and these scopes: sign in with acquireTokenInteractive.'
  return error
}
