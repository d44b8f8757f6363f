import { type AccessToken, type GetTokenOptions, isTokenCredential, type TokenCredential } from '@azure/core-auth'
import { describe, expect, it } from 'vitest'
import { type AzureAccessToken, type GetAzureTokenOptions, toTokenCredential } from '../../src/azure/index.ts'
import { type AuthorizeRequest, ConfidentialClientApplication, PublicClientApplication, TokenCache } from '../../src/core/index.ts'
import { ManagedIdentityClient } from '../../src/node/index.ts'
import { fakeInteraction, fakeProvider, seed } from '../../src/testing/index.ts'

const clientId = 'azure-client'
const scope = 'https://storage.azure.com/.default'
const contoso = 'c0ffee00-0000-4000-8000-00000c0ffee0'
const fabrikam = 'fabfabfa-0000-4000-8000-000000000001'
const login = 'https://login.microsoftonline.com'

const tenantOf = (token: AzureAccessToken) => JSON.parse(Buffer.from(token.token.split('.')[1]!, 'base64url').toString()).tid
const invalid = { code: 'authority_invalid' }

function daemon(authority = `${login}/${contoso}`, options = {}) {
  const provider = fakeProvider({ authority, ...options })
  return { provider, app: new ConfidentialClientApplication({ clientId, clientCredential: 'secret', ...provider.clientOptions }) }
}

/** The pages that were shown. */
const shown: string[] = []

async function person(authority = `${login}/common`) {
  const provider = fakeProvider({ authority })
  const tokenCache = new TokenCache()
  const refreshToken = provider.issueRefreshToken({ clientId })
  const account = await seed(tokenCache, { clientId, authority, scopes: [scope], refreshToken })
  const interaction = fakeInteraction(provider)
  const begin: typeof interaction.begin = (context) => {
    const session = interaction.begin(context)
    const authorize = (request: AuthorizeRequest) => {
      shown.push(request.url)
      return session.authorize(request)
    }
    return { ...session, authorize }
  }
  return {
    provider,
    account,
    interaction,
    app: new PublicClientApplication({ clientId, ...provider.clientOptions, tokenCache, interaction: { ...interaction, begin } }),
  }
}

