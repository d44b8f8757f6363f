import { describe, expect, it } from 'vitest'
import { SerializableTokenCache } from '../../../src/core/index.ts'
import { alice, FakeProvider, homeAccountIdOf, refuse } from '../../support/fake-provider.ts'
import { clientId, codeOf, confidentialClient, publicClient, scopes, signedIn } from './support.ts'

const mail = ['Mail.Read']

/** What the provider was asked, without queries. */
const asked = ({ requests }: FakeProvider) => requests.map(({ url }) => `${new URL(url).origin}${new URL(url).pathname}`)

describe('an attempt that is refused', () => {
  it('C4 asks for no metadata after the refusal of an application', async () => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider)
    await app.acquireTokenForClient({ scopes })
    provider.requests.length = 0
    provider.replies.push(refuse('invalid_client', {}, 401))
    expect(await codeOf(app.acquireTokenForClient({ scopes: ['api://other/.default'] }))).toBe('server_error')
    expect(asked(provider)).toEqual([expect.stringMatching(/\/oauth2\/v2\.0\/token$/)])
  })

  it('C4 sends a refresh token once, though it is filed under two names of the cloud', async () => {
    const { provider, app, account, tokenCache } = await signedIn()
    const content = JSON.parse(tokenCache.serialize())
    const [own] = Object.values(content.RefreshToken) as object[]
    content.RefreshToken.alias = { ...own, environment: 'login.windows.net' }
    tokenCache.deserialize(JSON.stringify(content))
    provider.onToken = () => refuse('invalid_grant', { suberror: 'consent_required' })
    expect(await codeOf(app.acquireTokenSilentWithError({ scopes: mail, account }))).toBe('interaction_required')
    expect(asked(provider)).toEqual([expect.stringMatching(/\/oauth2\/v2\.0\/token$/)])
  })

  it('C9 keeps its extra parameters with every refresh token that it tries', async () => {
    const provider = new FakeProvider()
    const tokenCache = new SerializableTokenCache()
    const tokenEndpoint = 'https://login.microsoftonline.com/common/oauth2/v2.0/token'
    const client_info = btoa(JSON.stringify({ uid: alice.uid, utid: alice.utid })).replaceAll('=', '')
    for (const [client, refresh_token, foci] of [
      [clientId, 'OWN', undefined],
      ['sibling', 'FAMILY', '1'],
    ] as const) {
      const response = { access_token: `AT ${client}`, expires_in: 3600, refresh_token, client_info, foci }
      await tokenCache.add({ clientId: client, scopes, tokenEndpoint, response })
    }
    const content = JSON.parse(tokenCache.serialize())
    tokenCache.deserialize(JSON.stringify({ ...content, AppMetadata: {} }))
    provider.onToken = () => refuse('invalid_grant', { suberror: 'consent_required' })
    const app = publicClient(provider, { tokenCache, authority: 'https://login.microsoftonline.com/common' })
    const account = { homeAccountId: homeAccountIdOf(alice) } as never
    const extraBodyParameters = { token_type: 'pop', req_cnf: 'key' }
    expect(await codeOf(app.acquireTokenSilentWithError({ scopes: mail, account, extraBodyParameters }))).toBe('interaction_required')
    expect(provider.tokenRequests().map(({ form }) => form)).toMatchObject([
      { refresh_token: 'FAMILY', ...extraBodyParameters },
      { refresh_token: 'OWN', ...extraBodyParameters },
    ])
  })
})
