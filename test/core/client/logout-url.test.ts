import { describe, expect, it } from 'vitest'
import { alice, FakeProvider, jwt } from '../../support/fake-provider.ts'
import { clientId, codeOf, publicClient, signedIn, unknownAccount } from './support.ts'

const parametersOf = (url: string) => Object.fromEntries(new URL(url).searchParams)

describe('getLogoutUrl', () => {
  it('without an account', async () => {
    const url = await publicClient(new FakeProvider()).getLogoutUrl()
    expect(url).toBe(`https://login.microsoftonline.com/${alice.utid}/oauth2/v2.0/logout?client_id=${clientId}`)
  })

  it('with all', async () => {
    const { app, account, result } = await signedIn()
    const url = await app.getLogoutUrl({
      account,
      postLogoutRedirectUri: 'https://app.example/?a=b&c',
      state: 's',
      extraQueryParameters: { x: 'y' },
    })
    expect(parametersOf(url)).toEqual({
      client_id: clientId,
      id_token_hint: result.idToken,
      logout_hint: alice.username,
      post_logout_redirect_uri: 'https://app.example/?a=b&c',
      state: 's',
      x: 'y',
    })
  })

  it("the hint: the caller's, else the login_hint claim, else the user name", async () => {
    const { app, account, result, tokenCache } = await signedIn()
    const content = tokenCache.serialize()
    tokenCache.deserialize(content.replace(result.idToken!, jwt({ ...result.idTokenClaims, login_hint: 'O.abc' })))
    expect(parametersOf(await app.getLogoutUrl({ account })).logout_hint).toBe('O.abc')
    expect(parametersOf(await app.getLogoutUrl({ account, logoutHint: 'mine' })).logout_hint).toBe('mine')
    expect(parametersOf(await app.getLogoutUrl({ account: { ...unknownAccount, username: 'u' } }))).toEqual({
      client_id: clientId,
      logout_hint: 'u',
    })
  })

  it('extra parameters override nothing', async () => {
    const { app, account, result } = await signedIn()
    const extraQueryParameters = { id_token_hint: 'evil', post_logout_redirect_uri: 'https://evil.example' }
    const parameters = parametersOf(
      await app.getLogoutUrl({ account, postLogoutRedirectUri: 'https://app.example/', extraQueryParameters }),
    )
    expect(parameters).toMatchObject({ id_token_hint: result.idToken, post_logout_redirect_uri: 'https://app.example/' })
    expect(await codeOf(app.getLogoutUrl({ extraQueryParameters: { client_id: 'evil' } }))).toBe('invalid_argument')
  })

  it('endpoint_missing', async () => {
    const provider = new FakeProvider()
    provider.onRequest = ({ url }) => Response.json({ ...provider.discovery(url), end_session_endpoint: undefined })
    expect(await codeOf(publicClient(provider).getLogoutUrl())).toBe('endpoint_missing')
  })

  it("another client's id token is not sent", async () => {
    const { provider, account, tokenCache } = await signedIn()
    const url = await publicClient(provider, { tokenCache, clientId: 'another' }).getLogoutUrl({ account })
    expect(parametersOf(url)).toEqual({ client_id: 'another', logout_hint: alice.username })
  })
})
