import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { alice, FakeProvider, tokens } from '../../support/fake-provider.ts'
import { codeOf, errorOf, publicClient, scopes } from './support.ts'

const redirectUri = 'https://app.example/callback'

function created() {
  const provider = new FakeProvider()
  return { provider, app: publicClient(provider) }
}

describe('S01 the code verifier of a code that was asked for elsewhere', () => {
  it.each<[string, unknown]>([
    ['empty', ''],
    ['of 42 characters', 'v'.repeat(42)],
    ['of 129 characters', 'v'.repeat(129)],
    ['with a reserved character', `${'v'.repeat(42)}+`],
    ['with a letter that is not ASCII', `${'v'.repeat(42)}é`],
    ['with a line end', `${'v'.repeat(43)}\n`],
    ['a list', ['v'.repeat(43)]],
    ['null', null],
  ])('is refused where it is %s, and nothing is sent', async (_, codeVerifier) => {
    const { provider, app } = created()
    const error = await errorOf(app.acquireTokenByAuthorizationCode({ code: 'c', scopes, codeVerifier: codeVerifier as string }))
    expect(error).toMatchObject({ name: 'ClientConfigurationError', code: 'invalid_argument' })
    if (codeVerifier) expect(error.message).not.toContain('vvv')
    expect(provider.requests).toEqual([])
  })

  it.each(['v'.repeat(43), 'Az09-._~'.repeat(16)])('goes as it is: %s', async (codeVerifier) => {
    const { provider, app } = created()
    provider.onToken = () => tokens()
    await app.acquireTokenByAuthorizationCode({ code: 'c', scopes, codeVerifier })
    expect(provider.lastForm.code_verifier).toBe(codeVerifier)
  })
})

describe('S01 the code challenge of a request without a record', () => {
  // RFC 7636 appendix B.
  const codeVerifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
  const codeChallenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

  it('goes as it is, by the method S256; without one nothing is said of it', async () => {
    const { app } = created()
    const { searchParams } = new URL(await app.getAuthorizationRequestUrl({ scopes, codeChallenge }))
    expect(searchParams.getAll('code_challenge')).toEqual([codeChallenge])
    expect(searchParams.getAll('code_challenge_method')).toEqual(['S256'])
    const without = new URL(await app.getAuthorizationRequestUrl({ scopes })).search
    expect(without).not.toContain('code_challenge')
  })

  it.each<[string, unknown]>([
    ['empty', ''],
    ['of 42 characters', 'c'.repeat(42)],
    ['of 44 characters', 'c'.repeat(44)],
    ['padded', `${'c'.repeat(43)}=`],
    ['base64', `${'c'.repeat(42)}+`],
    ['a plain verifier', 'dBjftJeZ4CVP.mB92K27uhbUJU1p1r~wW1gFWFOEjXk'],
    ['a list', [codeChallenge]],
    ['null', null],
  ])('is refused where it is %s', async (_, challenge) => {
    const { provider, app } = created()
    expect(await codeOf(app.getAuthorizationRequestUrl({ scopes, codeChallenge: challenge as string }))).toBe('invalid_argument')
    expect(provider.requests).toEqual([])
  })

  it('binds the code to who knows the verifier', async () => {
    const { provider, app } = created()
    const asked = { scopes, redirectUri }
    const nonce = 'a nonce'
    const own = randomBytes(32).toString('base64url')
    const url = await app.getAuthorizationRequestUrl({
      ...asked,
      nonce,
      codeChallenge: createHash('sha256').update(own).digest('base64url'),
    })
    const code = new URL(provider.signIn(url)).searchParams.get('code')!
    for (const wrong of [{}, { codeVerifier }])
      expect(await errorOf(app.acquireTokenByAuthorizationCode({ ...asked, ...wrong, code, nonce }))).toHaveProperty(
        'error',
        'invalid_grant',
      )
    const { account } = await app.acquireTokenByAuthorizationCode({ ...asked, code, nonce, codeVerifier: own })
    expect(account.username).toBe(alice.username)
  })
})