it('has the shape that the Azure SDK wants', async () => {
  const { app } = daemon()
  const credential: TokenCredential = toTokenCredential(app)
  expect(isTokenCredential(credential)).toBe(true)
  // In either direction, as the SDK passes and takes them.
  const options: GetAzureTokenOptions = { enableCae: true } as GetTokenOptions
  const token: AccessToken = await toTokenCredential(app).getToken(scope, options)
  expect(Object.keys(token).sort()).toEqual(['expiresOnTimestamp', 'token', 'tokenType'])
  // @ts-expect-error whose tokens?
  expect(() => toTokenCredential(new PublicClientApplication({ clientId }))).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  // @ts-expect-error it shows no page
  expect(() => toTokenCredential(app, { account: { homeAccountId: 'a.b' }, interactive: true })).toThrow('account')
  // @ts-expect-error a page acts for nobody
  expect(() => toTokenCredential(new PublicClientApplication({ clientId }), { userAssertion: 'x' })).toThrow('options')
  // @ts-expect-error nothing is no app
  expect(() => toTokenCredential(undefined)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  // @ts-expect-error it has no accounts
  expect(() => toTokenCredential(new ManagedIdentityClient(), { account: { homeAccountId: 'a.b' } })).toThrow('options')
})

it('tells when the token is over and when it wants to be renewed, in milliseconds', async () => {
  const { app } = daemon(undefined, { refreshIn: 1_800_000 })
  const { expiresOnTimestamp, refreshAfterTimestamp, tokenType } = await toTokenCredential(app).getToken([scope])
  expect(expiresOnTimestamp - Date.now()).toBeGreaterThan(3_590_000)
  expect(expiresOnTimestamp - refreshAfterTimestamp!).toBe(1_800_000)
  expect(tokenType).toBe('Bearer')
})

describe('a tenant that a service names', () => {
  it.each([
    ['is the app’s', contoso, [], contoso],
    ['is the app’s, in capitals', contoso.toUpperCase(), [], contoso],
    ['is listed', fabrikam, [fabrikam.toUpperCase()], fabrikam],
    ['may be any', fabrikam, ['*'], fabrikam],
  ])('%s', async (_, tenantId, additionallyAllowedTenants, expected) => {
    const credential = toTokenCredential(daemon().app, { additionallyAllowedTenants })
    expect(tenantOf(await credential.getToken(scope, { tenantId }))).toBe(expected)
  })

  it('is refused, without a request, where it is neither', async () => {
    const { provider, app } = daemon()
    const refuse = (additionallyAllowedTenants: string[], tenantId: string) =>
      expect(toTokenCredential(app, { additionallyAllowedTenants }).getToken(scope, { tenantId })).rejects.toMatchObject(invalid)
    await refuse([], fabrikam)
    await refuse([contoso], fabrikam)
    for (const tenantId of ['../x', 'a/b', 'a?b', 'a@b', '', '*']) await refuse(['*'], tenantId)
    expect(provider.requests.filter(({ endpoint }) => endpoint === 'token')).toEqual([])
  })

  it('is the app’s by its id, where the app knows it by its domain', async () => {
    const { provider, app } = daemon(`${login}/contoso.example`)
    const credential = toTokenCredential(app)
    await credential.getToken(scope)
    expect(tenantOf(await credential.getToken(scope, { tenantId: contoso }))).toBe(contoso)
    await expect(credential.getToken(scope, { tenantId: fabrikam })).rejects.toMatchObject(invalid)
    expect(provider.requests.map(({ endpoint }) => endpoint)).toEqual(['discovery', 'token'])
  })

  it('means nothing to a provider without tenants', async () => {
    const provider = fakeProvider({ oidcAuthority: 'https://idp.example/realm' })
    const app = new ConfidentialClientApplication({ clientId, clientCredential: 'secret', ...provider.clientOptions })
    expect((await toTokenCredential(app).getToken(scope, { tenantId: fabrikam })).token).toMatch(/^eyJ/)
  })

  it('is that of the account, or listed', async () => {
    const { provider, app, account } = await person()
    const credential = toTokenCredential(app, { account })
    expect((await credential.getToken(scope, { tenantId: contoso })).token).toBe('seeded-access-token')
    expect(provider.requests).toEqual([])
    await expect(credential.getToken(scope, { tenantId: fabrikam })).rejects.toMatchObject(invalid)
    const guest = toTokenCredential(app, { account, additionallyAllowedTenants: [fabrikam] })
    expect(tenantOf(await guest.getToken(scope, { tenantId: fabrikam }))).toBe(fabrikam)
  })

  it('is the app’s alone on behalf of a caller', async () => {
    const { provider, app } = daemon()
    const credential = toTokenCredential(app, { userAssertion: await provider.issueAccessToken({ audience: clientId }) })
    expect(tenantOf(await credential.getToken(scope, { tenantId: contoso }))).toBe(contoso)
    await expect(credential.getToken(scope, { tenantId: fabrikam })).rejects.toMatchObject(invalid)
  })
})

describe('an account', () => {
  const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'

  it('without a token rejects with what the app can answer', async () => {
    const { app, account, provider } = await person()
    const credential = toTokenCredential(app, { account })
    provider.failNext({ error: 'interaction_required', body: { claims } })
    await expect(credential.getToken('api://other/.default')).rejects.toMatchObject({ name: 'InteractionRequiredAuthError', claims })
    await app.removeAccount(account)
    const nothing = { code: 'interaction_required', message: expect.stringContaining('acquireTokenInteractive') }
    await expect(credential.getToken(scope)).rejects.toMatchObject(nothing)
  })

  it('signs in with the claims that the provider, or else the service, wants', async () => {
    const { app, account, provider } = await person()
    const asked = () => new URL(shown.at(-1)!).searchParams.get('claims')
    const credential = toTokenCredential(app, { account, interactive: true })
    provider.failNext({ error: 'interaction_required', body: { claims } })
    expect((await credential.getToken('api://other/.default')).token).toMatch(/^eyJ/)
    expect(asked()).toBe(claims)
    provider.failNext({ error: 'interaction_required' })
    await credential.getToken(scope, { claims: '{"access_token":{"nbf":{"essential":true}}}' })
    expect(asked()).toContain('nbf')
  })

  it('is nobody else’s', async () => {
    const { app, account, provider } = await person()
    const other = fakeInteraction(provider, { user: { username: 'bob@contoso.example' } })
    const page = new PublicClientApplication({ clientId, ...provider.clientOptions, interaction: other })
    await expect(toTokenCredential(page, { account, interactive: true }).getToken(scope)).rejects.toMatchObject({
      code: 'account_mismatch',
    })
    await app.close()
  })

  it('of another tenant is not asked with the page of the app’s', async () => {
    const { account, provider, interaction } = await person()
    const page = new PublicClientApplication({ clientId, ...provider.clientOptions, interaction })
    const credential = toTokenCredential(page, { account, interactive: true, additionallyAllowedTenants: [fabrikam] })
    await expect(credential.getToken(scope, { tenantId: fabrikam })).rejects.toMatchObject({ code: 'interaction_required' })
  })

  it('is asked once for all, and who gives up takes nobody along', async () => {
    const { account, provider } = await person()
    let pages = 0
    let open = () => {}
    const interaction = {
      responseModes: ['query' as const],
      begin: () => ({
        redirectUri: 'https://app.example/',
        async authorize({ url }: AuthorizeRequest) {
          pages++
          await new Promise<void>((resolve) => {
            open = resolve
          })
          return (await provider.authorize(url)).url
        },
        close() {},
      }),
    }
    const app = new PublicClientApplication({ clientId, ...provider.clientOptions, interaction })
    const credential = toTokenCredential(app, { account, interactive: true })
    const [first, second] = [new AbortController(), new AbortController()]
    const shown = async (count: number) => expect.poll(() => pages).toBe(count)
    const asked = [first.signal, second.signal, undefined].map((abortSignal) =>
      credential.getToken(scope, abortSignal ? { abortSignal } : {}),
    )
    const outcomes = Promise.allSettled(asked)
    await shown(1)
    second.abort()
    await expect(asked[1]).rejects.toMatchObject({ code: 'aborted' })
    first.abort()
    await expect(asked[0]).rejects.toMatchObject({ code: 'aborted' })
    // The third goes on with a page of its own.
    await shown(2)
    open()
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
    expect(pages).toBe(2)
  })
})

describe('the options of a call', () => {
  it('end it, be the signal a real one or not', async () => {
    const { app, provider } = daemon()
    const credential = toTokenCredential(app)
    const listeners = new Set<(event?: unknown) => void>()
    const like = {
      aborted: false,
      addEventListener: (_: 'abort', listener: (event?: unknown) => void) => void listeners.add(listener),
      removeEventListener: (_: 'abort', listener: (event?: unknown) => void) => void listeners.delete(listener),
    }
    provider.failNext({ delay: 10_000 })
    const asked = credential.getToken(scope, { abortSignal: like })
    setTimeout(() => {
      for (const listener of listeners) listener()
    }, 30)
    await expect(asked).rejects.toMatchObject({ code: 'aborted' })
    expect(listeners.size).toBe(0)
    await expect(credential.getToken(scope, { abortSignal: { ...like, aborted: true } })).rejects.toMatchObject({ code: 'aborted' })
    await expect(credential.getToken(scope, { abortSignal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
  })

  it('bound an exchange, where they name a time', async () => {
    const { app, provider } = daemon()
    const credential = toTokenCredential(app)
    await credential.getToken(scope, { requestOptions: { timeout: 0 } })
    provider.failNext({ delay: 10_000 })
    const late = credential.getToken('api://other/.default', { requestOptions: { timeout: 30 } })
    await expect(late).rejects.toMatchObject({ code: 'timed_out' })
  })

  it('are one resource for a managed identity', async () => {
    const credential = toTokenCredential(new ManagedIdentityClient({ fetch: () => Promise.reject(new TypeError()) }))
    await expect(credential.getToken([scope, 'api://other/.default'])).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(credential.getToken([])).rejects.toMatchObject({ code: 'invalid_argument' })
  })
})
