import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { FakeProvider } from '../../support/fake-provider.ts'
import { codeOf, publicClient, scopes } from './support.ts'

const keys = new Map<string, Awaited<ReturnType<typeof generateKeyPair>>>()
beforeAll(async () => {
  for (const alg of ['RS256', 'ES256']) keys.set(alg, await generateKeyPair(alg, { extractable: true }))
})

/** A sign-in at a provider that announces some algorithms and signs with another, or the same. */
async function signIn(announced: unknown, alg: string) {
  const provider = new FakeProvider()
  const { discovery } = provider
  provider.discovery = (url) => ({ ...discovery.call(provider, url), id_token_signing_alg_values_supported: announced })
  const jwks = { keys: await Promise.all([...keys].map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid }))) }
  provider.onRequest = ({ url }) => (url.pathname.endsWith('/keys') ? Response.json(jwks) : undefined)
  const app = publicClient(provider, { authority: undefined as never, oidcAuthority: 'https://idp.example', verifyIdTokenSignature: true })
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: 'https://app.example/' })
  provider.replies.push(async (_, standard) => {
    const answer = standard()
    const signer = new SignJWT(decodeJwt(String(answer.id_token))).setProtectedHeader({ alg, kid: alg })
    return Response.json({ ...answer, id_token: await signer.sign(keys.get(alg)!.privateKey) })
  })
  return app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri) })
}

describe('S14 of the algorithms that the library knows', () => {
  it.each([
    [['RS256'], 'RS256'],
    [['none', 'HS256', 'ES256', 'RS256'], 'ES256'],
    [undefined, 'ES256'],
    ['RS256', 'ES256'],
  ])('where the provider announces %j, %s will do', async (announced, alg) => {
    expect(await signIn(announced, alg)).toHaveProperty('idToken')
  })

  it.each([
    [['RS256'], 'ES256'],
    [['ES256'], 'RS256'],
    [['HS256'], 'RS256'],
    [[], 'RS256'],
  ])('where the provider announces %j, %s will not', async (announced, alg) => {
    expect(await codeOf(signIn(announced, alg))).toBe('id_token_invalid')
  })
})
